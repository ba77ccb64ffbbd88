import type { Unsubscribe } from '#platform/net/transport/transport.ts';
import type { AnswerError, AnswerSink, OperationAnswer } from '../execution/prepare/operation.ts';
import type { Admitted } from '../policy/pipeline.ts';

/** The open subscriptions to subgraphs: equal ones have one upstream together. */
export interface SharedUpstreams {
  /**
   * @param key who may share: equal keys get the same events. Undefined: an upstream of its own.
   */
  subscribe(admitted: Admitted, key: string | undefined, sink: AnswerSink): Unsubscribe;
}

interface Shared {
  readonly sinks: Set<AnswerSink>;
  stop: Unsubscribe;
  ended: boolean;
}

/**
 * Creates one upstream for equal subscriptions of equally privileged clients. It belongs to all of them: the first to
 * leave takes nothing from the others, and the last to leave closes it at once, not at its next event (both have been
 * bugs of well-known routers).
 */
export function createSharedUpstreams(): SharedUpstreams {
  const byKey = new Map<string, Shared>();

  function open(admitted: Admitted, key: string): Shared {
    const shared: Shared = { sinks: new Set(), stop: () => undefined, ended: false };
    byKey.set(key, shared);
    const end = (deliver: (sink: AnswerSink) => void): void => {
      if (shared.ended) return;
      shared.ended = true;
      if (byKey.get(key) === shared) byKey.delete(key);
      const sinks = [...shared.sinks];
      shared.sinks.clear();
      for (const sink of sinks) deliver(sink);
    };
    // The upstream outlives the client who opened it, so that client's signal must not end it.
    const request = { ...admitted.request, signal: undefined };
    shared.stop = admitted.prepared.subscribe(request, {
      next(answer: OperationAnswer) {
        for (const sink of shared.sinks) void sink.next(answer);
      },
      complete: () => end((sink) => sink.complete()),
      error: (errors: readonly AnswerError[]) => end((sink) => sink.error(errors)),
    });
    return shared;
  }

  return {
    subscribe(admitted, key, sink) {
      if (key === undefined) return admitted.prepared.subscribe(admitted.request, sink);
      const shared = byKey.get(key) ?? open(admitted, key);
      shared.sinks.add(sink);
      return () => {
        if (!shared.sinks.delete(sink) || shared.sinks.size > 0 || shared.ended) return;
        shared.ended = true;
        if (byKey.get(key) === shared) byKey.delete(key);
        shared.stop();
      };
    },
  };
}
