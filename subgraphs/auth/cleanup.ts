import { every } from '#platform/base/faults/every.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { PrismaClient } from '#prisma/auth/client/client.ts';

const DAY_MS = 86_400_000;
const EVERY_MS = 600_000;
/** How long ended sessions are kept, for an administrator who looks into what happened. */
const KEEP_SESSIONS_MS = 30 * DAY_MS;

/** Removes what has no meaning any more. Any number of replicas may do it at once. */
export async function cleanup(db: PrismaClient): Promise<void> {
  const now = Date.now();
  const today = new Date(now);
  const longAgo = new Date(now - KEEP_SESSIONS_MS);
  // Mails that a replica of the release before wrote and could not send before it was stopped.
  await db.$executeRaw`
    WITH left_over AS (DELETE FROM outgoing_mails WHERE next_try_at < now() - interval '10 minutes' RETURNING *)
    INSERT INTO jobs (id, kind, payload)
    SELECT id, 'send-mail',
      jsonb_build_object('sealed', sealed, 'expiresAt', (extract(epoch FROM expires_at) * 1000)::bigint)
    FROM left_over`;
  await db.oneTimeToken.deleteMany({ where: { expiresAt: { lt: today } } });
  await db.authorizationCode.deleteMany({ where: { expiresAt: { lt: new Date(now - DAY_MS) } } });
  await db.revocation.deleteMany({ where: { expiresAt: { lt: today } } });
  await db.loginAttempts.deleteMany({ where: { lastAt: { lt: new Date(now - DAY_MS) }, lockedUntil: { lt: today } } });
  await db.signingKey.deleteMany({ where: { publishedTo: { lt: today } } });
  await db.session.deleteMany({ where: { OR: [{ expiresAt: { lt: longAgo } }, { revokedAt: { lt: longAgo } }] } });
}

/** Cleans up every ten minutes. */
export function startCleanup(db: PrismaClient, log: Logger): Disposable {
  return { [Symbol.dispose]: every(EVERY_MS, { where: 'auth cleanup', log }, () => cleanup(db)) };
}
