import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { badInput } from '#platform/base/errors/errors.ts';
import type { WaitingCall } from '../doors/approvals.ts';
import type { DoorParts } from '../doors/parts.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { chatAnnotation } from './annotations.ts';
import { approvalNeeded } from './approvals.ts';
import { completionOf } from './completion.ts';
import { continueConversation } from './continue-conversation.ts';
import { type LateStream, openLate } from './late-stream.ts';
import { chatMessages } from './messages.ts';
import { severalCalls, withOneCall } from './one-call.ts';
import { inOwnNames, type OwnNames } from './own-names.ts';
import { type Annotation, type Answering, type AnswerPiece, type Usage, whole } from './pieces.ts';
import { type Body, checkNames, flagOf, needText, numberOf, objectOf, objectsOf, textOf, wishesOf } from './read.ts';
import { formatOf, maxTokensOf, parametersOf, toolChoiceOf, toolOf } from './settings.ts';

const KNOWN = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'reasoning_effort',
  'tools',
  'tool_choice',
  'response_format',
  'n',
  'metadata',
  'parallel_tool_calls',
];
/** What changes nothing of an answer: who asks is known by the key, and records are kept anyway. */
const IGNORED = ['user', 'store', 'service_tier', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention'];

const NAMES: OwnNames = [
  [/^input\.messages\.(\d+)\.(?:text|images)\b.*$/, 'messages.$1.content'],
  [/^input\.text$/, 'messages'],
  [/^input\.tools\.(\d+)\./, 'tools.$1.function.'],
  [/^input\.toolChoice\.name$/, 'tool_choice.function.name'],
  [/^input\.responseFormat\.(?=name|schema)/, 'response_format.json_schema.'],
];

/** Answers POST /v1/chat/completions: without a conversation, or into the one that `metadata.conversation_id` names. */
export async function answerChatCompletion(
  visit: Visit,
  body: Body,
  key: string | undefined,
  response: ServerResponse,
  { log, config }: Pick<DoorParts, 'log' | 'config'>,
): Promise<void> {
  checkNames(body, KNOWN, IGNORED);
  if ((numberOf(body, 'n') ?? 1) !== 1) throw badInput('n', 'must be 1: one answer is given.');
  const isOneCall = flagOf(body, 'parallel_tool_calls') === false;
  const streams = flagOf(body, 'stream') ?? false;
  const options = objectOf(body, 'stream_options') ?? {};
  checkNames(options, ['include_usage'], ['include_obfuscation'], 'stream_options.');
  const includeUsage = flagOf(options, 'include_usage', 'stream_options.include_usage') ?? false;
  const wishes = wishesOf(body);
  const model = textOf(body, 'model') || undefined;
  const maxTokens = maxTokensOf(body, 'max_completion_tokens') ?? maxTokensOf(body, 'max_tokens');
  const tools = objectsOf(body, 'tools')?.map((tool, index) => {
    const path = `tools.${index}.function`;
    const definition = tool['type'] === 'function' ? objectOf(tool, 'function', path) : undefined;
    if (!definition) throw badInput(`tools.${index}`, 'must be of the type function.');
    return toolOf(definition, path);
  });
  const responseFormat = formatOf(
    objectOf(body, 'response_format'),
    'response_format',
    (format) => objectOf(format, 'json_schema', 'response_format.json_schema') ?? {},
  );
  const settings = {
    ...(model !== undefined && { model }),
    parameters: parametersOf(body, maxTokens, textOf(body, 'reasoning_effort'), 'reasoning_effort'),
    ...(tools && { tools }),
    ...(responseFormat && { responseFormat }),
  };
  const given = objectsOf(body, 'messages') ?? [];
  let answering: Answering;
  if (wishes.conversationId === undefined) {
    const toolChoice = toolChoiceOf(body, (choice) => needText(objectOf(choice, 'function') ?? {}, 'name'));
    const input = {
      ...settings,
      messages: chatMessages(given),
      ...(toolChoice && { toolChoice }),
      useMemory: wishes.useMemory ?? false,
    };
    answering = completionOf(visit, input, NAMES);
    if (isOneCall) answering = withOneCall(answering);
  } else {
    if (isOneCall) throw severalCalls();
    if (body['tool_choice'] != null && body['tool_choice'] !== 'auto') {
      throw badInput('tool_choice', 'goes without a conversation only.');
    }
    const reply = {
      ...settings,
      ...(wishes.useMemory !== undefined && { useMemory: wishes.useMemory }),
      clientMessageId: key ?? randomUUID(),
    };
    const messages = chatMessages(given);
    answering = await inOwnNames(NAMES, continueConversation(visit, wishes.conversationId, messages, reply));
  }
  const head: Head = {
    id: `chatcmpl-${answering.metadata['reply_id'] ?? randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: answering.model,
  };
  const annotationOf = (annotation: Annotation) => chatAnnotation(annotation, config.publicUrl);
  if (!streams) return answerWhole(answering, head, annotationOf, response);
  const stream = openLate(response, log, visit.signal);
  await stream.run(() => answerStreamed(answering, head, annotationOf, includeUsage, stream));
}

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

type AnnotationOf = (annotation: Annotation) => ReturnType<typeof chatAnnotation>;

async function answerWhole(
  answering: Answering,
  head: Head,
  annotationOf: AnnotationOf,
  response: ServerResponse,
): Promise<void> {
  const { text, annotations, reasoning, calls, approvals, finish, usage } = await whole(answering);
  if (approvals.length > 0) throw approvalNeeded(answering, approvals);
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    annotations: annotations.map(annotationOf),
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        id,
        type: 'function',
        function: { name, arguments: args },
      })),
    }),
  };
  sendJson(response, 200, {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: finish, logprobs: null }],
    usage: usageOf(usage),
    ...metadataOf(answering),
  });
}

async function answerStreamed(
  answering: Answering,
  head: Head,
  annotationOf: AnnotationOf,
  includeUsage: boolean,
  stream: LateStream,
): Promise<void> {
  const chunk = (choices: readonly object[], more: object = {}): void =>
    stream.send(
      undefined,
      JSON.stringify({
        ...head,
        object: 'chat.completion.chunk',
        choices,
        ...(includeUsage && { usage: null }),
        ...more,
      }),
    );
  const delta = (value: object, finish: string | null = null): void =>
    chunk([{ index: 0, delta: value, finish_reason: finish, logprobs: null }]);
  let begun = false;
  let usage: Usage | undefined;
  const approvals: WaitingCall[] = [];
  // Told at once: clients that gather a message take the last list of it.
  const annotations: Annotation[] = [];
  await answering.follow((piece) => {
    if (!begun) delta({ role: 'assistant', content: '' });
    begun = true;
    if (piece.kind === 'approval') approvals.push(piece.approval);
    else if (piece.kind === 'annotation') annotations.push(piece.annotation);
    else if (piece.kind === 'end') {
      if (approvals.length > 0) throw approvalNeeded(answering, approvals);
      if (annotations.length > 0) delta({ annotations: annotations.map(annotationOf) });
      delta({}, piece.finish);
      usage = piece.usage;
    } else delta(deltaOf(piece));
  });
  if (includeUsage) chunk([], { usage: usageOf(usage), ...metadataOf(answering) });
  stream.send(undefined, '[DONE]');
}

function deltaOf(piece: Exclude<AnswerPiece, { kind: 'end' | 'approval' | 'annotation' }>): object {
  if (piece.kind === 'text') return { content: piece.text };
  if (piece.kind === 'reasoning') return { reasoning_content: piece.text };
  const { index, id, name, arguments: args } = piece;
  return {
    tool_calls: [
      {
        index,
        ...(id !== undefined && { id, type: 'function' }),
        function: { ...(name !== undefined && { name }), arguments: args },
      },
    ],
  };
}

const metadataOf = ({ metadata }: Answering) => (Object.keys(metadata).length > 0 ? { metadata } : {});

const usageOf = (usage: Usage | undefined) =>
  usage && {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
