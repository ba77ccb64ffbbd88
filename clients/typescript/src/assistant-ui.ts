import {
  type AppendMessage,
  type AssistantRuntime,
  type AttachmentAdapter,
  type CompleteAttachment,
  type PendingAttachment,
  type ThreadMessageLike,
  useExternalStoreRuntime,
} from '@assistant-ui/react';
import { useMemo } from 'react';
import type { Sextant } from './client.ts';
import type { SendOptions } from './conversation.ts';
import { newId } from './new-id.ts';
import { type ConversationState, useConversation, useSextant } from './react/index.ts';
import type { ReplyToolCall } from './reply.ts';

/** The options of the runtime. */
export interface RuntimeOptions {
  /** What each message is sent with, such as `model`, `serverTools` or `useMemory`. */
  readonly send?: SendOptions;
}

type Shown = ConversationState['messages'][number];

/**
 * Returns the runtime of assistant-ui for a conversation, which the server keeps: give it to
 * `<AssistantRuntimeProvider runtime={…}>`, below a `<SextantProvider>`. Messages are sent, edited and regenerated,
 * replies stopped and followed through reloads, files attached, calls of tools allowed, and replies rated.
 */
export function useSextantRuntime(conversationId: string, { send = {} }: RuntimeOptions = {}): AssistantRuntime {
  const sextant = useSextant();
  const conversation = useConversation(conversationId);
  const { messages, isLoading, isReplying } = conversation;
  const attachments = useMemo(() => new Attachments(sextant, conversationId), [sextant, conversationId]);
  return useExternalStoreRuntime<Shown>({
    messages,
    isLoading,
    isRunning: isReplying,
    convertMessage: shown,
    onNew: (message) => conversation.send(textOf(message), { ...send, ...attachments.of(message) }),
    onEdit: (message) => conversation.edit(message.sourceId!, textOf(message), editOf(send)),
    onReload: async (parentId, { sourceId }) => {
      const at = messages.findIndex(({ id }) => id === parentId);
      const reply = sourceId ?? messages[at + 1]?.id;
      if (reply !== undefined) await conversation.regenerate(reply);
    },
    onCancel: conversation.stop,
    onRespondToToolApproval: async ({ approvalId, approved }) => {
      const asking = messages.find(({ toolCalls }) => toolCalls.some(({ id }) => id === approvalId));
      if (asking) await sextant.conversation(conversationId).decide(asking.id, approvalId, approved);
    },
    adapters: {
      attachments,
      feedback: {
        submit: ({ message, type }) =>
          void sextant
            .conversation(conversationId)
            .rate(message.id, type === 'positive' ? 'UP' : 'DOWN')
            .catch(() => undefined),
      },
    },
  });
}

/** Returns the options that another version of a message has, too. */
const editOf = ({ model, parameters, responseFormat, serverTools, toolServers, tools, useMemory }: SendOptions) => ({
  model,
  parameters,
  responseFormat,
  serverTools,
  toolServers,
  tools,
  useMemory,
});

/** Returns what a person has written; files alone say their names. */
function textOf({ content, attachments = [] }: AppendMessage): string {
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  return text.trim() === '' ? attachments.map(({ name }) => name).join(', ') : text;
}

/** Returns a message as assistant-ui takes it. */
function shown(message: Shown): ThreadMessageLike {
  const { id, role, text, live } = message;
  const common = { id, createdAt: new Date(message.createdAt) };
  if (role === 'USER')
    return { ...common, role: 'user', content: text, attachments: (message.attachments ?? []).map(attachmentOf) };
  const reasoning = live?.reasoning ?? '';
  return {
    ...common,
    role: 'assistant',
    status: statusOf(message),
    content: [
      ...(reasoning === '' ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
      ...(live?.toolCalls ?? message.toolCalls).map(callOf),
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      ...(live?.citations ?? []).flatMap(({ kind, sourceId, url, title }) =>
        kind === 'WEB' && url != null
          ? [{ type: 'source' as const, sourceType: 'url' as const, id: sourceId, url, title: title ?? url }]
          : [],
      ),
    ],
  };
}

type Attached = NonNullable<Shown['attachments']>[number];

/** Returns an image that went with a message; without an address while it is not there, or not any more. */
const attachmentOf = ({ id, fileName, contentType, url }: Attached): CompleteAttachment => ({
  id,
  type: 'image',
  name: fileName,
  contentType: contentType ?? undefined,
  status: { type: 'complete' },
  content: url == null ? [] : [{ type: 'image', image: url, filename: fileName }],
});

function statusOf({ status, error, awaitsViewerApproval }: Shown): NonNullable<ThreadMessageLike['status']> {
  if (status === 'PENDING' || status === 'STREAMING') return { type: 'running' };
  if (status === 'STOPPED') return { type: 'incomplete', reason: 'cancelled' };
  if (status !== 'COMPLETE') return { type: 'incomplete', reason: 'error', error: error?.message ?? status };
  return awaitsViewerApproval
    ? { type: 'requires-action', reason: 'tool-calls' }
    : { type: 'complete', reason: 'stop' };
}

type Part = Extract<Exclude<ThreadMessageLike['content'], string>[number], { type: 'tool-call' }>;

function callOf({ id, name, arguments: argsText, approval, result }: ReplyToolCall): Part {
  const decided = approval?.status === 'WAITING' ? {} : { approved: approval?.status === 'APPROVED' };
  return {
    type: 'tool-call',
    toolCallId: id,
    toolName: name,
    argsText,
    ...(approval && { approval: { id, ...decided } }),
    ...(result && { result: result.content, isError: result.status !== 'OK' }),
  };
}

/** Uploads what is attached: images go with the message, documents into what the conversation draws on. */
class Attachments implements AttachmentAdapter {
  readonly accept = '*';
  readonly #sextant: Sextant;
  readonly #conversationId: string;
  /** Ids of images, by those of their attachments. */
  readonly #images = new Map<string, string>();

  constructor(sextant: Sextant, conversationId: string) {
    this.#sextant = sextant;
    this.#conversationId = conversationId;
  }

  async *add({ file }: { file: File }): AsyncGenerator<PendingAttachment, void> {
    const isImage = file.type.startsWith('image/');
    const type = isImage ? ('image' as const) : ('document' as const);
    const attachment = { id: newId(), type, name: file.name, contentType: file.type, file };
    yield { ...attachment, status: { type: 'running', reason: 'uploading', progress: 0 } };
    const { uploads } = this.#sextant;
    try {
      if (isImage) this.#images.set(attachment.id, (await uploads.image(file)).id);
      else await uploads.document(file, { conversationId: this.#conversationId });
      yield { ...attachment, status: { type: 'requires-action', reason: 'composer-send' } };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      yield { ...attachment, status: { type: 'incomplete', reason: 'error', message } };
    }
  }

  async remove({ id }: { readonly id: string }): Promise<void> {
    this.#images.delete(id);
  }

  async send(attachment: PendingAttachment): Promise<CompleteAttachment> {
    const { status } = attachment;
    // The person has it back, instead of a message without it.
    if (status.type === 'incomplete') throw new Error(status.message ?? 'The file was not uploaded.');
    return { ...attachment, status: { type: 'complete' }, content: [] };
  }

  /** Returns the images of a message as it is sent. */
  of({ attachments = [] }: AppendMessage): { readonly attachments?: string[] } {
    const images = attachments.flatMap(({ id }) => this.#images.get(id) ?? []);
    return images.length > 0 ? { attachments: images } : {};
  }
}
