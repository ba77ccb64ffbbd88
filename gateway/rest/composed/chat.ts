import { randomUUID } from 'node:crypto';
import { badInput } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import { type MayWait, WAITING, waitingOf } from '../../doors/approvals.ts';
import { openEventStream } from '../../doors/event-stream.ts';
import { readOperations, rootFieldOf, rootNode } from '../../doors/operations.ts';
import { json, limit, Named, outputSchema, type Schema } from '../../doors/schemas.ts';
import type { Visit } from '../../doors/visit.ts';
import { sendJson } from '../../server/pages.ts';
import type { Composed } from '../composed-endpoint.ts';
import { type Exchange, refuse } from '../exchange.ts';

const CITATION = new URL('../operations/citation.fragment.graphql', import.meta.url);
const OPERATIONS = {
  ...readOperations<'RestOpenConversation' | 'RestSend' | 'RestFollow' | 'RestCountMessages' | 'RestDropConversation'>(
    new URL('./chat.graphql', import.meta.url),
    CITATION,
  ),
  // The reply is what GET /api/chat/messages/{id} answers with.
  ...readOperations<'RestMessage'>(new URL('../operations/chat-message.graphql', import.meta.url), CITATION),
};

/** Values of the body that settings of a new conversation are made of. */
const OF_CONVERSATION = ['systemPrompt', 'model', 'parameters'] as const;
/** Values of the body that go into the message as they are. */
const OF_MESSAGE = ['text', 'parentId', 'model', 'parameters', 'useMemory', 'attachments', 'clientMessageId'] as const;
const KNOWN = new Set<string>([...OF_CONVERSATION, ...OF_MESSAGE, 'conversationId', 'stream']);

const LIMITS: Readonly<Record<string, Schema>> = {
  text: { minLength: 1, maxLength: 131_072 },
  systemPrompt: { maxLength: 32_768 },
  attachments: { maxItems: 10 },
  'parameters.temperature': { minimum: 0, maximum: 2 },
  'parameters.topP': { minimum: 0, maximum: 1 },
  'parameters.maxTokens': { minimum: 1, maximum: 1_000_000 },
};

interface Sent {
  readonly message: { readonly id: string };
  readonly reply: { readonly id: string };
}

interface Ids {
  readonly conversationId: string;
  readonly messageId: string;
  readonly replyId: string;
}

interface StoredReply extends MayWait {
  readonly error?: { readonly code: string; readonly message: string } | null;
}

/** How this door takes the person's decision on a call. */
const hereOf = ({ id }: { readonly id: string }): string =>
  `with POST /api/chat/messages/${id}/approve or …/reject ({"callId": …})`;

/** The events of a reply, as the operation asks for them. */
interface ReplyEvent {
  readonly __typename: string;
  readonly [field: string]: unknown;
}

/** Names of the events that a client gets, by the graph's. */
const EVENTS: Readonly<Record<string, string>> = {
  ReplyText: 'text',
  ReplyReasoning: 'reasoning',
  ReplyToolCall: 'tool-call',
  ReplyToolResult: 'tool-result',
  ReplyCitations: 'citations',
  ReplyQuote: 'quote',
};

/** POST /api/chat: a message, and the whole reply in the answer or, streamed, as it is written. */
export const CHAT: Composed = {
  method: 'POST',
  path: '/api/chat',
  name: 'RestChat',
  summary:
    'Sends a message, in a new conversation where none is named, and answers with the reply: whole, or with `stream` as server-sent events. The reply is written to its end when the connection is lost: read it at /api/chat/messages/{id}.',
  operations: Object.values(OPERATIONS),
  limits: LIMITS,
  example: { body: { text: 'What is a sextant?' } },

  async answer(exchange) {
    const { request, response, visit, body = {} } = exchange;
    for (const name of Object.keys(body)) if (!KNOWN.has(name)) throw badInput(name, 'is not known here.');
    const { stream } = body;
    if (stream !== undefined && typeof stream !== 'boolean') throw badInput('stream', 'must be true or false.');
    const ids = await send(visit, body);
    const streams = stream ?? request.headers.accept?.includes('text/event-stream') ?? false;
    if (streams) return answerStreamed(exchange, ids);
    await visit.follow(OPERATIONS.RestFollow, { messageId: ids.replyId }, () => undefined);
    const reply = await visit.need<StoredReply>(OPERATIONS.RestMessage, { id: ids.replyId });
    if (reply.status === 'FAILED' && reply.error) {
      const { code, message } = reply.error;
      return refuse(response, { message, extensions: { code } }, ids);
    }
    const waiting = waitingOf(reply, hereOf(reply));
    sendJson(response, 200, { ...ids, reply, ...(waiting && { waiting }) });
  },

  describe(schema, _named, refusals) {
    const field = rootFieldOf(schema, OPERATIONS.RestMessage);
    const body = bodySchema();
    limit(body, LIMITS, new Named(''));
    return {
      requestBody: { required: true, content: json(body, CHAT.example.body) },
      responses: {
        200: {
          description:
            'The reply; with `stream`, events named text, reasoning, tool-call, tool-result, citations, quote, waiting and end.',
          content: {
            ...json({
              type: 'object',
              properties: {
                conversationId: { type: 'string' },
                messageId: { type: 'string' },
                replyId: { type: 'string' },
                reply: field
                  ? {
                      ...outputSchema(field.type, rootNode(OPERATIONS.RestMessage.operation).selectionSet, schema),
                      type: 'object',
                    }
                  : {},
                waiting: WAITING,
              },
              required: ['conversationId', 'messageId', 'replyId', 'reply'],
            }),
            'text/event-stream': { schema: { type: 'string' } },
          },
        },
        ...refusals,
      },
    };
  },
};

