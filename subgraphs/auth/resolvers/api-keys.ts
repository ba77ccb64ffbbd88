import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ApiKey } from '#prisma/auth/client/client.ts';
import { createApiKey, revokeApiKey, rotateApiKey } from '../api-keys.ts';
import { listApiKeys } from '../lists.ts';
import type { AuthParts } from '../parts.ts';
import type { Context } from './context.ts';
import { credential } from './credential.ts';
import { scopeName, scopeNamed } from './scope-names.ts';

/** Returns the resolvers of API keys. */
export const apiKeyResolvers = (parts: AuthParts) => ({
  ApiKey: { scopes: ({ scopes }: ApiKey) => scopes.map(scopeName) },
  ApiKeyConnection: COUNTED,
  Query: {
    apiKeys: (
      _root: unknown,
      args: PageArguments & { userId?: string | null; includeInactive: boolean | null },
      context: Context,
    ) => listApiKeys(parts, args, { userId: args.userId, includeInactive: args.includeInactive ?? false }, context),
  },
  Mutation: {
    createApiKey: credential((input: Parameters<typeof createApiKey>[1], context) =>
      createApiKey(parts, { ...input, scopes: input.scopes.map(scopeNamed) }, context),
    ),
    rotateApiKey: credential((input: Parameters<typeof rotateApiKey>[1], context) =>
      rotateApiKey(parts, input, context),
    ),
    revokeApiKey: async (_root: unknown, { input }: { input: { id: string } }, context: Context) => ({
      apiKey: await revokeApiKey(parts, input.id, context),
    }),
  },
});
