// Our gateway with the subgraphs in its own process, as `npm start` runs them.
import { startGateway } from '#gateway/gateway.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { SCHEMAS, supergraphOf } from './graph.ts';
import { hostSubgraph } from './hosted.ts';
import { authAnswer } from './issuer.ts';
import { asInProduction } from './policies.ts';

const [jwks = '', bare] = process.argv.slice(2);
const transports = new Map<string, SubgraphTransport>();
for (const name of Object.keys(SCHEMAS)) transports.set(name, (await hostSubgraph(name)).transport);
const askAuth = async (request: Request): Promise<Response> =>
  new Response(authAnswer(new URL(request.url).pathname, jwks));
const gateway = await startGateway({
  ...(await asInProduction(askAuth, bare === 'bare')),
  supergraph: { sdl: supergraphOf({}) },
  transports,
});
process.send?.({ url: `${gateway.url}/graphql` });
process.on('disconnect', () => process.exit(0));
