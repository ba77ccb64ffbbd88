import { type ChatTransport, type FileUIPart, isToolUIPart, type UIMessage, type UIMessageChunk } from 'ai';
import type { Sextant } from './client.ts';
import type { ChatMessage, Conversation, SendOptions } from './conversation.ts';
import { SextantError } from './errors.ts';
import type { ToolResultInput } from './generated/graphql.ts';
import { newId } from './new-id.ts';
import type { Reply, ReplyState } from './reply.ts';

/** The options of the transport. */
export interface TransportOptions {
  /** What each message is sent with, such as `model`, `serverTools` or `useMemory`. */
  readonly send?: SendOptions;
}

/**
 * Creates the transport of `useChat`. The chat's `id` is the id of a conversation, which the server keeps: of the
 * messages only the newest is sent, with its files, which are uploaded. One that is edited becomes another version of
 * the message that is there. What `addToolOutput` gives answers the calls of a reply. `reconnectToStream` replays the
 * reply that is being written, so `useChat({ id, resume: true })` goes on after a reload.
 */
export function sextantTransport(sextant: Sextant, { send = {} }: TransportOptions = {}): ChatTransport<UIMessage> {
  /** What a message of the chat was sent as last, by its id there. */
  const sentAs = new Map<string, string>();
  return {
    resumeStreamIsReplay: true,
    async sendMessages({ chatId, trigger, messageId, messages, abortSignal }) {
      const conversation = sextant.conversation(chatId);
      if (trigger === 'regenerate-message') {
        const replied = messageId ?? (await lastReply(sextant, chatId));
        return chunksOf(conversation.regenerate(await ownId(sextant, chatId, replied)), abortSignal);
      }
      const newest = messages.at(-1)!;
      if (newest.role === 'assistant') {
        const answered = await ownId(sextant, chatId, newest.id);
        return chunksOf(conversation.submitToolResults(answered, toolResultsOf(newest)), abortSignal);
      }
      const text = newest.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
      if (messageId !== undefined) {
        const edited = await messageOf(conversation, sentAs.get(messageId) ?? messageId);
        const kept = new Set(edited.attachments?.map(({ url }) => url));
        if (filesOf(newest).some(({ url }) => !kept.has(url)))
          throw new SextantError(
            'BAD_USER_INPUT',
            'An edited message keeps its files; send others with a new message.',
          );
        const clientMessageId = newId();
        const { attachments: _, signal: __, ...options } = send;
        const reply = conversation.edit(edited.id, text, { ...options, clientMessageId });
        await reply.messageId;
        sentAs.set(messageId, clientMessageId);
        return chunksOf(reply, abortSignal);
      }
      // An id that is a UUID makes sending again harmless.
      const clientMessageId = UUID.test(newest.id) ? newest.id : newId();
      sentAs.set(newest.id, clientMessageId);
      const images = await uploaded(sextant, chatId, filesOf(newest), abortSignal);
      const attachments = [...(send.attachments ?? []), ...images];
      const files = filesOf(newest).map(({ filename, mediaType }) => filename ?? mediaType);
      const options = { ...send, clientMessageId, ...(attachments.length > 0 && { attachments }) };
      // Files alone say their names.
      return chunksOf(conversation.send(text.trim() === '' ? files.join(', ') : text, options), abortSignal);
    },
    async reconnectToStream({ chatId }) {
      const conversation = sextant.conversation(chatId);
      const left = leftOut(sextant).get(chatId);
      leftOut(sextant).delete(chatId);
      if (left !== undefined) return chunksOf(conversation.follow(left), undefined);
      const { messages } = await conversation.messages({ last: 1 });
      const last = messages.at(-1);
      if (last?.role !== 'ASSISTANT' || !isOpen(last)) return null;
      return chunksOf(conversation.follow(last.id), undefined);
    },
  };
}

const filesOf = ({ parts }: UIMessage): FileUIPart[] => parts.filter((part) => part.type === 'file');

/** Uploads images for a message, and documents for its conversation. @returns the ids of the images. */
async function uploaded(
  sextant: Sextant,
  conversationId: string,
  files: readonly FileUIPart[],
  abort: AbortSignal | undefined,
): Promise<string[]> {
  const signal = abort && { signal: abort };
  const images: string[] = [];
  for (const { url, mediaType, filename = 'file' } of files) {
    const blob = await (await fetch(url, signal)).blob();
    const file = new File([blob], filename, { type: mediaType });
    if (mediaType.startsWith('image/')) images.push((await sextant.uploads.image(file, signal)).id);
    else await sextant.uploads.document(file, { ...signal, conversationId });
  }
  return images;
}

/** Finds a message by its id, or by what it was sent as. */
async function messageOf(conversation: Conversation, id: string): Promise<ChatMessage> {
  const { messages } = await conversation.messages({ last: 200 });
  const found = messages.find((message) => message.id === id || message.clientMessageId === id);
  if (!found) throw new SextantError('NOT_FOUND', 'The message to edit is not among the last 200 of the conversation.');
  return found;
}

/** Returns what `addToolOutput` was given for the last step of a reply, whose calls wait for it. */
function toolResultsOf({ parts }: UIMessage): ToolResultInput[] {
  const step = parts.slice(parts.findLastIndex(({ type }) => type === 'step-start') + 1);
  return step.filter(isToolUIPart).flatMap((part): ToolResultInput[] => {
    if (part.providerExecuted) return [];
    const { toolCallId: callId } = part;
    if (part.state === 'output-error') return [{ callId, content: part.errorText, failed: true }];
    if (part.state !== 'output-available') return [];
    const { output } = part;
    return [{ callId, content: typeof output === 'string' ? output : JSON.stringify(output ?? null), failed: false }];
  });
}