function bodySchema(): Schema {
  const text = { type: 'string' };
  return {
    type: 'object',
    properties: {
      text: { ...text, description: 'The message.' },
      conversationId: { ...text, description: 'The conversation; left out: a new one.' },
      parentId: { ...text, description: 'The message to follow; left out: the last one.' },
      systemPrompt: { ...text, description: 'Of the new conversation.' },
      model: { ...text, description: 'Id of the model; left out: the default.' },
      parameters: {
        type: 'object',
        description: 'How the model is asked: the parameters of the graph.',
        properties: { temperature: { type: 'number' }, topP: { type: 'number' }, maxTokens: { type: 'integer' } },
      },
      useMemory: { type: 'boolean', description: 'Whether the reply draws on memory and knowledge.' },
      attachments: { type: 'array', items: text, description: 'Ids of uploaded images.' },
      clientMessageId: {
        ...text,
        format: 'uuid',
        description: 'Makes sending it again harmless, in a new conversation too.',
      },
      stream: { type: 'boolean', description: 'True: server-sent events.' },
    },
    required: ['text'],
    additionalProperties: false,
  };
}

const pick = (body: Readonly<Record<string, unknown>>, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])));

async function send(visit: Visit, body: Readonly<Record<string, unknown>>): Promise<Ids> {
  const given = body['conversationId'];
  if (given != null && body['systemPrompt'] != null) {
    throw badInput('systemPrompt', 'goes with a new conversation only; updateConversation changes that of another.');
  }
  const { clientMessageId } = body;
  // Of the same key, so that the message sent again finds the conversation of the first time.
  const key = typeof clientMessageId === 'string' && isUuid(clientMessageId) ? clientMessageId : undefined;
  const conversationId =
    given ?? (await open(visit, { ...pick(body, OF_CONVERSATION), ...(key && { clientConversationId: key }) }));
  const input = { clientMessageId: randomUUID(), ...pick(body, OF_MESSAGE), conversationId };
  try {
    const { message, reply } = await visit.need<Sent>(OPERATIONS.RestSend, { input });
    return { conversationId: String(conversationId), messageId: message.id, replyId: reply.id };
  } catch (error) {
    if (given == null) await drop(visit, String(conversationId), key !== undefined);
    throw error;
  }
}

/**
 * A conversation without a message is not what the client asked for. One that may be found again may have a message by
 * now, of this key.
 */
async function drop(visit: Visit, id: string, isFoundAgain: boolean): Promise<void> {
  if (isFoundAgain) {
    const counted = visit.need<{ messageCount: number }>(OPERATIONS.RestCountMessages, { id });
    if ((await counted.catch(() => undefined))?.messageCount !== 0) return;
  }
  await visit.afterwards(OPERATIONS.RestDropConversation, { input: { id } });
}

async function open(visit: Visit, input: object): Promise<string> {
  const { conversation } = await visit.need<{ conversation: { id: string } }>(OPERATIONS.RestOpenConversation, {
    input,
  });
  return conversation.id;
}

async function answerStreamed({ response, visit, log }: Exchange, ids: Ids): Promise<void> {
  const events = openEventStream(response, log);
  events.send('start', JSON.stringify(ids));
  let calls = 0;
  let end: object = {};
  try {
    await visit.follow<ReplyEvent>(OPERATIONS.RestFollow, { messageId: ids.replyId }, ({ __typename, ...event }) => {
      if (__typename === 'ReplyToolCall') calls++;
      if (__typename === 'ReplyEnd') end = event;
      else if (__typename !== 'ReplyText' || event['text'] !== '')
        events.send(EVENTS[__typename] ?? __typename, JSON.stringify(event));
      return undefined;
    });
    if (calls > 0) {
      const reply = await visit.need<StoredReply>(OPERATIONS.RestMessage, { id: ids.replyId });
      const waiting = waitingOf(reply, hereOf(reply));
      if (waiting) events.send('waiting', JSON.stringify(waiting));
    }
    events.send('end', JSON.stringify(end));
  } catch (error) {
    const { message, extensions } = error as { message: string; extensions?: { code?: string } };
    if (extensions?.code === undefined) throw error;
    events.send('error', JSON.stringify({ error: { ...extensions, message } }));
  }
  events.end();
}
