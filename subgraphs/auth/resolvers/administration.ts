import { notFound } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import { requireAdmin } from '#platform/identity/identity.ts';
import type { AuditEvent } from '#prisma/auth/client/client.ts';
import {
  createPasswordLink,
  createUser,
  disableUser,
  enableUser,
  revokeUserSessions,
  setUserRoles,
} from '../accounts/administration.ts';
import { type AuditFilter, listAuditEvents, listUsers, type UserFilter } from '../lists.ts';
import { changeParkedWork, listParkedWork } from '../parked-work.ts';
import type { AuthParts } from '../parts.ts';
import { followServices, listServices } from '../services.ts';
import type { Context } from './context.ts';
import { credential } from './credential.ts';

interface ById {
  readonly input: { readonly id: string };
}

const idOf = ({ input }: ById): string => {
  if (!isUuid(input.id)) throw notFound('The user');
  return input.id;
};

/** Returns the resolvers for administrators. */
export const administrationResolvers = (parts: AuthParts) => ({
  UserConnection: COUNTED,
  AuditEvent: { type: ({ type }: AuditEvent) => type.toUpperCase() },
  AuditEventConnection: COUNTED,
  Query: {
    users: (_root: unknown, args: PageArguments & { filter?: UserFilter | null }, context: Context) =>
      listUsers(parts, args, args.filter, context),
    auditEvents: (_root: unknown, args: PageArguments & { filter?: AuditFilter | null }, context: Context) =>
      listAuditEvents(parts, args, args.filter, context),
    parkedWork: (_root: unknown, { first }: { first?: number | null }, context: Context) =>
      listParkedWork(parts, first ?? 50, context),
    services: (_root: unknown, _args: unknown, context: Context) => listServices(parts, context),
  },
  Subscription: {
    servicesStatus: {
      subscribe: (_root: unknown, _args: unknown, context: Context) => followServices(parts, context, context.signal),
      resolve: (services: unknown) => services,
    },
  },
  Mutation: {
    retryParkedWork: (_root: unknown, { input }: { input: { ids: readonly string[] } }, context: Context) =>
      changeParkedWork(parts, 'retry', input.ids, context),
    dropParkedWork: (_root: unknown, { input }: { input: { ids: readonly string[] } }, context: Context) =>
      changeParkedWork(parts, 'drop', input.ids, context),
    createUser: async (
      _root: unknown,
      { input }: { input: Parameters<typeof createUser>[1] & { roles?: readonly string[] | null } },
      context: Context,
    ) => ({ user: await createUser(parts, { ...input, roles: input.roles ?? ['user'] }, context) }),
    createPasswordLink: credential((input: Parameters<typeof createPasswordLink>[1], context) =>
      createPasswordLink(parts, { ...input, id: idOf({ input }) }, context),
    ),
    disableUser: async (_root: unknown, args: ById & { input: { reason?: string | null } }, context: Context) => ({
      user: await disableUser(parts, idOf(args), args.input.reason, context),
    }),
    enableUser: async (_root: unknown, args: ById, context: Context) => ({
      user: await enableUser(parts, idOf(args), context),
    }),
    setUserRoles: async (_root: unknown, args: ById & { input: { roles: readonly string[] } }, context: Context) => ({
      user: await setUserRoles(parts, idOf(args), args.input.roles, context),
    }),
    revokeUserSessions: async (_root: unknown, args: ById, context: Context) => ({
      ended: await revokeUserSessions(parts, idOf(args), context),
    }),
    async rotateSigningKey(
      _root: unknown,
      { input }: { input?: { revokeOld?: boolean | null } | null },
      context: Context,
    ) {
      requireAdmin(context.identity);
      const { id, activeFrom } = await parts.signingKeys.rotate(context, input?.revokeOld ?? false);
      return { keyId: id, signsFrom: activeFrom };
    },
  },
});
