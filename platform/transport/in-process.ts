import type { ExecutionResult } from 'graphql';
import { CodedError } from '../errors/errors.ts';
import type { Identity } from '../identity/identity.ts';
import type { SubgraphRequest, SubgraphTransport, SubscriptionSink, Unsubscribe } from './transport.ts';

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
 * A subgraph in the caller's process: a function call, the identity as the object itself.
 *
 * @param timeoutMs longest wait for an answer; a resolver that hangs must not hang the gateway's request.
 */
export function createInProcessTransport(subgraph: LocalSubgraph, timeoutMs = 30_000): SubgraphTransport {
  return {
    subgraph: subgraph.name,
    execute: async (request) => ({ result: await inTime(subgraph, request, timeoutMs) }),
    subscribe: (request, sink) => subgraph.executor.subscribe(request, sink),
    fetch: (request, identity) => subgraph.fetch(request, identity),
    async health() {
      const down = Object.entries(await subgraph.health()).filter(([, one]) => one.status === 'down');
      if (down.length === 0) return { status: 'up' };
      return { status: 'down', detail: down.map(([name, one]) => `${name}: ${one.detail ?? 'down'}`).join('; ') };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function inTime(subgraph: LocalSubgraph, request: SubgraphRequest, timeoutMs: number): Promise<ExecutionResult> {
  return new Promise((resolve, reject) => {
    const aborter = new AbortController();
    const leave = () => {
      aborter.abort();
      reject(request.signal?.reason ?? new CodedError('TIMEOUT', 'The caller left.'));
    };
    if (request.signal?.aborted) return leave();
    const timer = setTimeout(() => {
      aborter.abort();
      reject(new CodedError('TIMEOUT', `${subgraph.name} did not answer within ${timeoutMs} ms.`));
    }, timeoutMs);
    request.signal?.addEventListener('abort', leave, { once: true });
    subgraph.executor
      .execute({ ...request, signal: aborter.signal })
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        request.signal?.removeEventListener('abort', leave);
      });
  });
}
