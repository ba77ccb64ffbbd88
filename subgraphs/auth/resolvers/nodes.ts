import type { GraphQLResolveInfo } from 'graphql';
import { requireUser } from '#platform/identity/identity.ts';
import { expectedTypes } from '../nodes/expected-types.ts';
import { findNodes, type NodeReference } from '../nodes/nodes.ts';
import type { AuthParts } from '../parts.ts';
import type { Context } from './context.ts';

/** Returns the resolvers of what can be read by its id alone. */
export const nodeResolvers = ({ peers }: Pick<AuthParts, 'peers'>) => {
  const find = (ids: readonly string[], context: Context, info: GraphQLResolveInfo) =>
    findNodes(
      {
        peers,
        identity: requireUser(context.identity),
        requestId: context.requestId,
        signal: context.signal,
        user: (id) => context.loaders.users.load(id),
        expected: expectedTypes(info),
      },
      ids,
    );
  return {
    Node: { __resolveType: ({ __typename }: NodeReference) => __typename },
    Query: {
      node: async (_root: unknown, { id }: { id: string }, context: Context, info: GraphQLResolveInfo) =>
        (await find([id], context, info))[0],
      nodes: (_root: unknown, { ids }: { ids: readonly string[] }, context: Context, info: GraphQLResolveInfo) =>
        find(ids, context, info),
    },
  };
};
