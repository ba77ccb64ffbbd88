import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { createApiKey, revokeApiKey, rotateApiKey } from '../api-keys/api-keys.ts';
import { listApiKeys } from '../lists.ts';
import type { AuthContext } from '../loaders.ts';
import type { AuthParts } from '../parts.ts';
import { credential } from './credential.ts';

/** Returns the resolvers of API keys. */
export const apiKeyResolvers = (core: AuthParts) => ({
  Query: {
    apiKeys: (
      _root: unknown,
      args: PageArguments & { userId?: string | null; includeInactive: boolean | null },
      context: AuthContext,
    ) => listApiKeys(core, args, { userId: args.userId, includeInactive: args.includeInactive ?? false }, context),
  },
  Mutation: {
    createApiKey: credential((input: Parameters<typeof createApiKey>[1], context) =>
      createApiKey(core, input, context),
    ),
    rotateApiKey: credential((input: Parameters<typeof rotateApiKey>[1], context) =>
      rotateApiKey(core, input, context),
    ),
    revokeApiKey: async (_root: unknown, { input }: { input: { id: string } }, context: AuthContext) => ({
      apiKey: await revokeApiKey(core, input.id, context),
    }),
  },
});
