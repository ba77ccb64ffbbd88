import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { type Decision, decideOn } from './approvals.ts';
import { completionOf } from './completion.ts';
import { sendInto, submitResults, trailingResults } from './continue-conversation.ts';
import { replyOf, type StoredReply } from './conversation.ts';
import { GRAPH } from './graph.ts';
import { openLate } from './late-stream.ts';
import type { GraphMessage } from './messages.ts';
import { severalCalls, withOneCall } from './one-call.ts';
import { inOwnNames, type OwnNames } from './own-names.ts';
import { type Answering, whole } from './pieces.ts';
import { type Body, checkNames, flagOf, needText, objectOf, objectsOf, textOf, wishesOf } from './read.ts';
import { itemsOf, type ResponseHead, ResponseStream, responseBody } from './response-events.ts';
import { decisionsOf, messagesOf } from './response-input.ts';
import { formatOf, maxTokensOf, parametersOf, toolChoiceOf, toolOf } from './settings.ts';
import { RESPONSE_PREFIX, storedReply } from './stored-responses.ts';

const KNOWN = [
  'model',
  'input',
  'instructions',
  'stream',
  'store',
  'previous_response_id',
  'conversation',
  'temperature',
  'top_p',
  'max_output_tokens',
  'reasoning',
  'text',
  'tools',
  'tool_choice',
  'metadata',
  'parallel_tool_calls',
];
const IGNORED = [
  'user',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'include',
  'stream_options',
];
const NAMES: OwnNames = [
  [/^input\.messages\.(\d+)\.(?:text|images)\b.*$/, 'input'],
  [/^input\.text$/, 'input'],
  [/^input\.systemPrompt$/, 'instructions'],
  [/^input\.responseFormat\./, 'text.format.'],
];

/** What may be asked for beside an answer. Of the tools that most of it is about there are none. */
const INCLUDED = [
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'web_search_call.results',
];

/**
 * Answers POST /v1/responses. A response that is stored is a reply in a conversation, which `previous_response_id` goes
 * on with; one that is not (`store: false`) is asked for without a conversation.
 */
