import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { howToAllow, type WaitingCall } from '../doors/approvals.ts';
import type { Visit } from '../doors/visit.ts';
import { GRAPH } from './graph.ts';
import type { Answering } from './pieces.ts';
import { type Body, needText } from './read.ts';

/** What comes before the id of a call where this API asks for a yes. */
const PREFIX = 'mcpr_';

/** Returns an item of a response that asks for a person's yes. */
export const approvalItem = ({ id, name, arguments: args, server }: WaitingCall) => ({
  id: PREFIX + id,
  type: 'mcp_approval_request',
  name,
  arguments: args,
  server_label: server,
});

/**
 * Returns the refusal of a chat completion that ends with calls which wait for a yes: chat completions know no such
 * thing, and a client must neither take what came for the whole answer nor run the calls itself.
 */
export function approvalNeeded({ metadata }: Answering, approvals: readonly WaitingCall[]): CodedError {
  const id = metadata['reply_id']!;
  const here = `with mcp_approval_response at /v1/responses (previous_response_id resp_${id})`;
  return new CodedError('CONFLICT', howToAllow(id, approvals, here), { openAiCode: 'approval_required' });
}

/** The word of a person on a call. */
export interface Decision {
  readonly callId: string;
  readonly approve: boolean;
}

/** Reads an item of the type `mcp_approval_response`. @throws {CodedError} BAD_USER_INPUT. */
export function decisionOf(item: Body, path: string): Decision {
  const id = needText(item, 'approval_request_id', `${path}.approval_request_id`);
  const { approve } = item;
  if (typeof approve !== 'boolean') throw badInput(`${path}.approve`, 'must be true or false.');
  return { callId: id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id, approve };
}

/** Returns a decision as an item of a response's input. */
export const decisionItem = (messageId: string, index: number, callId: string, status: string) => ({
  id: `mcpa_${messageId}_${index}`,
  type: 'mcp_approval_response',
  approval_request_id: PREFIX + callId,
  approve: status === 'APPROVED',
});

/**
 * Says yes or no to calls of a reply.
 *
 * @returns the id of the reply that goes on; undefined while other calls of the reply wait.
 */
export async function decideOn(visit: Visit, id: string, decisions: readonly Decision[]): Promise<string | undefined> {
  let next: string | undefined;
  for (const { callId, approve } of decisions) {
    const operation = approve ? GRAPH.OpenAiApprove : GRAPH.OpenAiReject;
    const { reply } = await visit.need<{ reply: { id: string } | null }>(operation, { input: { id, callId } });
    next = reply?.id ?? next;
  }
  return next;
}
