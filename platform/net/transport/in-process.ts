import type { ExecutionResult } from 'graphql';
import { Cancellation, type CancelSignal } from '../../base/cancellation/cancellation.ts';
import { untilAborted } from '../../base/cancellation/until-aborted.ts';
import { CodedError } from '../../base/errors/errors.ts';
import type { Identity } from '../../identity/identity.ts';
import {
  changedRequest,
  type SubgraphRequest,
  type SubgraphTransport,
  type SubscriptionSink,
  type Unsubscribe,
} from './transport.ts';

/** The part of a hosted subgraph that a caller in the same process needs. */
export interface LocalSubgraph {
  readonly name: string;
  readonly executor: {
    execute(request: SubgraphRequest): Promise<ExecutionResult>;
    subscribe(request: SubgraphRequest, sink: SubscriptionSink): Unsubscribe;
  };
  fetch(request: Request, identity: Identity): Promise<Response>;
  health(): Promise<Record<string, { status: 'up' | 'down'; detail?: string }>>;
}

/**
 * Creates the transport to a subgraph in the caller's process: a function call, the identity as the object itself.
 *
 * @param timeoutMs longest wait of a caller who brings no signal: a resolver that hangs must not hang its caller.
 */
export function createInProcessTransport(subgraph: LocalSubgraph, timeoutMs = 30_000): SubgraphTransport {
  return {
    subgraph: subgraph.name,
    execute: async (request) => ({ result: await inTime(subgraph, request, timeoutMs) }),
    subscribe: (request, sink) => subgraph.executor.subscribe(request, sink),
    fetch: (request, identity) => subgraph.fetch(request, identity),
    async health() {
      const parts = Object.entries(await subgraph.health());
      const down = parts.filter(([, one]) => one.status === 'down');
      if (down.length > 0)
        return { status: 'down', detail: down.map(([name, one]) => `${name}: ${one.detail ?? 'down'}`).join('; ') };
      const said = parts.flatMap(([name, { detail }]) => (detail === undefined ? [] : [`${name}: ${detail}`]));
      return { status: 'up', ...(said.length > 0 && { detail: said.join('; ') }) };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A caller with a signal of its own decides how long it waits; for the others there is a time limit. */
function inTime(subgraph: LocalSubgraph, request: SubgraphRequest, timeoutMs: number): Promise<ExecutionResult> {
  const { signal } = request;
  return signal ? answerOf(subgraph, request, signal) : atMost(subgraph, request, timeoutMs);
}

function answerOf(subgraph: LocalSubgraph, request: SubgraphRequest, signal: CancelSignal): Promise<ExecutionResult> {
  return signal.aborted ? Promise.reject(signal.reason) : untilAborted(subgraph.executor.execute(request), signal);
}

function atMost(subgraph: LocalSubgraph, request: SubgraphRequest, timeoutMs: number): Promise<ExecutionResult> {
  const limit = new Cancellation();
  const late = () => new CodedError('TIMEOUT', `${subgraph.name} did not answer within ${timeoutMs} ms.`);
  const timer = setTimeout(() => limit.abort(late()), timeoutMs);
  const answer = answerOf(subgraph, changedRequest(request, { signal: limit }), limit);
  return answer.finally(() => clearTimeout(timer));
}
