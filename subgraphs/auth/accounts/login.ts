import { unauthenticated } from '#platform/base/errors/errors.ts';
import { networkOf } from '#platform/identity/client-info.ts';
import type { Session, User } from '#prisma/auth/client/client.ts';
import type { Actor } from '../actor.ts';
import type { Tx } from '../change.ts';
import { maskEmail, searchableEmail } from '../email.ts';
import type { AuthParts } from '../parts.ts';
import type { AttemptSource } from '../passwords/lockout.ts';
import type { TokenPair } from '../sessions/sessions.ts';

export interface SignedIn {
  readonly user: User;
  readonly session: Session;
  readonly tokens: TokenPair;
}

type Token = string | null | undefined;

/** Sessions that are looked through for devices and networks of an account, the latest first. */
const SESSIONS_LOOKED_AT = 100;

/** The user whose password was right, where it was given. */
export interface Proved {
  readonly user: User;
  readonly device: string | undefined;
  readonly source: AttemptSource;
  /** Returns the user as the transaction sees it, its attempts forgotten. @throws {CodedError} UNAUTHENTICATED. */
  confirm(tx: Tx): Promise<User>;
}

/**
 * Proves who signs in. An unknown address, a wrong password, a shut account and an address that is not confirmed read
 * the same and take the same steps: the same statements, one hash.
 *
 * @throws {CodedError} UNAUTHENTICATED, ACCOUNT_LOCKED, RATE_LIMITED.
 */
export async function proveSignIn(
  parts: AuthParts,
  input: { readonly email: string; readonly password: string; readonly deviceToken?: Token },
  actor: Actor,
): Promise<Proved> {
  const email = searchableEmail(input.email);
  const device = parts.devices.read(email, input.deviceToken);
  await parts.limits.spend('login', actor, device);
  const source = await sourceOf(parts, email, input.deviceToken, actor);
  const attempt = await parts.lockout.count(email, source);
  const found = await parts.db.user.findUnique({ where: { email } });
  const matches = await parts.hasher.verify(found?.passwordHash, input.password);
  const allowed =
    found !== null && found.disabledAt === null && (found.emailVerifiedAt !== null || !parts.mail.configured);
  if (!matches || !allowed) {
    const details = { email: maskEmail(email), attempt: attempt.number };
    await parts.changes.run(actor, (change) =>
      change.audit({
        type: attempt.locks ? 'authn_login_lock' : 'authn_login_fail',
        userId: found?.id ?? null,
        details,
      }),
    );
    throw refused();
  }
  return { user: found, device, source, confirm: (tx) => confirm(parts, found, tx, undefined, source) };
}

/** Signs in. @throws {CodedError} UNAUTHENTICATED, ACCOUNT_LOCKED, RATE_LIMITED. */
export async function login(
  parts: AuthParts,
  input: { readonly email: string; readonly password: string; readonly deviceToken?: Token },
  actor: Actor,
): Promise<SignedIn & { readonly deviceToken: string }> {
  const { user, device, source } = await proveSignIn(parts, input, actor);
  const signedIn = await signIn(parts, user, actor, { password: input.password, source });
  return { ...signedIn, deviceToken: parts.devices.issue(user.email, device) };
}

/**
 * Returns where a sign-in comes from. A device is known by its token, or by its network and user agent together, as
 * an earlier session of the account has them.
 */
async function sourceOf(
  { db, devices }: AuthParts,
  email: string,
  token: Token,
  { client }: Actor,
): Promise<AttemptSource> {
  const network = networkOf(client);
  const sessions = await db.session.findMany({
    where: { user: { email }, clientId: null },
    orderBy: { id: 'desc' },
    take: SESSIONS_LOOKED_AT,
    select: { ipAddress: true, userAgent: true },
  });
  const device = devices.read(email, token);
  if (device !== undefined) return { device };
  const near = sessions.filter(({ ipAddress }) => ipAddress !== null && networkOf({ ipAddress }) === network);
  const same = near.some(({ userAgent }) => userAgent !== null && userAgent === client?.userAgent);
  if (same) return { device: devices.nameOf(`${network} ${client?.userAgent}`) };
  return { network, known: near.length > 0 };
}

/**
 * Opens a session for a user who has proved to be who they are.
 *
 * @param proof the password that was right, and where it was given.
 */
export async function signIn(
  parts: AuthParts,
  found: User,
  actor: Actor,
  proof?: { readonly password: string; readonly source: AttemptSource },
): Promise<SignedIn> {
  const outdated = proof !== undefined && found.passwordHash !== null && parts.hasher.isOutdated(found.passwordHash);
  const rehashed = outdated ? await parts.hasher.hash(proof.password) : undefined;
  const { user, session } = await parts.changes.run(actor, async (change) => {
    const user = await confirm(parts, found, change.tx, rehashed, proof?.source);
    const session = await parts.sessions.open(change.tx, user.id, actor);
    const entry = { userId: user.id, actorId: user.id, details: { sessionId: session.id } };
    await change.audit({ type: 'authn_login_success', ...entry });
    return { user, session };
  });
  return { user, session, tokens: await parts.sessions.tokens(user, session) };
}

/** Again, in the transaction: the account may have been shut or the password changed while the hash was made. */
async function confirm(
  { lockout }: AuthParts,
  found: User,
  tx: Tx,
  rehashed: string | undefined,
  source: AttemptSource | undefined,
): Promise<User> {
  const [user] = await tx.user.updateManyAndReturn({
    where: { id: found.id, disabledAt: null, passwordHash: found.passwordHash },
    data: { lastLoginAt: new Date(), ...(rehashed && { passwordHash: rehashed }) },
  });
  if (user === undefined) throw refused();
  if (source) await lockout.clear(user.email, source, tx);
  return user;
}

const refused = () => unauthenticated('The address or the password is wrong, or the address is not confirmed yet.');