/** By conversation, the reply that was left out of what was read, because it was being written. */
const leftOutOf = new WeakMap<Sextant, Map<string, string>>();

function leftOut(sextant: Sextant): Map<string, string> {
  const known = leftOutOf.get(sextant) ?? new Map<string, string>();
  leftOutOf.set(sextant, known);
  return known;
}

const isOpen = ({ status }: { readonly status: string }): boolean => status === 'PENDING' || status === 'STREAMING';

/**
 * Reads a conversation as the messages that `useChat` begins with. A reply that is being written is not among them:
 * `resume: true` shows it, though it may have ended by then.
 */
export async function readUIMessages(sextant: Sextant, conversationId: string): Promise<UIMessage[]> {
  const { messages } = await sextant.conversation(conversationId).messages({ last: 200 });
  const open = messages.findLast(isOpen);
  if (open) leftOut(sextant).set(conversationId, open.id);
  else leftOut(sextant).delete(conversationId);
  return messages
    .filter((message) => !isOpen(message))
    .map(({ id, role, text, attachments }) => ({
      id,
      role: role === 'USER' ? 'user' : 'assistant',
      parts: [
        ...(attachments ?? []).flatMap(({ fileName, contentType, url }) =>
          url == null || contentType == null
            ? []
            : [{ type: 'file' as const, mediaType: contentType, filename: fileName, url }],
        ),
        { type: 'text' as const, text },
      ],
    }));
}

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

async function lastReply(sextant: Sextant, conversationId: string): Promise<string | undefined> {
  const { messages } = await sextant.conversation(conversationId).messages({ last: 10 });
  return messages.findLast(({ role }) => role === 'ASSISTANT')?.id;
}

/** The SDK knows a reply by the id that its stream began with, which is ours. */
async function ownId(sextant: Sextant, conversationId: string, id: string | undefined): Promise<string> {
  return id !== undefined && UUID.test(id) ? id : (await lastReply(sextant, conversationId))!;
}

/** A reply as the chunks of the SDK's protocol. */
function chunksOf(reply: Reply, abort: AbortSignal | undefined): ReadableStream<UIMessageChunk> {
  const stop = () => void reply.stop().catch(() => undefined);
  abort?.addEventListener('abort', stop, { once: true });
  const chunks = writeChunks(reply);
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        controller.enqueue({ type: 'error', errorText: error instanceof Error ? error.message : String(error) });
      }
      // A signal may last for longer than a reply, and what is over cannot be stopped.
      abort?.removeEventListener('abort', stop);
      controller.close();
    },
    async cancel() {
      abort?.removeEventListener('abort', stop);
      await chunks.return(undefined);
    },
  });
}

async function* writeChunks(reply: Reply): AsyncGenerator<UIMessageChunk> {
  const messageId = await reply.messageId;
  yield { type: 'start', messageId };
  yield { type: 'start-step' };
  let before: ReplyState | undefined;
  let opened: 'text' | 'reasoning' | undefined;
  const into = function* (kind: 'text' | 'reasoning', delta: string): Generator<UIMessageChunk> {
    if (opened !== kind) {
      if (opened) yield { type: `${opened}-end`, id: opened };
      yield { type: `${kind}-start`, id: kind };
      opened = kind;
    }
    yield { type: `${kind}-delta`, id: kind, delta };
  };
  for await (const state of reply) {
    if (state.reasoning.length > (before?.reasoning.length ?? 0))
      yield* into('reasoning', state.reasoning.slice(before?.reasoning.length ?? 0));
    if (state.delta !== '') yield* into('text', state.delta);
    if (state.citations !== before?.citations) yield* sourcesOf(state, before);
    if (state.toolCalls !== before?.toolCalls) yield* toolsOf(state, before);
    if (state.error && state.status === 'FAILED') yield { type: 'error', errorText: state.error.message };
    before = state;
  }
  if (opened) yield { type: `${opened}-end`, id: opened };
  yield { type: 'finish-step' };
  yield { type: 'finish' };
}

function* sourcesOf({ citations }: ReplyState, before: ReplyState | undefined): Generator<UIMessageChunk> {
  for (const { kind, sourceId, title, text, url } of citations.slice(before?.citations.length ?? 0)) {
    if (kind === 'WEB' && url != null) yield { type: 'source-url', sourceId, url, title: title ?? url };
    if (kind !== 'KNOWLEDGE') continue;
    yield { type: 'source-document', sourceId, mediaType: 'text/plain', title: title ?? text.slice(0, 80) };
  }
}

function* toolsOf(state: ReplyState, before: ReplyState | undefined): Generator<UIMessageChunk> {
  for (const call of state.toolCalls) {
    const known = before?.toolCalls.find(({ id }) => id === call.id);
    if (known === call) continue;
    const common = { toolCallId: call.id, dynamic: true, providerExecuted: call.runsOn === 'SERVER' };
    if (!known) {
      yield { type: 'tool-input-available', toolName: call.name, input: parse(call.arguments), ...common };
    }
    if (call.result && !known?.result) {
      const { status, content } = call.result;
      if (status === 'OK') yield { type: 'tool-output-available', output: parse(content), ...common };
      else yield { type: 'tool-output-error', errorText: content, ...common };
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
