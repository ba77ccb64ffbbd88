import type { ResolverMap } from '#platform/host/definition.ts';
import type { ResolverParts } from './context.ts';
import { operationResolvers } from './operations.ts';
import { typeResolvers } from './types.ts';

/**
 * Creates the resolvers: GraphQL to domain. Scopes are demanded by the schema; whose data it is, by every call of the
 * domain.
 */
export const createResolvers = (parts: ResolverParts): ResolverMap => ({
  ...operationResolvers(parts),
  ...typeResolvers(parts),
});
