import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type ExecutionResult, execute, parse } from 'graphql';

type AnswerHeaders = Record<string, string | string[]>;

/** A subgraph that is not ours: a plain HTTP server that knows nothing of Sextant and keeps what it was sent. */
export interface ForeignSubgraph extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
  readonly server: Server;
  /** The headers of each request, oldest first. */
  readonly requests: IncomingHttpHeaders[];
  /** Sent with every answer; a function makes them for each. */
  answerHeaders: AnswerHeaders | (() => AnswerHeaders);
  /** Each answer waits for it. */
  gate: Promise<void>;
  /** Makes of each answer what is sent, e.g. a wrong one. */
  rewrite: (answer: ExecutionResult) => unknown;
}

/** @param resolvers of the root types; they get the headers of the request as their context. */
export async function startForeignSubgraph(
  name: string,
  sdl: string,
  resolvers: Record<string, Record<string, unknown>>,
): Promise<ForeignSubgraph> {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]);
  const requests: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(404).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push(request.headers);
    const { query, variables } = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; variables?: object };
    await subgraph.gate;
    const result = await execute({
      schema,
      document: parse(query),
      variableValues: variables as never,
      contextValue: request.headers,
    });
    response
      .writeHead(200, {
        'content-type': 'application/json',
        ...(typeof subgraph.answerHeaders === 'function' ? subgraph.answerHeaders() : subgraph.answerHeaders),
      })
      .end(JSON.stringify(subgraph.rewrite(result)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const subgraph: ForeignSubgraph = {
    name,
    sdl,
    server,
    requests,
    answerHeaders: {},
    gate: Promise.resolve(),
    rewrite: (answer) => answer,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return subgraph;
}

/** Returns the supergraph of subgraphs with their real addresses. */
export function composeForeign(subgraphs: readonly ForeignSubgraph[]): string {
  const composed = composeServices(subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })));
  if (composed.errors) throw composed.errors[0]!;
  return composed.supergraphSdl;
}
