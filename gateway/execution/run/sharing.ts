import { Cancellation, type CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { OperationAnswer, OperationRequest, PreparedOperation } from '../prepare/operation.ts';

type Run = PreparedOperation['execute'];

/** A query shares the execution of an equal one that began at most this long ago, in milliseconds. */
const WINDOW_MS = 50;

interface Flight {
  readonly key: string;
  readonly answer: Promise<OperationAnswer>;
  readonly cancellation: Cancellation;
  readonly began: number;
  waiting: number;
}

/**
 * Shares executions in flight: equal queries (operation, variables, headers that count) of equal identities are
 * executed once. A query
 * never gets an answer that could be older than a mutation that went through this gateway before it, nor one that was
 * begun long ago: a client that asks again after an event wants to see what the event told.
 */
export function shareInFlight(isOn: boolean) {
  const flights = new Flights();
  let round = 0;

  const afterMutation =
    (execute: Run): Run =>
    (request) => {
      round++;
      return execute(request).finally(() => {
        round++;
      });
    };

  const shared =
    (id: string, execute: Run): Run =>
    (request) => {
      if (request.errors || request.extensions || request.signal?.aborted) return execute(request);
      // Forwarded headers may be credentials, which only the subgraphs understand.
      const who = `${identityKey(request.identity)}\0${request.headersKey ?? ''}`;
      const key = `${id}\0${round}\0${who}\0${JSON.stringify(request.variables) ?? ''}`;
      const now = performance.now();
      const slot = slotOf(key);
      let flight = flights.at(slot, key);
      if (!flight || now - flight.began > WINDOW_MS) {
        flight = begin(key, execute, request, now, (done) => flights.remove(slot, done));
        flights.put(slot, flight);
      }
      return join(flight, request.signal);
    };

  return (id: string, kind: PreparedOperation['kind'], execute: Run): Run => {
    if (!isOn || kind === 'subscription') return execute;
    return kind === 'mutation' ? afterMutation(execute) : shared(id, execute);
  };
}

/** A power of two, many times what is under way at once. */
const SLOTS = 4_096;

/**
 * Flights by their keys, a slot for each; two keys of one slot cost the earlier one its company. Not a Map: one that
 * thousands come and go in makes new tables all the time, and each old table keeps the next one, with all that is in
 * it, from the garbage collector's quick rounds. That took 7 % of a small operation.
 */
class Flights {
  readonly #slots = new Array<Flight | undefined>(SLOTS).fill(undefined);

  at(slot: number, key: string): Flight | undefined {
    const flight = this.#slots[slot];
    return flight?.key === key ? flight : undefined;
  }

  put(slot: number, flight: Flight): void {
    this.#slots[slot] = flight;
  }

  remove(slot: number, flight: Flight): void {
    if (this.#slots[slot] === flight) this.#slots[slot] = undefined;
  }
}

/** FNV-1a. */
function slotOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}

function begin(
  key: string,
  execute: Run,
  request: OperationRequest,
  began: number,
  end: (flight: Flight) => void,
): Flight {
  const cancellation = new Cancellation();
  const { variables, identity, client, requestId, traceparent, headers, headersKey, transports } = request;
  const flight: Flight = {
    key,
    answer: execute({
      ...{ variables, identity, client, requestId, traceparent, headers, headersKey, transports },
      signal: cancellation,
    }),
    cancellation,
    began,
    waiting: 0,
  };
  const over = (): void => end(flight);
  flight.answer.then(over, over);
  return flight;
}

/** Waits with the others; the execution is given up when the last of them has left. */
function join(flight: Flight, signal: CancelSignal | undefined): Promise<OperationAnswer> {
  flight.waiting++;
  // What happens after the end of the execution is of no interest to it.
  signal?.addEventListener('abort', () => {
    if (--flight.waiting === 0) flight.cancellation.abort(signal.reason);
  });
  return flight.answer;
}

const keys = new WeakMap<Identity, string>();
const numbers = new Map<string, string>();
const MAX_NUMBERS = 50_000;
let lastNumber = 0;

/**
 * Returns a key that is equal for identities that every subgraph treats alike. A number in this process: short, as it
 * is hashed again and again.
 */
export function identityKey(identity: Identity): string {
  let key = keys.get(identity);
  if (key === undefined) {
    const { expiresAt: _, ...lasting } = { expiresAt: 0, ...identity };
    const text = JSON.stringify(lasting, Object.keys(lasting).sort());
    // Forgetting them costs an equal identity its company, and never gives it a wrong one: no number comes twice.
    if (numbers.size >= MAX_NUMBERS) numbers.clear();
    key = numbers.get(text) ?? String(++lastNumber);
    numbers.set(text, key);
    keys.set(identity, key);
  }
  return key;
}
