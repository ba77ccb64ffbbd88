import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '#platform/base/faults/backoff.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Alias, Catalogue, Deployment, Target } from '../catalogue/catalogue.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { DeploymentState } from './deployment-state.ts';
import { eligibleTargets, type Needs } from './eligible.ts';
import { Strategies } from './strategies.ts';

/** A call to be taken somewhere. `Opened` is what an attempt yields: a reply that has begun, or a whole answer. */
export interface Plan<Opened> {
  readonly catalogue: Catalogue;
  readonly alias: Alias;
  readonly needs: Needs;
  readonly signal: AbortSignal;
  /** Expected cost at a deployment in picodollars; undefined when no price is known. */
  readonly priceOf: (deployment: Deployment) => bigint | undefined;
  /** One attempt. Undefined when its signal aborted; throws ProviderFailure. */
  readonly open: (attempt: Attempt) => Promise<Opened | undefined>;
  /** Gives up what a hedge has outrun. */
  readonly discard: (opened: Opened) => void;
}

export interface Attempt {
  readonly alias: Alias;
  readonly deployment: Deployment;
  readonly state: DeploymentState;
  readonly signal: AbortSignal;
  /** False while a larger window of the fallback chain is still to be tried. */
  readonly mayShorten: boolean;
}

/** The trail of what happened on the way; filled while routing, read for the record. */
export interface Trail {
  retries: number;
  fallbacks: number;
}

/**
 * The router, which takes a call to a deployment that answers it. Until the first content anything may be asked again
 * or moved elsewhere; from then on the reply is that deployment's, and its failure ends it.
 */
export class Router {
  readonly #log: Logger;
  readonly #strategies = new Strategies();
  readonly #states = new Map<string, DeploymentState>();
  readonly #random: () => number;

  constructor(log: Logger, random: () => number = Math.random) {
    this.#log = log;
    this.#random = random;
  }

  stateOf(deployment: Deployment): DeploymentState {
    let state = this.#states.get(deployment.id);
    if (!state) {
      state = new DeploymentState();
      this.#states.set(deployment.id, state);
    }
    return state;
  }

  /**
   * Opens the call at the alias or along its fallback chains; undefined when the signal aborted.
   *
   * @throws ProviderFailure of the alias that was asked for, or a CodedError when none of its deployments is fit.
   */
  async open<Opened>(plan: Plan<Opened>, trail: Trail): Promise<Opened | undefined> {
    const { alias, catalogue } = plan;
    const visited = new Set([alias.id]);
    let waiting: readonly Alias[] = [alias];
    let first: unknown;
    while (waiting.length > 0) {
      const [current, ...others] = waiting as [Alias, ...Alias[]];
      const mayShorten = alias.fallbacks.contextWindow.every((id) => visited.has(id));
      try {
        return await this.#openAt(current, plan, trail, mayShorten);
      } catch (error) {
        if (!(error instanceof ProviderFailure)) throw error;
        first ??= error;
        this.#log.warn({ alias: current.id, kind: error.kind, status: error.status, err: error }, 'model call failed');
        const chain = chainFor(error, alias).filter((id) => !visited.has(id));
        const more = chain.flatMap((id) => catalogue.aliases.get(id) ?? []);
        for (const next of more) visited.add(next.id);
        waiting = [...more, ...others];
        if (waiting.length > 0) trail.fallbacks++;
      }
    }
    throw first;
  }

