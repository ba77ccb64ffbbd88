import type { ResolverMap } from '#platform/host/definition.ts';
import type { ResolverParts } from './context.ts';
import { mutationResolvers, queryResolvers, subscriptionResolvers } from './operations.ts';
import { typeResolvers } from './types.ts';

/** Creates the resolvers: GraphQL to domain. */
export const createResolvers = (parts: ResolverParts): ResolverMap => ({
  ...typeResolvers(parts),
  ...queryResolvers(parts),
  ...mutationResolvers(parts),
  ...subscriptionResolvers(parts),
});
