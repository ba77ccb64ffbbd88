// The same graph as one graphql-js schema behind a bare HTTP server that parses and validates each operation once: what
// a careful team would write if there were no federation.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, type DocumentNode, execute, isObjectType, parse, printSchema, validate } from 'graphql';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';
import { RESOLVERS, supergraphOf } from './graph.ts';

const { apiSchema } = await loadSupergraph({ sdl: supergraphOf({}) });
const schema = buildSchema(printSchema(apiSchema));
for (const [name, fields] of Object.entries(RESOLVERS)) {
  const type = schema.getType(name);
  if (!isObjectType(type)) continue;
  for (const [field, resolve] of Object.entries(fields)) type.getFields()[field]!.resolve = resolve;
}
const documents = new Map<string, DocumentNode>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; variables?: Record<string, unknown> };
    let document = documents.get(body.query);
    if (!document) {
      document = parse(body.query);
      if (validate(schema, document).length > 0) throw new Error('The operation is not valid.');
      documents.set(body.query, document);
    }
    const result = await execute({ schema, document, variableValues: body.variables });
    const text = Buffer.from(JSON.stringify(result));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` });
});
process.on('disconnect', () => process.exit(0));
