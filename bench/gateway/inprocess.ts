// Our gateway with the subgraphs in its own process, as `npm start` runs them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startGateway } from '#gateway/gateway.ts';
import type { Platform } from '#platform/platform.ts';
import { createSubgraph } from '#platform/subgraph/host.ts';
import type { SubgraphTransport } from '#platform/transport/transport.ts';
import { resolversOf, SCHEMAS, supergraphOf } from './graph.ts';
import { authAnswer } from './issuer.ts';
import { asInProduction } from './policies.ts';

const [jwks = '', bare] = process.argv.slice(2);
const log = pino({ level: 'error' });
// What the host uses of a platform; these subgraphs have no database and no streams.
const platform = { log, metrics: new Registry(), lifecycle: new AsyncDisposableStack() } as unknown as Platform;
const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-inprocess-'));
const transports = new Map<string, SubgraphTransport>();
for (const [name, sdl] of Object.entries(SCHEMAS)) {
  const file = path.join(folder, `${name}.graphql`);
  writeFileSync(file, sdl);
  const start = async () => ({ resolvers: resolversOf(sdl) });
  transports.set(name, (await createSubgraph({ name, schemaFile: pathToFileURL(file), start }, platform)).transport);
}
rmSync(folder, { recursive: true });
const askAuth = async (request: Request): Promise<Response> =>
  new Response(authAnswer(new URL(request.url).pathname, jwks));
const gateway = await startGateway({
  ...(await asInProduction(askAuth, bare === 'bare')),
  supergraph: { sdl: supergraphOf({}) },
  transports,
});
process.send?.({ url: `${gateway.url}/graphql` });
process.on('disconnect', () => process.exit(0));
