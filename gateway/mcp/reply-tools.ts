import { randomUUID } from 'node:crypto';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { type MayWait, WAITING, waitingOf } from '../doors/approvals.ts';
import type { Schema } from '../doors/schemas.ts';
import { GRAPH } from './graph.ts';
import { outputOf } from './graphql-tools.ts';
import type { Tool, ToolCall } from './tool.ts';

const TEXT: Schema = { type: 'string' };
const USE_MEMORY: Schema = {
  type: 'boolean',
  description: 'Whether it draws on what memory and knowledge hold of the person.',
};

const checkNames = (given: ToolCall['given'], known: readonly string[]): void => {
  for (const name of Object.keys(given)) if (!known.includes(name)) throw badInput(name, 'is not known here.');
};

interface ReplyEvent {
  readonly __typename: string;
  readonly text: string;
  readonly status: string;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Sends a message into a conversation and waits for the reply, whose words come as progress. */
export const SEND_MESSAGE: Tool = {
  name: 'send_message',
  description:
    'Sends a message into a conversation of the person and returns the reply of the model there. Where the reply ' +
    'waits for the person to allow a call of a tool, `waiting` says so.',
  hints: { destructiveHint: false, openWorldHint: true },
  operations: [GRAPH.McpSend, GRAPH.McpFollow, GRAPH.McpReply],
  input: () => ({
    type: 'object',
    properties: {
      conversationId: { ...TEXT, description: 'Id of the conversation; create_conversation opens one.' },
      text: { ...TEXT, minLength: 1, maxLength: 131_072, description: 'The message.' },
      model: { ...TEXT, description: 'Id of the model; left out: the conversation’s.' },
      useMemory: USE_MEMORY,
    },
    required: ['conversationId', 'text'],
    additionalProperties: false,
  }),
  output(schema) {
    const reply = outputOf(schema, GRAPH.McpReply);
    return { ...reply, properties: { ...(reply['properties'] as object), waiting: WAITING } };
  },
  async call({ visit, given, progress }) {
    checkNames(given, ['conversationId', 'text', 'model', 'useMemory']);
    const { reply } = await visit.need<{ reply: { id: string } }>(GRAPH.McpSend, {
      input: { ...given, clientMessageId: randomUUID() },
    });
    let end: ReplyEvent | undefined;
    try {
      await visit.follow<ReplyEvent>(GRAPH.McpFollow, { id: reply.id }, (event) => {
        if (event.__typename === 'ReplyText' && event.text !== '') progress(event.text);
        if (event.__typename === 'ReplyEnd') end = event;
        return undefined;
      });
    } catch (error) {
      // What called the tool has left and does not come back for it.
      if (visit.signal.aborted) await visit.afterwards(GRAPH.McpStop, { input: { id: reply.id } });
      throw error;
    }
    if (end?.error && end.status === 'FAILED') {
      throw new CodedError(end.error.code as 'PROVIDER_UNAVAILABLE', end.error.message);
    }
    const stored = await visit.need<MayWait>(GRAPH.McpReply, { id: reply.id });
    const waiting = waitingOf(stored);
    // The yes is the person's to say: a model that reads this shall ask them, and find what came of it afterwards.
    const then = 'Tell them; read_conversation shows what came of it.';
    return { ...stored, ...(waiting && { waiting: { ...waiting, message: `${waiting.message} ${then}` } }) };
  },
};

interface CompletionEvent {
  readonly __typename: string;
  readonly text: string;
  readonly model: string;
  readonly finishReason: string;
}

/** Asks a model without a conversation, whose words come as progress. */
export const ASK_MODEL: Tool = {
  name: 'ask_model',
  description: 'Asks a language model of this server once, without a conversation: nothing is kept of it.',
  hints: { readOnlyHint: true, openWorldHint: true },
  operations: [GRAPH.McpComplete],
  input: () => ({
    type: 'object',
    properties: {
      prompt: { ...TEXT, minLength: 1, maxLength: 1_000_000, description: 'What the model is asked.' },
      system: { ...TEXT, description: 'How it shall answer.' },
      model: { ...TEXT, description: 'Id of the model; left out: the default.' },
      useMemory: USE_MEMORY,
    },
    required: ['prompt'],
    additionalProperties: false,
  }),
  output: () => ({
    type: 'object',
    properties: { text: TEXT, model: TEXT, finishReason: TEXT },
    required: ['text', 'model', 'finishReason'],
  }),
  async call({ visit, given, progress }) {
    checkNames(given, ['prompt', 'system', 'model', 'useMemory']);
    const { prompt, system, ...settings } = given;
    const messages = [
      ...(system === undefined ? [] : [{ role: 'SYSTEM', text: system }]),
      { role: 'USER', text: prompt },
    ];
    const answer = { text: '', model: '', finishReason: '' };
    await visit.follow<CompletionEvent>(GRAPH.McpComplete, { input: { ...settings, messages } }, (event) => {
      if (event.__typename === 'CompletionStart') answer.model = event.model;
      else if (event.__typename === 'CompletionEnd') answer.finishReason = event.finishReason;
      else if (event.__typename === 'CompletionText') {
        answer.text += event.text;
        progress(event.text);
      }
      return undefined;
    });
    return answer;
  },
};
