import { forbidden, unauthenticated } from '#platform/base/errors/errors.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { User } from '#prisma/auth/client/client.ts';
import type { Context } from './context.ts';

/** Whether the caller may see what others may not: the user, an administrator, or a part of the graph itself. */
function seesAll(user: User, identity: Identity): boolean {
  if (identity.kind === 'service') return true;
  if (identity.kind === 'anonymous') return false;
  if (identity.scopes.includes('admin')) return true;
  return identity.userId === user.id && identity.scopes.includes('account:read');
}

const ownField =
  <Value>(read: (user: User) => Value) =>
  (user: User, _args: object, { identity }: Context): Value | null =>
    seesAll(user, identity) ? read(user) : null;

export const userResolvers = {
  User: {
    // A direct call to this field with any id reads public fields only; private ones are guarded one by one below.
    __resolveReference({ id }: { id: string }, { identity, loaders }: Context): Promise<User | null> {
      if (identity.kind === 'anonymous') throw unauthenticated();
      return loaders.users.load(id);
    },
    email: ownField((user) => user.email),
    emailVerified: ownField((user) => user.emailVerifiedAt !== null),
    roles: ownField((user) => user.roles.map((role) => role.toUpperCase())),
    disabledAt: ownField((user) => user.disabledAt),
    lastLoginAt: ownField((user) => user.lastLoginAt),
  },
  Query: {
    async me(_root: unknown, _args: object, { identity, loaders }: Context): Promise<User> {
      if (identity.kind !== 'user') throw forbidden('A service is not a user: ask as a user.');
      const user = await loaders.users.load(identity.userId);
      if (user === null) throw unauthenticated('The account is gone.');
      return user;
    },
    user: (_root: unknown, { id }: { id: string }, { loaders }: Context) => loaders.users.load(id),
  },
};
