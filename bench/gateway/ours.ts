// Our gateway over HTTP subgraphs: limits, demand control and masking on, as in production; no sign-in and no rate limiter.
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startGateway } from '#gateway/gateway.ts';
import { createEngine } from '#gateway/plan/engine.ts';
import { loadConfig } from '#platform/config/config.ts';

const gateway = await startGateway({
  config: loadConfig({ PORT: '0', NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(32) }),
  log: pino({ level: 'error' }),
  metrics: new Registry(),
  supergraph: { file: process.argv[2]! },
  compile: (supergraph) => createEngine({ supergraph, trusted: () => true }),
});
process.send?.({ url: `${gateway.url}/graphql` });
process.on('disconnect', () => process.exit(0));
