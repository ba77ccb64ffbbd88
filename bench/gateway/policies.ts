import { collectDefaultMetrics, Registry } from 'prom-client';
import type { GatewayOptions } from '#gateway/gateway.ts';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import { createLog } from '#platform/base/log/log.ts';
import { loadSecrets } from '#platform/base/secrets/secrets.ts';
import { openStores } from '#platform/host/stores.ts';
import { createAssertions } from '#platform/identity/assertions.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import { engineOf } from '../../cli/serving/engine.ts';
import { BENCH_SECRET, TOKEN_AUDIENCE, TOKEN_ISSUER } from './issuer.ts';

/** Counted as in production, and more than one load ever is. */
const RATES = { RATE_LIMIT_IDENTITY: '100000000', RATE_LIMIT_ADDRESS: '100000000', NEW_OPERATIONS_MS: '0' };
const SOCKETS = { WS_MAX_SOCKETS_IDENTITY: '1000000', WS_MAX_SOCKETS_ADDRESS: '1000000' };
const POLL_MS = 1_000;

/**
 * What both commands that serve give the gateway: the token's signature is verified, operations are counted, identities
 * are signed for subgraphs of other processes, and every limit but on one
 * caller's rate and sockets is at its default.
 *
 * @param askAuth calls a plain route of the auth subgraph.
 * @param bare without the authenticator, the rate limiter, the cache and the assertions, to see what these cost.
 */
export async function asInProduction(
  askAuth: (request: Request) => Promise<Response>,
  bare: boolean,
): Promise<Omit<GatewayOptions, 'supergraph'>> {
  const config: Config = loadConfig({
    PORT: '0',
    NODE_ENV: 'production',
    LOG_LEVEL: 'error',
    JWT_SECRET: BENCH_SECRET,
    JWT_ISSUER: TOKEN_ISSUER,
    JWT_AUDIENCE: TOKEN_AUDIENCE,
    ...RATES,
    ...SOCKETS,
  });
  const log = createLog(config, 'bench');
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const base = { config, log, metrics, compile: engineOf({ config, log, metrics }, true) };
  if (bare) return base;
  const { topics, limiter, cache } = await openStores({ ...base, lifecycle: new AsyncDisposableStack() });
  const authenticator = new TokenVerifier({
    fetch: askAuth,
    topics,
    log,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    appIssuer: config.publicUrl,
    pollMs: POLL_MS,
  });
  return { ...base, authenticator, limiter, cache, assertions: createAssertions(loadSecrets(config)) };
}
