import { every } from '../../base/faults/every.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';

export interface LivenessOptions {
  readonly subgraph: string;
  readonly endpoints: Endpoints;
  readonly log: Logger;
  /**
   * Whether its processes are ours, which answer a probe whatever they work on. A server of others may do one thing
   * after another, and then answers no probe while it works: its silence counts only once it has answered some beside
   * its work, or has let a call wait for too long. That of the only address never counts: no other could take its
   * place.
   */
  readonly isOwn: boolean;
  /**
   * Where no other address is healthy a stall may be a long pause, of all of them under one load: callers wait for this
   * long before they are told. In milliseconds; default 5 s.
   */
  readonly aloneMs?: number | undefined;
  /** Told when an address is there and does not answer, once each time. */
  stalled(endpoint: Endpoint): void;
  /** Told when it has not answered for `GONE_MS`, once each time: a pause of a busy process is shorter. */
  gone(endpoint: Endpoint): void;
  /** Told when the only address, or the last of them, has not answered for `aloneMs`. */
  away(): void;
}

/** An address that has work and gives no answer for so long is asked whether it lives. */
const SILENT_MS = 100;
/** Longest time between two probes of an address that answers them and is silent otherwise. */
const MAX_SILENT_MS = 1_000;
/** Time for the answer to that; the loop of a process that lives turns within it. */
const PROBE_MS = 150;
/** Parts of that time, between which answers are read: where this process is held itself, one of them passes. */
const PARTS = 5;
/** Queries go elsewhere at once; subscriptions, which would have to begin again, when the pause lasts for so long. */
const GONE_MS = 1_500;
const ALONE_MS = 5_000;
const LOOK_MS = 50;
/** So many probes that a server of others has answered beside its work show that it does several things at a time. */
const ENOUGH_BESIDES = 2;
/** Longest pause between two probes of a server of which that is not known: they may all wait for its work. */
const MAX_PAUSE_MS = 10_000;
/** Time for the answer of a process that has just started, and is busy with that. */
const BACK_MS = 1_000;
/** For how long it is believed that no address answers. */
const ASKED_MS = 100;

/**
 * The watch over addresses that take connections and do nothing: a frozen process, a machine that lost its network. A
 * time limit finds them too late, as it has to be long enough for the slowest operation. So an address that is silent
 * while it has work is asked for its health, which costs it nothing; a slow operation alone never ejects an address.
 * One that is silent even so is passed over, its queries go elsewhere, and it comes back when a probe is answered.
 */