  async #openAt<Opened>(
    alias: Alias,
    plan: Plan<Opened>,
    trail: Trail,
    mayShorten: boolean,
  ): Promise<Opened | undefined> {
    const targets = eligibleTargets(alias, plan.needs);
    const tried = new Set<string>();
    let repeats = 0;
    let failure: ProviderFailure | undefined;
    while (!plan.signal.aborted) {
      const now = Date.now();
      const free = targets.filter((target) => this.stateOf(target.deployment).available(target.deployment, now));
      const fresh = free.filter((target) => !tried.has(target.deployment.id));
      const again = repeats < alias.retries.attempts && (failure?.passing ?? true);
      const pool = fresh.length > 0 ? fresh : again ? free : [];
      if (pool.length === 0) {
        const wait = again ? this.#coolingFor(targets, now) : undefined;
        if (wait === undefined || wait > alias.retries.maxWaitMs) throw failure ?? this.#unavailable(targets, now);
        await pause(wait, plan.signal);
        // What was waited for may be asked, whether it was tried or not.
        if (tried.size > 0) repeats++;
        tried.clear();
        continue;
      }
      const target = this.#choose(alias, pool, plan);
      if (tried.has(target.deployment.id)) {
        // Another key needs no wait; the same server that just failed does.
        if (failure?.kind !== 'rate_limited')
          await pause(this.#backoff(alias, repeats, failure?.retryAfterMs ?? 0), plan.signal);
        repeats++;
      }
      if (failure) trail.retries++;
      try {
        return await this.#openHedged(alias, target, fresh, plan, trail, mayShorten);
      } catch (error) {
        if (!(error instanceof ProviderFailure)) throw error;
        if (!error.retryable) throw error;
        failure = error;
        tried.add(target.deployment.id);
        this.#log.debug(
          { deployment: target.deployment.id, kind: error.kind, status: error.status, err: error },
          'attempt failed',
        );
      }
    }
    return undefined;
  }

  /** One deployment, and a second one if the first is silent for `hedgeAfterMs`: the first to speak answers. */
  async #openHedged<Opened>(
    alias: Alias,
    target: Target,
    fresh: readonly Target[],
    plan: Plan<Opened>,
    trail: Trail,
    mayShorten: boolean,
  ): Promise<Opened | undefined> {
    const open = (chosen: Target, signal: AbortSignal) =>
      plan.open({ alias, deployment: chosen.deployment, state: this.stateOf(chosen.deployment), signal, mayShorten });
    const others = fresh.filter((other) => other !== target);
    if (alias.hedgeAfterMs === undefined || others.length === 0) return open(target, plan.signal);

    const [one, two, timer] = [new AbortController(), new AbortController(), new AbortController()];
    const linked = (own: AbortController) => AbortSignal.any([plan.signal, own.signal]);
    const first = open(target, linked(one)).then((opened) => ({ opened, loses: two }));
    const silent = sleep(alias.hedgeAfterMs, undefined, { signal: timer.signal }).catch(() => undefined);
    const early = await Promise.race([first, silent]).finally(() => timer.abort());
    if (early) return early.opened;
    trail.retries++;
    const second = open(this.#choose(alias, others, plan), linked(two)).then((opened) => ({ opened, loses: one }));
    try {
      const winner = await Promise.any([first, second]);
      winner.loses.abort();
      const loser = winner.loses === two ? second : first;
      // It may have opened in the same instant.
      loser.then(
        ({ opened }) => opened === undefined || plan.discard(opened),
        () => undefined,
      );
      return winner.opened;
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error;
    }
  }

  #choose(alias: Alias, targets: readonly Target[], plan: Pick<Plan<never>, 'priceOf'>): Target {
    return this.#strategies.choose({
      alias,
      targets,
      stateOf: (target) => this.stateOf(target.deployment),
      priceOf: (target) => plan.priceOf(target.deployment),
      random: this.#random,
    });
  }

  /** Full jitter: clients that failed together do not come back together. And no sooner than the provider asked for. */
  #backoff({ retries }: Alias, repeats: number, askedMs: number): number {
    const mostMs = backoff(repeats + 1, { firstMs: retries.baseMs, maxMs: retries.maxMs });
    return Math.min(retries.maxWaitMs, askedMs) + this.#random() * mostMs;
  }

  /** Milliseconds until the first of the cooling targets may be asked; undefined when none is cooling. */
  #coolingFor(targets: readonly Target[], now: number): number | undefined {
    const waits = targets
      .filter(({ deployment }) => this.stateOf(deployment).phase(deployment, now) === 'cooling')
      .map(({ deployment }) => this.stateOf(deployment).retryAt(deployment, now) - now);
    return waits.length > 0 ? Math.max(0, Math.min(...waits)) : undefined;
  }

  #unavailable(targets: readonly Target[], now: number): ProviderFailure {
    const states = targets.map(({ deployment }) => this.stateOf(deployment));
    for (const kind of ['credentials', 'unpaid'] as const)
      if (states.every(({ lastError }) => lastError?.code === kind))
        return new ProviderFailure(kind, 'every key was refused lately');
    const open = targets.every(({ deployment }) => this.stateOf(deployment).phase(deployment, now) === 'open');
    if (open) return new ProviderFailure('unreachable', 'every deployment failed lately and is left alone for a while');
    const retryAfterMs = this.#coolingFor(targets, now) ?? 60_000 - (now % 60_000);
    return new ProviderFailure('rate_limited', 'every deployment is at its limit', { retryAfterMs });
  }
}

const chainFor = (failure: ProviderFailure, alias: Alias): readonly string[] => {
  if (failure.kind === 'context_window') return alias.fallbacks.contextWindow;
  if (failure.kind === 'content_policy') return alias.fallbacks.contentPolicy;
  return failure.retryable ? alias.fallbacks.general : [];
};

/** Waits until the clock says so: a timer may ring a millisecond before. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const until = Date.now() + ms;
  while (Date.now() < until && !signal.aborted)
    await sleep(until - Date.now(), undefined, { signal }).catch(() => undefined);
}
