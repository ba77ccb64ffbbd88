import { Breaker } from '#platform/base/faults/breaker.ts';
import { LastCalls } from '#platform/base/faults/call-windows.ts';
import type { Deployment } from '../catalogue/catalogue.ts';
import type { DeploymentHealth, HealthState } from '../models.ts';
import type { ProviderFailure } from '../provider/failure.ts';

/** The circuit opens when more than half of the last ten calls failed, of which there must be at least three. */
const circuit = () => ({ window: new LastCalls(10, { threshold: 0.5, least: 3 }), openMs: 5_000, maxOpenMs: 120_000 });
/** After a 429 without a believable Retry-After. */
const COOL_MS = 5_000;
/** A key that was refused, or whose account has no credit, is left alone so long. */
const BAD_KEY_MS = 300_000;
/** A limit is asked again after so long at the latest: a plan may have been changed since. */
const MAX_COOL_MS = 3_600_000;
/** Time constant of the latency average. */
const EWMA_TAU_MS = 15_000;

type DeploymentPhase = DeploymentHealth['state'];

/**
 * The knowledge of this process about one deployment: load, latency, circuit breaker, cooling keys. Kept by the
 * deployment's id, so it survives a reload of the catalogue.
 */
export class DeploymentState {
  inFlight = 0;
  calls = 0;
  failures = 0;
  lastError: DeploymentHealth['lastError'];
  readonly #breaker = new Breaker(circuit());
  #latency = 0;
  #latencyAt = 0;
  readonly #coolKeys = new Map<string, number>();
  #nextKey = 0;
  readonly #window = new MinuteWindow();

  /** Whether a call may go there now; an open circuit whose time is over lets one through. */
  available(deployment: Deployment, now: number): boolean {
    if (!this.#breaker.admits) return false;
    if (this.retryAt(deployment, now) > now) return false;
    const { parallel, requestsPerMinute, tokensPerMinute } = deployment.limits;
    if (parallel !== undefined && this.inFlight >= parallel) return false;
    const { requests, tokens } = this.#window.read(now);
    return requests < (requestsPerMinute ?? Infinity) && tokens < (tokensPerMinute ?? Infinity);
  }

  phase(deployment: Deployment, now: number): DeploymentPhase {
    if (this.#breaker.isOpen) return this.#breaker.restMs > 0 ? 'open' : 'half_open';
    return this.#keyFreeAt(deployment, now) > now ? 'cooling' : 'closed';
  }

  /** Unix ms at which it may be asked again; `now` or earlier when it may be at once. */
  retryAt(deployment: Deployment, now: number): number {
    return Math.max(now + this.#breaker.restMs, this.#keyFreeAt(deployment, now));
  }

  /** The next key that is not cooling, in turn; undefined for servers without keys. */
  takeKey(deployment: Deployment, now: number): string | undefined {
    const { keys } = deployment.provider;
    if (keys.length === 0) return undefined;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[(this.#nextKey + i) % keys.length]!;
      if ((this.#coolKeys.get(key) ?? 0) <= now) {
        this.#nextKey = (this.#nextKey + i + 1) % keys.length;
        return key;
      }
    }
    return keys[this.#nextKey % keys.length];
  }

  begin(now: number, tokens: number): void {
    this.calls++;
    this.inFlight++;
    this.#window.add(now, tokens);
    this.#breaker.enter();
  }

  /** The first content came: the deployment works. */
  succeeded(now: number, timeToFirstTokenMs: number): void {
    this.observe(now, timeToFirstTokenMs);
    this.#breaker.succeeded();
  }

  failed(now: number, failure: ProviderFailure, key: string | undefined): void {
    this.lastError = {
      at: new Date(now).toISOString(),
      code: failure.kind,
      message: WORDS[failure.kind] ?? failure.kind,
      said: key ? failure.message.replaceAll(key, '…') : failure.message,
    };
    if (failure.retryable) this.failures++;
    const cool = (ms: number) => this.#coolKeys.set(key ?? '', now + ms);
    // A refused request says nothing about the deployment's state.
    if (!failure.retryable || failure.kind === 'template') this.#breaker.abandoned();
    else if (failure.kind === 'rate_limited') {
      cool(Math.min(MAX_COOL_MS, failure.retryAfterMs ?? COOL_MS));
      // The server answered, so a trial call of an open circuit has shown what it was to show.
      if (this.#breaker.isOpen) this.#breaker.succeeded();
    } else {
      if (failure.kind === 'credentials' || failure.kind === 'unpaid') cool(BAD_KEY_MS);
      this.#breaker.failed();
    }
  }

  ended(): void {
    this.inFlight--;
  }

  /** A trial that ended without a verdict: stopped by the caller, or outrun by a hedge. */
  undecided(): void {
    this.#breaker.abandoned();
  }

  /** Peak EWMA (Finagle): a slower sample counts at once, a faster one pulls the average down over time. */
  observe(now: number, sample: number): void {
    if (sample > this.#latency) this.#latency = sample;
    else {
      const weight = Math.exp(-Math.max(0, now - this.#latencyAt) / EWMA_TAU_MS);
      this.#latency = this.#latency * weight + sample * (1 - weight);
    }
    this.#latencyAt = now;
  }

  get latency(): number | undefined {
    return this.#latencyAt === 0 ? undefined : this.#latency;
  }

  /** What one more call is expected to wait: the unmeasured are tried first, but not by everybody at once. */
  cost(): number {
    return (this.#latencyAt === 0 ? this.inFlight * 1_000 : this.#latency) * (this.inFlight + 1);
  }

  health(deployment: Deployment, now: number): HealthState {
    const phase = this.phase(deployment, now);
    if (phase === 'open') return 'down';
    if (phase !== 'closed') return 'degraded';
    return this.calls === 0 ? 'unknown' : 'up';
  }

  #keyFreeAt(deployment: Deployment, now: number): number {
    const keys = deployment.provider.keys.length > 0 ? deployment.provider.keys : [''];
    let earliest = Infinity;
    for (const key of keys) {
      const until = this.#coolKeys.get(key) ?? 0;
      if (until <= now) return 0;
      earliest = Math.min(earliest, until);
    }
    return earliest;
  }
}

/** Requests and tokens of the running minute. */
class MinuteWindow {
  #minute = 0;
  #requests = 0;
  #tokens = 0;

  add(now: number, tokens: number): void {
    this.#turn(now);
    this.#requests++;
    this.#tokens += tokens;
  }

  read(now: number): { requests: number; tokens: number } {
    this.#turn(now);
    return { requests: this.#requests, tokens: this.#tokens };
  }

  #turn(now: number): void {
    const minute = Math.floor(now / 60_000);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#requests = 0;
    this.#tokens = 0;
  }
}

const WORDS: Partial<Record<ProviderFailure['kind'], string>> = {
  rate_limited: 'The provider limits requests.',
  unreachable: 'The provider cannot be reached.',
  server_error: 'The provider answered with an error of its own.',
  stalled: 'The provider sent nothing for too long.',
  cut: 'The connection ended in the middle of a reply.',
  malformed: 'What answers does not speak the OpenAI protocol; check the base URL.',
  credentials: 'The provider refused the key.',
  model_unknown: 'The provider does not know the model.',
  unpaid: 'The account at the provider has no credit left.',
  template: 'The chat template of the model refuses the conversation.',
  empty: 'The model answered with nothing.',
  context_window: 'The conversation was longer than the window.',
  content_policy: 'The content policy refused the conversation.',
  refused: 'The provider refused the request.',
};