export class Liveness implements Disposable {
  readonly #options: LivenessOptions;
  readonly #probes = new Map<Endpoint, Probe>();
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<boolean> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** A call is made. @returns when, in milliseconds of performance.now(). */
  began(endpoint: Endpoint): number {
    const now = performance.now();
    if (endpoint.inFlight === 0) endpoint.busySince = now;
    endpoint.inFlight++;
    if (this.#isWatching) this.#watch();
    return now;
  }

  #watch(): void {
    this.#timer ??= setInterval(
      guarded({ where: 'liveness', log: this.#options.log }, () => this.#look()),
      LOOK_MS,
    ).unref();
  }

  /** A call is over; `answered` says whether the address has answered at all. */
  ended(endpoint: Endpoint, answered: boolean): void {
    endpoint.inFlight--;
    if (answered) endpoint.answeredAt = performance.now();
  }

  /**
   * A call took too long. A server of others that is quick answers no probe beside its work, as it is asked none: where
   * it has answered nothing at all since the call was made, it is taken for frozen until it answers a probe.
   *
   * @param since when the call was made.
   */
  late(endpoint: Endpoint, since: number): void {
    const { isOwn } = this.#options;
    const livedAt = Math.max(endpoint.answeredAt, this.#probes.get(endpoint)?.passedAt ?? 0);
    if (isOwn || endpoint.isStalled || livedAt > since || this.#isLast(endpoint)) return;
    this.#watch();
    this.#stall(endpoint);
  }

  /**
   * Asks an address whether it lives, unless it has answered within the last second. For calls that cannot be begun
   * again once their body is on its way.
   */
  async isAlive(endpoint: Endpoint): Promise<boolean> {
    if (performance.now() - endpoint.answeredAt < 1_000) return true;
    const answers = await answersProbe(endpoint);
    if (answers) endpoint.answeredAt = performance.now();
    return answers;
  }

  /**
   * Asks all addresses whether one of them serves again, for a subgraph that was gone. Callers at the same time share
   * the answer, and one that was no is kept for `ASKED_MS`: a crowd of calls costs a subgraph that starts a few probes.
   */
  async isAnyServing(): Promise<boolean> {
    if (this.#asking) return this.#asking;
    if (performance.now() - this.#askedAt < ASKED_MS) return false;
    this.#asking = this.#askAll();
    try {
      return await this.#asking;
    } finally {
      this.#asking = undefined;
      this.#askedAt = performance.now();
    }
  }

  async #askAll(): Promise<boolean> {
    const { endpoints } = this.#options;
    const answers = await Promise.all(
      endpoints.all.map(async (endpoint) => {
        const status = await probe(endpoint, BACK_MS);
        // A process that stops, and a proxy without a server behind it.
        const serves = status !== undefined && !(status >= 502 && status <= 504);
        if (serves) endpoints.succeeded(endpoint);
        return serves;
      }),
    );
    return answers.includes(true);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#probes.clear();
  }

  get #isWatching(): boolean {
    return this.#options.isOwn || this.#options.endpoints.all.length > 1;
  }

  #look(): void {
    const now = performance.now();
    const { all } = this.#options.endpoints;
    let hasWork = false;
    for (const endpoint of all) {
      if (endpoint.inFlight === 0 && !endpoint.isStalled) {
        // What it did while it was not watched is not known.
        this.#forget(endpoint);
        continue;
      }
      hasWork = true;
      if (this.#probes.get(endpoint)?.isRunning) continue;
      if (now >= this.#dueAt(endpoint)) void this.#probe(endpoint);
    }
    for (const known of this.#probes.keys()) if (!all.includes(known)) this.#probes.delete(known);
    if (hasWork && this.#isWatching) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** When it is asked next. What was answered and is silent still does slow work: it is asked less and less often. */
  #dueAt(endpoint: Endpoint): number {
    if (endpoint.isStalled) return endpoint.ejectedUntil;
    const silentSince = Math.max(endpoint.answeredAt, endpoint.busySince);
    const probe = this.#probes.get(endpoint);
    const unknownUntil = probe && !this.#isJudged(probe) ? probe.askedAt + pauseAfter(probe.missed) : 0;
    if (probe === undefined || probe.passedAt < silentSince) return Math.max(silentSince + SILENT_MS, unknownUntil);
    return probe.passedAt + Math.min(2 * (probe.passedAt - silentSince), MAX_SILENT_MS);
  }

  #isJudged({ besides }: Probe): boolean {
    return this.#options.isOwn || besides >= ENOUGH_BESIDES;
  }

  async #probe(endpoint: Endpoint): Promise<void> {
    const { endpoints, subgraph, log } = this.#options;
    const asked = performance.now();
    const probe = this.#probes.get(endpoint) ?? newProbe();
    this.#probes.set(endpoint, probe);
    probe.isRunning = true;
    probe.askedAt = asked;
    const answers = await answersProbe(endpoint);
    probe.isRunning = false;
    if (this.#timer === undefined) return;
    const now = performance.now();
    if (answers || endpoint.answeredAt > asked) {
      probe.passedAt = now;
      probe.missed = 0;
      if (endpoint.inFlight > 0 && endpoint.answeredAt <= asked) probe.besides++;
      this.#forget(endpoint);
      if (!endpoint.isStalled) return;
      endpoints.succeeded(endpoint);
      log.info({ subgraph, address: endpoint.address ?? endpoint.url.host }, 'a replica of the subgraph answers again');
      return;
    }
    if (endpoint.inFlight === 0 && !endpoint.isStalled) return;
    probe.missed++;
    if (!this.#isJudged(probe) && !endpoint.isStalled) return;
    if (endpoint.answeredAt > probe.silentSince) this.#forget(endpoint);
    probe.silentSince ||= asked;
    const isGone = now - probe.silentSince >= GONE_MS;
    if (isGone && !probe.isGone) this.#options.gone(endpoint);
    probe.isGone = isGone;
    if (endpoint.isStalled || !this.#isLast(endpoint)) this.#stall(endpoint);
    else if (this.#options.isOwn && now - probe.silentSince >= (this.#options.aloneMs ?? ALONE_MS))
      this.#options.away();
  }

  #isLast(endpoint: Endpoint): boolean {
    const { endpoints } = this.#options;
    return !endpoints.all.some((other) => other !== endpoint && endpoints.isHealthy(other));
  }

  /** An address that was silent begins again: its next silence is another one. */
  #forget(endpoint: Endpoint): void {
    const probe = this.#probes.get(endpoint);
    if (!probe) return;
    probe.silentSince = 0;
    probe.isGone = false;
  }

  #stall(endpoint: Endpoint): void {
    const { endpoints, subgraph, log } = this.#options;
    const isNew = !endpoint.isStalled;
    endpoint.isStalled = true;
    endpoints.failed(endpoint);
    if (!isNew) return;
    log.warn({ subgraph, address: endpoint.address ?? endpoint.url.host }, 'a replica of the subgraph does not answer');
    this.#options.stalled(endpoint);
  }
}

interface Probe {
  isRunning: boolean;
  /** When it was last answered, in milliseconds of performance.now(). */
  passedAt: number;
  /** Since when none is answered; 0 when the last one was. */
  silentSince: number;
  /** Whether it was told that the address is gone. */
  isGone: boolean;
  /** When it was asked last. */
  askedAt: number;
  /** How many in a row were not answered. */
  missed: number;
  /** How many were answered while a call waited for its answer. */
  besides: number;
}

const newProbe = (): Probe => ({
  isRunning: false,
  passedAt: 0,
  silentSince: 0,
  isGone: false,
  askedAt: 0,
  missed: 0,
  besides: 0,
});

const pauseAfter = (missed: number): number => Math.min(SILENT_MS * 2 ** missed, MAX_PAUSE_MS);

/** Whether an address answers a request that costs it nothing. Any answer says that it lives, whatever its status. */
const answersProbe = async (endpoint: Endpoint): Promise<boolean> => (await probe(endpoint, PROBE_MS)) !== undefined;

/** Returns the status of the answer; undefined when there is none in time. */
async function probe(endpoint: Endpoint, patienceMs: number): Promise<number | undefined> {
  const cut = new AbortController();
  let parts = PARTS;
  const stop = every(patienceMs / PARTS, { where: 'probe' }, () => {
    parts--;
    if (parts === 0) cut.abort();
  });
  try {
    const { request } = await import('undici');
    const answer = await request(new URL('/ready', endpoint.url), {
      dispatcher: await endpoint.streams(),
      signal: cut.signal,
    });
    await answer.body.dump();
    return answer.statusCode;
  } catch {
    return undefined;
  } finally {
    stop();
  }
}
