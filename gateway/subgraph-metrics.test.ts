import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { engineOf } from '../cli/serving/engine.ts';
import type { Gateway } from './gateway.ts';
import { composeForeign, type ForeignSubgraph, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const failing = (code: string) => () => {
  throw new GraphQLError('It failed.', { extensions: { code } });
};

let ships: ForeignSubgraph;
let gateway: Gateway;
const metrics = new Registry();
const log = pino({ level: 'silent' });

beforeAll(async () => {
  ships = await startForeignSubgraph('ships', 'type Query { name: String! slow: Int refused: Int strange: Int }', {
    Query: { name: () => 'Ever Given', slow: () => 1, refused: failing('FORBIDDEN'), strange: failing('E-4711') },
  });
  const env = { SUBGRAPH_TIMEOUT_MS: '200', SUBGRAPH_RESTART_MS: '0' };
  gateway = await startTestGateway(env, {
    metrics,
    supergraph: { sdl: composeForeign([ships]) },
    compile: engineOf({ config: loadConfig(env), log, metrics }, false),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await ships[Symbol.asyncDispose]();
});

const ask = async (query: string): Promise<void> => {
  const headers = { 'content-type': 'application/json' };
  await (await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
};
const sampleOf = async (series: string): Promise<number> => {
  const line = (await metrics.metrics()).split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length) ?? 0);
};
const answered = (outcome: string) =>
  sampleOf(`sextant_gateway_subgraph_request_duration_seconds_count{subgraph="ships",outcome="${outcome}"}`);

describe('metrics of a subgraph', () => {
  it('count its answers, and its errors by the codes of the catalogue', async () => {
    await ask('{ name }');
    await ask('{ refused strange }');
    expect(await answered('answered')).toBe(2);
    expect(await sampleOf('sextant_gateway_subgraph_errors_total{subgraph="ships",code="FORBIDDEN"}')).toBe(1);
    expect(await sampleOf('sextant_gateway_subgraph_errors_total{subgraph="ships",code="other"}')).toBe(1);
  });

  it('tell what is in flight, and count what took too long', async () => {
    const gate = Promise.withResolvers<void>();
    ships.gate = gate.promise;
    const asked = ask('{ slow }');
    await expect.poll(() => sampleOf('sextant_gateway_subgraph_requests_in_flight{subgraph="ships"}')).toBe(1);
    await asked;
    gate.resolve();
    expect(await answered('timeout')).toBe(1);
    await expect.poll(() => sampleOf('sextant_gateway_subgraph_requests_in_flight{subgraph="ships"}')).toBe(0);
  });

  it('count retries, and tell when it is taken for unavailable', async () => {
    expect(await sampleOf('sextant_gateway_subgraph_available{subgraph="ships"}')).toBe(1);
    ships.server.closeAllConnections();
    ships.server.close();
    await expect
      .poll(async () => {
        await ask('{ name }');
        return sampleOf('sextant_gateway_subgraph_available{subgraph="ships"}');
      })
      .toBe(0);
    expect(await answered('unavailable')).toBeGreaterThan(0);
  });
});
