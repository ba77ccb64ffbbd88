import type { ToolServerInfo } from '#llm/tools/servers/tool-servers.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireScope, requireUser, type UserIdentity } from '#platform/identity/identity.ts';
import type { FinishInput } from '../tool-accounts/connecting.ts';
import type { Context, ResolverParts } from './context.ts';

/** Returns the resolvers of tool servers, and of the accounts that people have there. */
export function toolServerResolvers({ chat, connecting }: ResolverParts): ResolverMap {
  const all = async (user: UserIdentity) => {
    const isAdmin = user.roles.includes('admin');
    return (await chat.models.toolServers.list(user, chat.accounts)).map((server) => shown(server, isAdmin));
  };
  const one = async (user: UserIdentity, name: string) => (await all(user)).find((server) => server.name === name);
  const writer = ({ identity }: Context) => requireScope(identity, 'chat:write');
  return {
    Query: {
      toolServers: (_: unknown, __: unknown, { identity }: Context) => all(requireUser(identity)),
    },
    Mutation: {
      connectToolServer: async (_: unknown, { input }: { input: { name: string } }, context: Context) => {
        const user = writer(context);
        const authorizationUrl = await connecting.connect(user, input.name);
        return { toolServer: await one(user, input.name), authorizationUrl };
      },
      finishToolServerConnection: async (_: unknown, { input }: { input: FinishInput }, context: Context) => {
        const user = writer(context);
        return { toolServer: await one(user, await connecting.finish(user, input)) };
      },
      disconnectToolServer: async (_: unknown, { input }: { input: { name: string } }, context: Context) => {
        const user = writer(context);
        await connecting.disconnect(user, input.name);
        return { toolServer: await one(user, input.name) };
      },
    },
  };
}

const shown = ({ state, problems, tools, connected, ...server }: ToolServerInfo, isAdmin: boolean) => ({
  ...server,
  connected: connected ?? null,
  state: state.toUpperCase(),
  problems: isAdmin ? problems : null,
  tools: tools.map(({ asks, ...tool }) => ({ ...tool, needsApproval: asks })),
});
