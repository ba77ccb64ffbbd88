import { timingSafeEqual } from 'node:crypto';
import { digestOf, randomToken } from '#platform/base/secrets/tokens.ts';
import { proveSignIn } from '../accounts/login.ts';
import type { Actor } from '../actor.ts';
import { OAuthError } from '../clients/oauth-error.ts';
import type { AuthParts } from '../parts.ts';
import type { AppTokens } from '../sessions/app-sessions.ts';
import type { AuthorizationRequest } from './authorization-request.ts';

/** How long a code is good for, in ms: an app exchanges it at once. */
export const CODE_LIFE_MS = 60_000;
const VERIFIER = /^[\w.~-]{43,128}$/;

/**
 * Makes a code for an app whose person has signed in and said yes.
 *
 * @param scopes what the person let the app have of what it asked for.
 * @throws {CodedError} UNAUTHENTICATED, ACCOUNT_LOCKED, RATE_LIMITED, as a sign-in does.
 */
export async function grantCode(
  parts: AuthParts,
  { client, redirectUri, codeChallenge }: AuthorizationRequest,
  scopes: readonly string[],
  credentials: { readonly email: string; readonly password: string },
  actor: Actor,
): Promise<string> {
  const proved = await proveSignIn(parts, credentials, actor);
  const code = randomToken();
  await parts.changes.run(actor, async (change) => {
    const user = await proved.confirm(change.tx);
    await change.tx.authorizationCode.create({
      data: {
        codeHash: digestOf(code),
        userId: user.id,
        clientId: client.id,
        clientName: client.name,
        redirectUri,
        codeChallenge,
        scopes: [...scopes],
        expiresAt: new Date(Date.now() + CODE_LIFE_MS),
      },
    });
    const details = { app: client.name, clientId: client.id.slice(0, 500), scopes: [...scopes] };
    await change.audit({ type: 'authn_login_success', userId: user.id, actorId: user.id, details });
  });
  return code;
}

/** A code with what shows that it is the app's own. */
export interface Redemption {
  readonly code: string;
  readonly clientId: string;
  /** May be left out, as in OAuth 2.1: the verifier takes its place. */
  readonly redirectUri: string | undefined;
  readonly verifier: string | undefined;
}

/**
 * Exchanges a code for the tokens of a session of the app. A code that comes again was stolen, before or after: the
 * session that it opened ends.
 *
 * @throws {OAuthError} invalid_grant, saying the same whatever was wrong.
 */
export async function redeemCode(
  parts: AuthParts,
  { code, clientId, redirectUri, verifier }: Redemption,
  actor: Actor,
): Promise<AppTokens> {
  const codeHash = digestOf(code);
  const found = await parts.db.authorizationCode.findUnique({ where: { codeHash }, include: { user: true } });
  const isBound =
    found !== null &&
    found.clientId === clientId &&
    (redirectUri === undefined || found.redirectUri === redirectUri) &&
    VERIFIER.test(verifier ?? '') &&
    timingSafeEqual(Buffer.from(digestOf(verifier!)), Buffer.from(found.codeChallenge));
  if (!isBound) throw notGood();
  const session = await parts.changes.run(actor, async (change) => {
    // Of many at once, one succeeds; the others wait for it here, and then see its session.
    const taken = await change.tx.authorizationCode.updateMany({
      where: { codeHash, usedAt: null, expiresAt: { gt: new Date() }, user: { disabledAt: null } },
      data: { usedAt: new Date() },
    });
    if (taken.count === 0) return undefined;
    const opened = await parts.apps.open(change, found, actor);
    await change.tx.authorizationCode.update({ where: { codeHash }, data: { sessionId: opened.id } });
    return opened;
  });
  if (session) return parts.apps.tokens(found.user, session, session.scopes);
  const spent = await parts.db.authorizationCode.findUnique({ where: { codeHash } });
  const { userId, sessionId } = spent ?? {};
  if (userId && sessionId) {
    await parts.changes.run(actor, async (change) => {
      await change.endSessions({ id: sessionId }, 'authorization code reused');
      await change.audit({ type: 'authn_token_reuse', userId, details: { sessionId, what: 'authorization code' } });
    });
  }
  throw notGood();
}

const notGood = () =>
  new OAuthError(
    'invalid_grant',
    'The code is wrong, was used already, has expired, or was made for another app or URI.',
  );
