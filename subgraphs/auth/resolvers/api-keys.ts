import type { PageArguments } from '#platform/paging/key-paging.ts';
import type { Core } from '../core.ts';
import { createApiKey, revokeApiKey, rotateApiKey } from '../keys/api-keys.ts';
import { listApiKeys } from '../lists.ts';
import type { AuthContext } from '../loaders.ts';

type Input<F extends (core: Core, input: never, ...rest: never[]) => unknown> = { input: Parameters<F>[1] };

export const apiKeyResolvers = (core: Core) => ({
  Query: {
    apiKeys: (
      _root: unknown,
      args: PageArguments & { userId?: string | null; includeInactive: boolean | null },
      context: AuthContext,
    ) => listApiKeys(core, args, { userId: args.userId, includeInactive: args.includeInactive ?? false }, context),
  },
  Mutation: {
    createApiKey: (_root: unknown, { input }: Input<typeof createApiKey>, context: AuthContext) =>
      createApiKey(core, input, context),
    rotateApiKey: (_root: unknown, { input }: Input<typeof rotateApiKey>, context: AuthContext) =>
      rotateApiKey(core, input, context),
    revokeApiKey: async (_root: unknown, { input }: { input: { id: string } }, context: AuthContext) => ({
      apiKey: await revokeApiKey(core, input.id, context),
    }),
  },
});
