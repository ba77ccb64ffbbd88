import { notFound, unauthenticated } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { Session } from '#prisma/auth/client/client.ts';
import { requireSession } from '../accounts/password-proof.ts';
import { listSessions } from '../lists.ts';
import type { AuthParts } from '../parts.ts';
import type { Context } from './context.ts';
import { deviceOf } from './device.ts';
import { scopeName } from './scope-names.ts';

/** Returns the resolvers of sessions. */
export const sessionResolvers = (parts: AuthParts) => ({
  Session: {
    current: (session: Session, _args: object, { identity }: Context) =>
      identity.kind === 'user' && (identity.sessionId ?? identity.appSessionId) === session.id,
    device: ({ clientName, userAgent }: Session) => clientName ?? deviceOf(userAgent),
    app: ({ clientId, clientName, scopes }: Session) =>
      clientId === null ? null : { clientId, name: clientName ?? clientId, scopes: scopes.map(scopeName) },
  },
  SessionConnection: COUNTED,
  Query: {
    sessions: (_root: unknown, args: PageArguments & { userId?: string | null }, context: Context) =>
      listSessions(parts, args, args.userId, context),
  },
  Mutation: {
    async logout(_root: unknown, { input }: { input?: { refreshToken?: string | null } | null }, context: Context) {
      const given = input?.refreshToken;
      const own = context.identity.kind === 'user' ? context.identity.sessionId : undefined;
      const sessionId = given == null ? own : parts.sessions.sessionOf(given);
      if (sessionId === undefined)
        throw unauthenticated('There is no session to end: send its access or refresh token.');
      const ended = await parts.changes.run(context, (change) => change.endSessions({ id: sessionId }, 'signed out'));
      return { success: ended > 0 };
    },

    async logoutAll(
      _root: unknown,
      { input }: { input?: { exceptCurrent?: boolean | null } | null },
      context: Context,
    ) {
      const { userId, sessionId } = requireSession(context.identity);
      const where = input?.exceptCurrent ? { userId, id: { not: sessionId } } : { userId };
      return {
        ended: await parts.changes.run(context, (change) => change.endSessions(where, 'signed out everywhere')),
      };
    },

    async revokeSession(_root: unknown, { input }: { input: { id: string } }, context: Context) {
      const { userId, scopes } = requireSession(context.identity);
      const own = scopes.includes('admin') ? {} : { userId };
      const known = isUuid(input.id) ? await parts.db.session.findFirst({ where: { id: input.id, ...own } }) : null;
      if (known === null) throw notFound('The session');
      await parts.changes.run(context, (change) => change.endSessions({ id: known.id }, 'ended by its owner'));
      return { deletedId: known.id };
    },
  },
});
