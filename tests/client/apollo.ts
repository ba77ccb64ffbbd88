// The README's frontend: Apollo Client with typed operations, HTTP for queries and mutations, graphql-ws for
// subscriptions.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import possibleTypes from '../../possible-types.json' with { type: 'json' };

/**
 * @param url of the graph, e.g. http://localhost:4000/graphql
 * @param token gives the access token of the moment; undefined before signing in.
 */
export function createApollo(
  url: string,
  token: () => string | undefined,
): { client: ApolloClient; dispose: () => Promise<void> } {
  const authorization = () => (token() === undefined ? {} : { authorization: `Bearer ${token()}` });
  const socket = createClient({ url: url.replace(/^http/, 'ws'), lazy: true, connectionParams: authorization });
  const http = ApolloLink.from([
    new SetContextLink(({ headers }) => ({ headers: { ...headers, ...authorization() } })),
    new HttpLink({ uri: url }),
  ]);
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    http,
  );
  return {
    client: new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes }) }),
    dispose: async () => socket.dispose(),
  };
}
