import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { requireUser } from '#platform/identity/identity.ts';
import type { User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Tx } from '../change.ts';
import { parseDisplayName } from '../display-name.ts';
import type { AuthParts } from '../parts.ts';
import { provePassword } from './password-proof.ts';

/** Longest URL of a picture, in characters. */
const MAX_URL = 2_000;

/** Changes what others see of the caller. */
export async function updateProfile(
  parts: AuthParts,
  input: { readonly displayName?: string | null; readonly avatarUrl?: URL | string | null },
  actor: Actor,
): Promise<User> {
  const { userId } = requireUser(actor.identity);
  const data: { displayName?: string; avatarUrl?: string | null } = {};
  if (input.displayName != null) data.displayName = parseDisplayName(input.displayName, 'input.displayName');
  if (input.avatarUrl !== undefined)
    data.avatarUrl = input.avatarUrl === null ? null : parsePicture(String(input.avatarUrl));
  return parts.changes.run(actor, async (change) => {
    const user = await change.tx.user.update({ where: { id: userId }, data });
    await change.audit({ type: 'user_updated', userId, details: { what: Object.keys(data) } });
    return user;
  });
}

/** Pages of others will load it: nothing but http and https, and no password in it. */
function parsePicture(given: string): string {
  const url = URL.parse(given);
  if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username ||
    url.password ||
    given.length > MAX_URL
  ) {
    throw badInput(
      'input.avatarUrl',
      `must be an http or https URL of at most ${MAX_URL} characters without a password.`,
    );
  }
  return url.href;
}

/** Deletes the caller's account; the other subgraphs learn of it through the outbox and delete what is theirs. */
export async function deleteAccount(parts: AuthParts, password: string, actor: Actor): Promise<string> {
  const user = await provePassword(parts, password, 'input.password', actor);
  await parts.changes.run(actor, async (change) => {
    await refuseLastAdmin(change.tx, user.id);
    await change.endSessions({ userId: user.id }, 'account deleted');
    await change.outdateTokens(user.id);
    await parts.outbox.record(change.tx, 'user.deleted', { userId: user.id, at: new Date().toISOString() });
    await change.tx.user.delete({ where: { id: user.id } });
    await change.audit({ type: 'user_deleted', userId: user.id });
  });
  return user.id;
}

/** Returns a number that no other account knows. */
const ADMIN_LOCK = 72_707_372;

/**
 * Refuses to take away the last administrator. Those who ask at once wait for one another, or two administrators could
 * each see the other and both go.
 */
export async function refuseLastAdmin(tx: Tx, userId: string): Promise<void> {
  await lockAdmins(tx);
  const admins = await tx.user.findMany({
    where: { roles: { has: 'admin' }, disabledAt: null },
    select: { id: true },
    take: 2,
  });
  if (admins.length === 1 && admins[0]!.id === userId) {
    throw new CodedError('CONFLICT', 'This is the last administrator: make another user one first.');
  }
}

/** Locks the set of administrators until the transaction ends, so that the last one stays. */
export const lockAdmins = (tx: Tx) => tx.$executeRaw`SELECT pg_advisory_xact_lock(${ADMIN_LOCK})`;
