import { setTimeout as sleep } from 'node:timers/promises';
import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import { CodedError } from '../../base/errors/errors.ts';
import { Breaker } from '../../base/faults/breaker.ts';
import { LastSeconds } from '../../base/faults/call-windows.ts';
import type { Logger } from '../../base/log/log.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { NoAnswer, Unreachable } from './http-pool.ts';
import { IdentityRefused } from './identity-refused.ts';
import { Liveness } from './liveness.ts';
import type { TransportObserver } from './transport-observer.ts';

export interface AvailabilityOptions {
  readonly subgraph: string;
  readonly endpoints: Endpoints;
  /** Whether it is one of ours: see liveness.ts. */
  readonly isOwn: boolean;
  /** How long a call waits for a subgraph that has just gone, in milliseconds. */
  readonly restartMs: number;
  /** How long calls wait for the last address that is silent, in milliseconds. Default 5 s. */
  readonly aloneMs?: number | undefined;
  readonly log: Logger;
  readonly observer?: TransportObserver | undefined;
  /** Told of an address that takes connections and has not answered for long. */
  readonly gone: (endpoint: Endpoint) => void;
}

/** Open when more than half of the calls of the last five seconds failed, of which there must be ten. */
const circuit = () => ({ window: new LastSeconds(5, { threshold: 0.5, least: 10 }), openMs: 500, maxOpenMs: 10_000 });

/**
 * The knowledge of whether a subgraph is there: a circuit breaker over what its calls come to, a watch over addresses
 * that do not answer, and the short wait for a restart.
 */
export class Availability implements Disposable {
  readonly #options: AvailabilityOptions;
  readonly #breaker: Breaker;
  readonly #liveness: Liveness;
  /** Whether what answered last is a server, perhaps a proxy before the subgraph, that says the subgraph is away. */
  #saysAway = false;

  constructor(options: AvailabilityOptions) {
    const { subgraph, endpoints, log, observer, gone, isOwn, aloneMs } = options;
    this.#options = options;
    this.#breaker = new Breaker(circuit(), (isOpen) => {
      observer?.available(!isOpen);
      if (isOpen) log.warn({ subgraph }, 'the subgraph does not answer: failing fast until it does');
      else log.info({ subgraph }, 'the subgraph answers again');
    });
    this.#liveness = new Liveness({
      subgraph,
      endpoints,
      log,
      isOwn,
      aloneMs,
      stalled: stall,
      gone,
      away: () => {
        this.#breaker.trip();
        for (const endpoint of endpoints.all) stall(endpoint);
      },
    });
  }

  /** Returns whether a call may be made. */
  enter(): boolean {
    return this.#breaker.enter();
  }

  /** A call is made. @returns when, in milliseconds of performance.now(). */
  began(endpoint: Endpoint): number {
    return this.#liveness.began(endpoint);
  }

  /**
   * A call is over. What an answer, or its absence, says about the subgraph is noted; what the caller did (left) says
   * nothing.
   *
   * @param since when it was made.
   * @param problem undefined: it was answered.
   * @param saysAway whether the problem is an answer that says that the subgraph is away.
   */
  ended(endpoint: Endpoint, since: number, problem: unknown, saysAway: boolean): void {
    const { endpoints } = this.#options;
    this.#saysAway = saysAway;
    this.#liveness.ended(endpoint, problem === undefined || problem instanceof IdentityRefused);
    if (problem === undefined) {
      endpoints.succeeded(endpoint);
      this.#breaker.succeeded();
    } else if (problem instanceof Unreachable) {
      endpoints.failed(endpoint);
      this.#breaker.failed(!endpoint.isStalled);
    } else if (problem instanceof IdentityRefused) {
      // The subgraph is there; this replica of it is of no use.
      endpoints.failed(endpoint, true);
      this.#breaker.succeeded();
    } else if (problem instanceof NoAnswer) {
      this.#liveness.late(endpoint, since);
      this.#breaker.failed(false);
    } else this.#breaker.abandoned();
  }

  /** Returns whether calls are let through, or would be from now on. */
  async isThere(): Promise<boolean> {
    return !this.#breaker.isOpen || this.#isBack();
  }

  /**
   * Waits until an open circuit lets a call through, for as long as a restart may take.
   *
   * @throws {CodedError} SUBGRAPH_UNAVAILABLE when the subgraph has been away for longer.
   */
  async restart(signal: CancelSignal | undefined): Promise<void> {
    const { subgraph, restartMs } = this.#options;
    do {
      if (this.#breaker.goneForMs >= restartMs && !(await this.#isBack())) throw unavailable(subgraph);
      await sleep(50 + 50 * Math.random());
      if (signal?.aborted) throw signal.reason;
    } while (!this.#breaker.enter());
  }

  /**
   * Picks an address for what is streamed, which cannot be begun again: one that has just answered, or answers when it
   * is asked. Waits for a restart where none does.
   */
  async living(): Promise<Endpoint> {
    const { endpoints, restartMs } = this.#options;
    const until = performance.now() + restartMs;
    let endpoint: Endpoint | undefined;
    for (;;) {
      endpoint = endpoints.pick(endpoint);
      if ((await this.#liveness.isAlive(endpoint)) || performance.now() >= until) return endpoint;
      endpoints.failed(endpoint);
      await sleep(50);
    }
  }

  [Symbol.dispose](): void {
    this.#liveness[Symbol.dispose]();
  }

  /**
   * Whether a subgraph whose connections were lost takes them again. It is asked, as a call would be refused until the
   * circuit's next trial otherwise, seconds after a long restart. Then the circuit is closed. A circuit that is open
   * because calls took too long, or were answered with 502 to 504, is closed by a call alone.
   */
  async #isBack(): Promise<boolean> {
    const breaker = this.#breaker;
    if (this.#saysAway || breaker.goneForMs === Number.POSITIVE_INFINITY) return false;
    if (!(await this.#liveness.isAnyServing())) return false;
    if (breaker.isOpen) breaker.succeeded();
    return true;
  }
}

const stall = ({ pool }: Endpoint): void => pool.stalled(new Error('it takes connections and does not answer'));

/** Returns the error of what cannot be asked. */
export const unavailable = (subgraph: string): CodedError =>
  new CodedError('SUBGRAPH_UNAVAILABLE', `${subgraph} cannot be reached at the moment.`);
