import type { ResolverMap } from '#platform/host/definition.ts';
import type { VectorParts } from '../parts.ts';
import { operationResolvers } from './operations.ts';
import { typeResolvers } from './types.ts';

/** Creates the resolvers: GraphQL to domain. */
export const createResolvers = (parts: VectorParts): ResolverMap => ({
  ...operationResolvers(parts),
  ...typeResolvers(parts),
});
