import type { EventInput } from '#platform/contracts/events.ts';

export type EmbeddingCall = EventInput<'embedding.called'>;

/** Durations within a tenth of one another: what analytics puts into one bucket anyway, so percentiles lose nothing. */
const ALIKE = Math.log(1.1);

/** The calls that are still to be written. Those that differ in nothing but their size and moment are put together. */
export class WaitingCalls {
  readonly #calls = new Map<string, EmbeddingCall>();

  get size(): number {
    return this.#calls.size;
  }

  add(call: EmbeddingCall): void {
    const key = keyOf(call);
    const known = this.#calls.get(key);
    this.#calls.set(key, known === undefined ? call : together(known, call));
  }

  take(): EmbeddingCall[] {
    const all = [...this.#calls.values()];
    this.#calls.clear();
    return all;
  }
}

const keyOf = (call: EmbeddingCall): string => {
  const bucket = Math.ceil(Math.log(Math.max(call.latencyMs, 1e-3)) / ALIKE);
  const { userId, apiKeyId, operation, model, outcome, errorCode, cacheHit } = call;
  return JSON.stringify([userId, apiKeyId, operation, model, outcome, errorCode, cacheHit, bucket]);
};

/** Under the id and the time of the first. */
function together(first: EmbeddingCall, second: EmbeddingCall): EmbeddingCall {
  const [before, more] = [first.calls ?? 1, second.calls ?? 1];
  const calls = before + more;
  return {
    ...first,
    calls,
    tokens: { ...first.tokens, input: first.tokens.input + second.tokens.input },
    inputs: (first.inputs ?? 0) + (second.inputs ?? 0),
    estimated: first.estimated || second.estimated,
    latencyMs: (first.latencyMs * before + second.latencyMs * more) / calls,
  };
}
