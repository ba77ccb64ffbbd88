import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { guarded } from '../../base/faults/guarded.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections, RedisScript } from '../redis/redis.ts';
import { NEXT_EPOCH_LUA } from '../streams/epoch.ts';
import type { Lease, Leases } from './leases.ts';

const EPOCH_TTL_MS = 30 * 86_400_000;

/** lease epoch; token ttlMs → epoch | nothing */
const ACQUIRE = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local previous = tonumber(redis.call('GET', KEYS[2]) or 0)
${NEXT_EPOCH_LUA}
redis.call('SET', KEYS[2], epoch, 'PX', ${EPOCH_TTL_MS})
return epoch`;

/** lease; token ttlMs → 1 | 0 */
const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** lease; token */
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** The leases among all processes of one Redis. */
export class RedisLeases implements Leases {
  readonly #redis: RedisConnections;
  readonly #metrics: StoreMetrics;
  readonly #acquire: RedisScript;
  readonly #renew: RedisScript;
  readonly #release: RedisScript;
  readonly #held = new Set<Lease>();

  constructor(options: { redis: RedisConnections; metrics: Registry; lifecycle: AsyncDisposableStack }) {
    this.#redis = options.redis;
    this.#metrics = storeMetrics(options.metrics);
    this.#acquire = options.redis.script('sextantLeaseAcquire', 2, ACQUIRE);
    this.#renew = options.redis.script('sextantLeaseRenew', 1, RENEW);
    this.#release = options.redis.script('sextantLeaseRelease', 1, RELEASE);
    options.lifecycle.defer(async () => {
      await Promise.all([...this.#held].map((lease) => lease.release()));
    });
  }

  async acquire(name: string, { ttlMs }: { readonly ttlMs: number }): Promise<Lease | undefined> {
    const key = `${this.#redis.prefix}lease:{${name}}`;
    const token = randomUUID();
    // Our clock starts before the question, Redis' when it arrives: we stop believing first.
    let validUntil = performance.now() + ttlMs;
    const watchdog = () => {
      const left = validUntil - performance.now();
      if (left <= 0) lose();
      else expiry = setTimeout(guarded({ where: 'lease' }, watchdog), left).unref();
    };
    const acquiring = this.#acquire(key, `${key}:epoch`, token, ttlMs) as Promise<number | null>;
    const epoch = await this.#redis.guard('leases', acquiring);
    if (epoch === null) return undefined;

    const lost = new AbortController();
    let over = false;
    const end = () => {
      if (over) return false;
      over = true;
      clearInterval(renewal);
      clearTimeout(expiry);
      this.#held.delete(lease);
      this.#metrics.leasesHeld.dec();
      return true;
    };
    const lose = () => {
      if (!end()) return;
      this.#metrics.leasesLost.inc();
      lost.abort(new Error(`The lease ${name} is lost.`));
    };
    const renew = async () => {
      if (over) return false;
      const asked = performance.now();
      try {
        if ((await this.#redis.guard('leases', this.#renew(key, token, ttlMs))) === 1) {
          validUntil = asked + ttlMs;
        } else lose();
      } catch {
        // Unknown: the lease is ours until its time is over.
      }
      return !over;
    };
    const release = async () => {
      if (!end()) return;
      await this.#release(key, token).catch(() => {
        // It lapses by itself.
      });
    };
    const renewal = setInterval(guarded({ where: 'lease' }, renew), ttlMs / 3).unref();
    let expiry = setTimeout(guarded({ where: 'lease' }, watchdog), ttlMs).unref();
    const lease: Lease = { name, epoch, lost: lost.signal, renew, release, [Symbol.asyncDispose]: release };
    this.#held.add(lease);
    this.#metrics.leasesHeld.inc();
    return lease;
  }
}
