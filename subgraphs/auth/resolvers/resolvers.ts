import type { ResolverMap } from '#platform/host/definition.ts';
import { updateProfile } from '../accounts/account.ts';
import type { AuthParts } from '../parts.ts';
import { MAX_LENGTH, MIN_LENGTH } from '../passwords/password-rules.ts';
import { administrationResolvers } from './administration.ts';
import { apiKeyResolvers } from './api-keys.ts';
import type { Context } from './context.ts';
import { credentialResolvers } from './credentials.ts';
import { nodeResolvers } from './nodes.ts';
import { sessionResolvers } from './sessions.ts';
import { userResolvers } from './user.ts';

/** Creates the resolvers: GraphQL to domain. */
export function createResolvers(parts: AuthParts): ResolverMap {
  const credentials = credentialResolvers(parts);
  const sessions = sessionResolvers(parts);
  const apiKeys = apiKeyResolvers(parts);
  const administration = administrationResolvers(parts);
  const nodes = nodeResolvers(parts);
  return {
    User: userResolvers.User,
    Node: nodes.Node,
    Session: sessions.Session,
    UserConnection: administration.UserConnection,
    AuditEventConnection: administration.AuditEventConnection,
    SessionConnection: sessions.SessionConnection,
    AuditEvent: administration.AuditEvent,
    ApiKey: apiKeys.ApiKey,
    ApiKeyConnection: apiKeys.ApiKeyConnection,
    Query: {
      ...userResolvers.Query,
      ...sessions.Query,
      ...apiKeys.Query,
      ...administration.Query,
      ...nodes.Query,
      signInOptions: () => ({
        signup: parts.config.SIGNUP === 'open',
        emailVerificationRequired: parts.mail.configured,
        passwordMinLength: MIN_LENGTH,
        passwordMaxLength: MAX_LENGTH,
      }),
    },
    Subscription: administration.Subscription,
    Mutation: {
      ...credentials.Mutation,
      ...sessions.Mutation,
      ...apiKeys.Mutation,
      ...administration.Mutation,
      updateProfile: async (
        _root: unknown,
        { input }: { input: Parameters<typeof updateProfile>[1] },
        context: Context,
      ) => ({ user: await updateProfile(parts, input, context) }),
    },
  };
}
