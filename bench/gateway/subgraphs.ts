// All subgraphs of the benchmark in one process. Every answer is made once and then sent as bytes, so that the gateway
// is what is measured.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSubgraphSchema, type GraphQLResolverMap } from '@apollo/subgraph';
import { execute, type GraphQLSchema, parse } from 'graphql';
import { resolversOf, SCHEMAS } from './graph.ts';
import { authAnswer } from './issuer.ts';

const [jwks = ''] = process.argv.slice(2);
const urls: Record<string, string> = {};

for (const [name, sdl] of Object.entries(SCHEMAS)) {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolversOf(sdl) as GraphQLResolverMap }]);
  const known = new Map<string, Promise<Buffer>>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      if (request.method === 'GET') return void response.end(authAnswer(request.url!.split('?', 1)[0]!, jwks));
      const body = Buffer.concat(chunks).toString();
      let answer = known.get(body);
      if (!answer) {
        answer = run(schema, body);
        known.set(body, answer);
      }
      const bytes = await answer;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}
process.send?.({ urls });
process.on('disconnect', () => process.exit(0));

async function run(schema: GraphQLSchema, body: string): Promise<Buffer> {
  const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
  const result = await execute({ schema, document: parse(query), variableValues: variables });
  return Buffer.from(JSON.stringify(result));
}
