import { badInput, forbidden } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import { idConnection, keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, MAX_COUNT } from '#platform/data/paging/paging.ts';
import { requireScope, type UserIdentity } from '#platform/identity/identity.ts';
import type { ApiKey, AuditEvent, Prisma, Session, User } from '#prisma/auth/client/client.ts';
import type { Actor } from './actor.ts';
import type { AuthParts } from './parts.ts';

type Lister = Pick<AuthParts, 'db'>;
const MAX_SEARCH = 200;

export interface UserFilter {
  readonly search?: string | null;
  readonly role?: string | null;
  readonly disabled?: boolean | null;
}

/** Returns all users, oldest first. */
export async function listUsers(
  parts: Lister,
  page: PageArguments,
  filter: UserFilter | null | undefined,
  actor: Actor,
) {
  requireScope(actor.identity, 'admin');
  const range = keyPage('users', page);
  const matching = usersMatching(filter ?? {});
  const rows = await parts.db.user.findMany({
    where: { AND: [matching, range.after === undefined ? {} : { id: { gt: range.after } }] },
    orderBy: { id: 'asc' },
    take: range.take + 1,
  });
  const totalCount = () => parts.db.user.count({ where: matching, take: MAX_COUNT });
  return { ...idConnection<User>(rows, range), totalCount };
}

function usersMatching({ search, role, disabled }: UserFilter): Prisma.UserWhereInput {
  if ((search?.length ?? 0) > MAX_SEARCH) throw badInput('filter.search', `is longer than ${MAX_SEARCH} characters.`);
  // Prisma passes % and _ on as wildcards: here they mean themselves.
  const contains = {
    contains: search?.trim().replaceAll(/[\\%_]/g, '\\$&') ?? '',
    mode: 'insensitive' as const,
  };
  return {
    ...(search && { OR: [{ email: contains }, { displayName: contains }] }),
    ...(role && { roles: { has: role.toLowerCase() } }),
    ...(disabled != null && { disabledAt: disabled ? { not: null } : null }),
  };
}

/** Returns the open sessions of the caller, or of another user for administrators; newest first. */
export async function listSessions(
  parts: Lister,
  page: PageArguments,
  userId: string | null | undefined,
  actor: Actor,
): Promise<CountedConnection<Session>> {
  const owner = ownerOf(requireScope(actor.identity, 'account:read'), userId, 'userId');
  const range = keyPage('sessions', page);
  const where = { userId: owner, revokedAt: null, expiresAt: { gt: new Date() } };
  const rows = await parts.db.session.findMany({
    where: { ...where, ...(range.after && { id: { lt: range.after } }) },
    orderBy: { id: 'desc' },
    take: range.take + 1,
  });
  return { ...idConnection(rows, range), totalCount: () => parts.db.session.count({ where, take: MAX_COUNT }) };
}

/** Lists the API keys of the caller, or of another user for administrators; newest first. */
export async function listApiKeys(
  parts: Lister,
  page: PageArguments,
  { userId, includeInactive }: { readonly userId?: string | null | undefined; readonly includeInactive: boolean },
  actor: Actor,
): Promise<CountedConnection<ApiKey>> {
  const owner = ownerOf(requireScope(actor.identity, 'account:read'), userId, 'userId');
  const range = keyPage('api-keys', page);
  const where = {
    userId: owner,
    ...(includeInactive ? {} : { revokedAt: null, expiresAt: { gt: new Date() } }),
  };
  const rows = await parts.db.apiKey.findMany({
    where: { ...where, ...(range.after && { id: { lt: range.after } }) },
    orderBy: { id: 'desc' },
    take: range.take + 1,
  });
  return { ...idConnection(rows, range), totalCount: () => parts.db.apiKey.count({ where, take: MAX_COUNT }) };
}

export interface AuditFilter {
  readonly userId?: string | null;
  readonly types?: readonly string[] | null;
  readonly since?: Date | null;
  readonly until?: Date | null;
}

/** Events about the caller's account; for administrators about all accounts, or the one that the filter names. */
export async function listAuditEvents(
  parts: Lister,
  page: PageArguments,
  filter: AuditFilter | null | undefined,
  actor: Actor,
): Promise<CountedConnection<AuditEvent>> {
  const caller = requireScope(actor.identity, 'account:read');
  const everybody = caller.scopes.includes('admin') && filter?.userId == null;
  const owner = everybody ? undefined : ownerOf(caller, filter?.userId, 'filter.userId');
  const range = keyPage('audit-events', page);
  const { types, since, until } = filter ?? {};
  const where = {
    ...(owner !== undefined && { userId: owner }),
    ...(types && { type: { in: types.slice(0, 50).map((type) => type.toLowerCase()) } }),
    ...((since || until) && { occurredAt: { ...(since && { gte: since }), ...(until && { lt: until }) } }),
  };
  const rows = await parts.db.auditEvent.findMany({
    where: { ...where, ...(range.after && { id: { lt: range.after } }) },
    orderBy: { id: 'desc' },
    take: range.take + 1,
  });
  return { ...idConnection(rows, range), totalCount: () => parts.db.auditEvent.count({ where, take: MAX_COUNT }) };
}

function ownerOf(caller: UserIdentity, asked: string | null | undefined, argument: string): string {
  if (asked == null || asked === caller.userId) return caller.userId;
  if (!caller.scopes.includes('admin')) throw forbidden('Only administrators see those of others.');
  if (!isUuid(asked)) throw badInput(argument, 'is not the id of a user.');
  return asked;
}
