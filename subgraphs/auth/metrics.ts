import { Counter, Histogram, type Registry } from 'prom-client';
import { once } from '#platform/base/metrics/once.ts';

export interface AuthMetrics {
  readonly events: Counter<'type'>;
  readonly hashSeconds: Histogram;
  readonly refreshes: Counter<'outcome'>;
}

/** Returns the instruments of one registry, made once. */
export const authMetrics = (registry: Registry): AuthMetrics => once(registry, createAuthMetrics);

function createAuthMetrics(registry: Registry): AuthMetrics {
  const registers = [registry];
  return {
    events: new Counter({
      name: 'sextant_auth_events_total',
      help: 'Audit events, by their OWASP type: authn_login_fail, authn_token_reuse …',
      labelNames: ['type'],
      registers,
    }),
    hashSeconds: new Histogram({
      name: 'sextant_auth_password_hash_seconds',
      help: 'Time to hash or compare one password, its wait for a turn included.',
      buckets: [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    refreshes: new Counter({
      name: 'sextant_auth_refreshes_total',
      help: 'Refreshes of sessions: rotated, or repeated for an answer that got lost.',
      labelNames: ['outcome'],
      registers,
    }),
  };
}
