import type { ServerResponse } from 'node:http';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { waitingCalls } from '../doors/approvals.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { annotated } from './annotations.ts';
import { decisionItem } from './approvals.ts';
import { finishReason, type StoredReply } from './conversation.ts';
import { GRAPH } from './graph.ts';
import { listBody, MAX_LIMIT } from './lists.ts';
import { itemsOf, type ResponseHead, responseBody } from './response-events.ts';

/** What comes before the id of the reply that a response is. */
export const RESPONSE_PREFIX = 'resp_';

/** Returns the reply that is a stored response. @throws {CodedError} NOT_FOUND. */
export async function storedReply(visit: Visit, id: string): Promise<StoredReply> {
  const reply = id.startsWith(RESPONSE_PREFIX)
    ? await visit.run<StoredReply>(GRAPH.OpenAiReply, { id: id.slice(RESPONSE_PREFIX.length) })
    : undefined;
  if (reply?.role !== 'ASSISTANT' || reply.removedAt !== null) {
    throw new CodedError(
      'NOT_FOUND',
      `There is no response ${id.slice(0, 100)}; one with \`store: false\` is not kept.`,
    );
  }
  return reply;
}

/** Answers GET /v1/responses/{id}: a response that is stored. */
export async function readResponse(
  visit: Visit,
  id: string,
  search: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  if (search.get('stream') === 'true') throw badInput('stream', 'is not there for a stored response: read it whole.');
  sendJson(response, 200, asResponse(id, await storedReply(visit, id)));
}

/** Answers POST /v1/responses/{id}/cancel: the model is stopped, what was written is kept. */
export async function cancelResponse(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  const reply = await storedReply(visit, id);
  await visit.need(GRAPH.OpenAiStop, { input: { id: reply.id } });
  sendJson(response, 200, asResponse(id, await storedReply(visit, id)));
}

/** What a reply answers. */
interface Input {
  readonly id: string;
  readonly role: string;
  readonly text: string;
  readonly removedAt: string | null;
  readonly children: {
    readonly nodes: readonly { readonly id: string; readonly removedAt: string | null }[];
    readonly pageInfo: { readonly hasNextPage: boolean };
  };
  readonly toolCalls: readonly {
    readonly id: string;
    readonly runsOn: string;
    readonly approval: { readonly status: string } | null;
    readonly result: { readonly content: string } | null;
  }[];
}

const inputOf = async (visit: Visit, { id }: StoredReply): Promise<Input | null> =>
  (await visit.need<{ parent: Input | null }>(GRAPH.OpenAiReplyInput, { id })).parent;

/**
 * Answers DELETE /v1/responses/{id}: what the reply says goes, and the message that it alone answers. Their places in
 * the conversation stay.
 */
export async function deleteResponse(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  const reply = await storedReply(visit, id);
  const input = await inputOf(visit, reply);
  await visit.need(GRAPH.OpenAiDeleteMessage, { input: { id: reply.id } });
  if (input?.role === 'USER' && isAlone(reply, input)) {
    await visit.need(GRAPH.OpenAiDeleteMessage, { input: { id: input.id } }).catch(unlessForbidden);
  }
  sendJson(response, 200, { id, object: 'response', deleted: true });
}

/** Whether it is the only reply: the places of what was deleted before stay. */
const isAlone = ({ id }: StoredReply, { children: { nodes, pageInfo } }: Input): boolean =>
  !pageInfo.hasNextPage && nodes.every((one) => one.id === id || one.removedAt !== null);

/** The message of another person stays. */
function unlessForbidden(error: { readonly extensions?: { readonly code?: unknown } }): void {
  if (error.extensions?.code !== 'FORBIDDEN') throw error;
}

/** Answers GET /v1/responses/{id}/input_items: what came with the request, not what the conversation has before it. */
export async function listInput(
  visit: Visit,
  id: string,
  search: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const { order, limit, after } = pageOf(search);
  const input = await inputOf(visit, await storedReply(visit, id));
  const items = input && input.removedAt === null ? inputItems(input) : [];
  if (order === 'desc') items.reverse();
  const place = after === null ? -1 : items.findIndex((item) => item.id === after);
  if (after !== null && place < 0) throw badInput('after', 'must be the id of an item of this list.');
  sendJson(response, 200, listBody(items.slice(place + 1), { limit, after: undefined }));
}

function pageOf(search: URLSearchParams): { order: 'asc' | 'desc'; limit: number; after: string | null } {
  for (const name of search.keys()) {
    if (!['limit', 'after', 'order', 'include', 'include[]'].includes(name)) throw badInput(name, 'is not known here.');
  }
  const order = search.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw badInput('order', 'must be asc or desc.');
  const limit = Number(search.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw badInput('limit', `must be a whole number from 1 to ${MAX_LIMIT}.`);
  return { order, limit, after: search.get('after') };
}

const DECIDED = new Set(['APPROVED', 'REJECTED']);

function inputItems({ id, role, text, toolCalls }: Input): { readonly id: string }[] {
  if (role === 'USER') {
    const content = [{ type: 'input_text', text }];
    return [itemOf(`msg_${id}`, { type: 'message', status: 'completed', role: 'user', content })];
  }
  const items: { readonly id: string }[] = [];
  for (const [index, { id: callId, runsOn, approval, result }] of toolCalls.entries()) {
    if (approval && DECIDED.has(approval.status)) items.push(decisionItem(id, index, callId, approval.status));
    else if (runsOn === 'CLIENT' && result) {
      const output = { type: 'function_call_output', status: 'completed', call_id: callId, output: result.content };
      items.push(itemOf(`fco_${id}_${index}`, output));
    }
  }
  return items;
}

const itemOf = (id: string, item: object): { readonly id: string } => ({ id, ...item });

const STATUSES: Readonly<Record<string, string>> = {
  PENDING: 'queued',
  STREAMING: 'in_progress',
  COMPLETE: 'completed',
  STOPPED: 'cancelled',
  INTERRUPTED: 'incomplete',
  FAILED: 'failed',
};

function asResponse(id: string, reply: StoredReply): object {
  const head: ResponseHead = {
    id,
    created: Math.floor(Date.parse(reply.createdAt) / 1000),
    model: reply.generation?.model ?? 'default',
    request: {},
    stored: true,
    metadata: { conversation_id: reply.conversation?.id ?? '', reply_id: reply.id },
  };
  const answer = {
    ...annotated(reply.text, reply.citations),
    reasoning: reply.reasoning ?? '',
    calls: reply.toolCalls.filter(({ runsOn }) => runsOn === 'CLIENT'),
    approvals: waitingCalls(reply),
    finish: finishReason(reply),
    usage: reply.generation?.usage,
  };
  return {
    ...responseBody(head, itemsOf(head, answer), answer),
    status: STATUSES[reply.status] ?? 'completed',
    error: reply.error && { code: reply.error.code.toLowerCase(), message: reply.error.message },
  };
}
