import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { CountingRateLimiter } from '#platform/identity/limits/counting-rate-limiter.ts';
import { createEngine } from '../execution/engine/engine.ts';
import { createFleet } from '../execution/testing/fleet.ts';
import { loadSupergraph } from '../supergraph/supergraph.ts';
import { createPipeline, isRefused } from './pipeline.ts';

it('what was paid for before is admitted when the allowance is spent', async () => {
  const fleet = createFleet({ a: 'type Query { name: String }' });
  const supergraph = await loadSupergraph({ sdl: fleet.sdl });
  const pipeline = createPipeline({
    config: loadConfig({ RATE_LIMIT_IDENTITY: '1' }),
    log: pino({ level: 'silent' }),
    limiter: new CountingRateLimiter({ metrics: new Registry() }),
    compile: (loaded) => createEngine({ supergraph: loaded }),
  });
  const version = { supergraph, transports: fleet.transports, ...pipeline.open(supergraph) };
  const identity = { kind: 'user', userId: 'Ann', roles: [], scopes: [], expiresAt: 4e9 } as const;
  const caller = { identity, client: { ipAddress: '127.0.0.1' }, requestId: 'test' };
  const codes: unknown[] = [];
  for (const more of [{}, {}, { paid: true }, {}]) {
    const admitted = await pipeline.admit(version, { query: '{ name }' }, { ...caller, ...more });
    codes.push(isRefused(admitted) ? admitted.errors[0]!.extensions['code'] : 'admitted');
  }
  expect(codes).toEqual(['admitted', 'RATE_LIMITED', 'admitted', 'RATE_LIMITED']);
});