export async function answerResponse(
  visit: Visit,
  body: Body,
  key: string | undefined,
  response: ServerResponse,
  log: Logger,
): Promise<void> {
  checkNames(body, KNOWN, IGNORED);
  checkNames(objectOf(body, 'text') ?? {}, ['format'], [], 'text.');
  checkIncluded(body['include']);
  const streams = flagOf(body, 'stream') ?? false;
  const { answering, stored } = await answeringOf(visit, body, key);
  const replyId = answering.metadata['reply_id'];
  const head: ResponseHead = {
    id: `${RESPONSE_PREFIX}${replyId ?? randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: answering.model,
    request: body,
    stored,
    metadata: answering.metadata,
  };
  if (!streams) {
    const answer = await whole(answering);
    return sendJson(response, 200, responseBody(head, itemsOf(head, answer), answer));
  }
  const late = openLate(response, log, visit.signal, (stream, error) => events.failed(stream, error));
  const events = new ResponseStream(head, (event, data) => late.send(event, data));
  await late.run(() => events.write(answering));
}

function checkIncluded(include: unknown): void {
  if (include == null) return;
  if (!Array.isArray(include)) throw badInput('include', 'must be a list of names.');
  for (const name of include) {
    if (name === 'message.output_text.logprobs')
      throw badInput('include', 'cannot name message.output_text.logprobs: no probabilities are told.');
    if (!INCLUDED.includes(name)) throw badInput('include', `takes ${INCLUDED.join(', ')}.`);
  }
}

async function answeringOf(visit: Visit, body: Body, key: string | undefined) {
  const decisions = decisionsOf(body);
  const messages = messagesOf(body, decisions.length > 0);
  const { useMemory, conversationId } = wishesOf(body);
  const conversation = body['conversation'];
  const named =
    conversationId ??
    (typeof conversation === 'string' ? conversation : textOf(objectOf(body, 'conversation') ?? {}, 'id'));
  const previous = textOf(body, 'previous_response_id');
  const instructions = textOf(body, 'instructions');
  const settings = settingsOf(body);
  const isSimple = messages.length === 1 && messages[0]!.role === 'USER' && !messages[0]!.images;
  const continues = previous !== undefined || named !== undefined;
  const isOneCall = flagOf(body, 'parallel_tool_calls') === false;
  const choosesTool = body['tool_choice'] != null && body['tool_choice'] !== 'auto';
  const store = flagOf(body, 'store') ?? (continues || (isSimple && !isOneCall && !choosesTool));
  if (decisions.length > 0) {
    if (flagOf(body, 'store') === false)
      throw badInput('store', 'cannot be false where calls are decided on: the reply that waits for it is stored.');
    if (previous === undefined)
      throw badInput('previous_response_id', 'is missing: it names the response that waits for a yes.');
    checkBeside(body, messages, settings, useMemory);
  }
  if (!store) {
    if (continues) throw badInput('store', 'cannot be false where a conversation is gone on with.');
    const system = instructions === undefined ? [] : [{ role: 'SYSTEM' as const, text: instructions }];
    const toolChoice = toolChoiceOf(body, (choice) => needText(choice, 'name'));
    const input = {
      ...settings,
      messages: [...system, ...messages],
      ...(toolChoice && { toolChoice }),
      useMemory: useMemory ?? false,
    };
    const answering = completionOf(visit, input, NAMES);
    return { answering: isOneCall ? withOneCall(answering) : answering, stored: false };
  }
  if (isOneCall) throw severalCalls();
  if (!continues && !isSimple) {
    throw badInput('store', 'takes one message of text as `input`; with more, leave it out or say false.');
  }
  if (choosesTool) throw badInput('tool_choice', 'goes with `store: false` only.');
  const reply = { ...settings, ...(useMemory !== undefined && { useMemory }), clientMessageId: key ?? randomUUID() };
  const asked = continues
    ? goOn(visit, previous, named, instructions, messages, decisions, reply)
    : begin(visit, instructions, messages, reply, useMemory ?? false, key);
  return { answering: await inOwnNames(NAMES, asked), stored: true };
}

type Reply = Parameters<typeof sendInto>[3];

/** Begins a conversation. Nothing is learned from it, nor recalled for it, unless the request asks for memory. */
async function begin(
  visit: Visit,
  systemPrompt: string | undefined,
  messages: readonly GraphMessage[],
  reply: Reply,
  memoryEnabled: boolean,
  key: string | undefined,
): Promise<Answering> {
  // Of the same key, so that the request sent again finds the conversation of the first time.
  const input = {
    memoryEnabled,
    ...(systemPrompt && { systemPrompt }),
    ...(key !== undefined && { clientConversationId: key }),
  };
  const { conversation } = await visit.need<{ conversation: { id: string } }>(GRAPH.OpenAiOpenConversation, { input });
  try {
    const replyId = await sendInto(visit, conversation.id, messages.at(-1), reply);
    return replyOf(visit, conversation.id, replyId, reply.model ?? 'default', reply.responseFormat !== undefined);
  } catch (error) {
    if (key === undefined || (await isEmpty(visit, conversation.id)))
      await visit.afterwards(GRAPH.OpenAiDropConversation, { input: { id: conversation.id } });
    throw error;
  }
}

/** Whether a conversation that a request of the same key may have found too has no message. */
async function isEmpty(visit: Visit, id: string): Promise<boolean> {
  const counted = visit.need<{ messageCount: number }>(GRAPH.OpenAiCountMessages, { id });
  return (await counted.catch(() => undefined))?.messageCount === 0;
}

async function goOn(
  visit: Visit,
  previous: string | undefined,
  named: string | undefined,
  instructions: string | undefined,
  messages: readonly GraphMessage[],
  decisions: readonly Decision[],
  reply: Reply,
): Promise<Answering> {
  if (instructions !== undefined) {
    throw badInput('instructions', 'belong to the conversation, which has begun: leave them out.');
  }
  const parent = previous === undefined ? undefined : await storedReply(visit, previous);
  const conversationId = parent?.conversation?.id ?? named!;
  // A reply whose calls are answered goes on as it was asked for.
  const model = parent?.generation?.model ?? 'default';
  if (parent && decisions.length > 0) {
    const results = trailingResults(messages);
    checkResults(parent, results);
    let replyId = await decideOn(visit, parent.id, decisions);
    if (replyId === undefined && results.length > 0) replyId = await submitResults(visit, parent.id, results);
    if (replyId === undefined)
      throw badInput('input', 'leaves other calls of the response undecided: answer them too.');
    return replyOf(visit, conversationId, replyId, model);
  }
  if (messages.at(-1)?.role === 'TOOL') {
    if (!parent) throw badInput('previous_response_id', 'is missing: it names the response whose calls are answered.');
    const results = trailingResults(messages);
    checkUsed(messages, results.length);
    const replyId = await submitResults(visit, parent.id, results);
    return replyOf(visit, conversationId, replyId, model);
  }
  checkUsed(messages, 1);
  const settings = parent ? { ...reply, parentId: parent.id } : reply;
  const replyId = await sendInto(visit, conversationId, messages.at(-1), settings);
  return replyOf(visit, conversationId, replyId, reply.model ?? model, reply.responseFormat !== undefined);
}

/** Refuses messages that would be left out: a stored conversation goes on with one, or with results of calls. */
function checkUsed(messages: readonly GraphMessage[], used: number): void {
  const at = messages.slice(0, -used).findIndex(({ role }) => role === 'USER' || role === 'SYSTEM');
  if (at >= 0)
    throw badInput(
      'input',
      'has more messages than one, and the conversation that it goes on with is stored: put what is new into one user message, and instructions into a new conversation.',
    );
}

/** Refuses what is not done beside decisions: the reply goes on as it was asked for, with nothing more said. */
function checkBeside(
  body: Body,
  messages: readonly GraphMessage[],
  { responseFormat, tools }: ReturnType<typeof settingsOf>,
  useMemory: boolean | undefined,
): void {
  if (messages.some(({ role }) => role !== 'TOOL'))
    throw badInput('input', 'brings messages beside mcp_approval_response: send them when the reply has gone on.');
  const given = {
    tools: tools?.length ? tools : undefined,
    temperature: body['temperature'],
    top_p: body['top_p'],
    max_output_tokens: body['max_output_tokens'],
    'reasoning.effort': objectOf(body, 'reasoning')?.['effort'],
    'text.format': responseFormat,
    'metadata.use_memory': useMemory,
  };
  for (const [name, value] of Object.entries(given)) {
    if (value != null)
      throw badInput(name, 'does not go with mcp_approval_response: the reply goes on as it was asked for.');
  }
}

/** Refuses results that no call of the reply is owed, before anything is decided. */
function checkResults({ toolCalls }: StoredReply, results: readonly GraphMessage[]): void {
  for (const { toolCallId } of results) {
    if (!toolCalls.some(({ id, runsOn }) => id === toolCallId && runsOn === 'CLIENT'))
      throw badInput('input', `has a result of the call ${toolCallId}, which the response does not wait for.`);
  }
}

function settingsOf(body: Body) {
  const model = textOf(body, 'model') || undefined;
  const effort = textOf(objectOf(body, 'reasoning') ?? {}, 'effort', 'reasoning.effort');
  const tools = objectsOf(body, 'tools')?.map((tool, index) => {
    if (tool['type'] !== 'function') throw badInput(`tools.${index}.type`, 'must be function.');
    return toolOf(tool, `tools.${index}`);
  });
  const format = objectOf(objectOf(body, 'text') ?? {}, 'format', 'text.format');
  const responseFormat = formatOf(format, 'text.format', (one) => one);
  return {
    ...(model !== undefined && { model }),
    parameters: parametersOf(body, maxTokensOf(body, 'max_output_tokens'), effort, 'reasoning.effort'),
    ...(tools && { tools }),
    ...(responseFormat && { responseFormat }),
  };
}
