import type { JsonObject } from '#platform/base/json/json.ts';
import type { Prisma } from '#prisma/auth/client/client.ts';
import { type Actor, actorOf } from './actor.ts';

/** The words of the OWASP logging vocabulary cheat sheet that this subgraph has occasion for. */
export const AUDIT_TYPES = [
  'authn_login_success',
  'authn_login_fail',
  'authn_login_lock',
  'authn_password_change',
  'authn_password_change_fail',
  'authn_token_created',
  'authn_token_revoked',
  'authn_token_reuse',
  'authz_admin',
  'excess_rate_limit_exceeded',
  'privilege_permissions_changed',
  'session_created',
  'session_expired',
  'user_created',
  'user_created_fail',
  'user_updated',
  'user_archived',
  'user_deleted',
] as const;

export type AuditType = (typeof AUDIT_TYPES)[number];

export interface AuditEntry {
  readonly type: AuditType;
  /** Whose account it is about. */
  readonly userId?: string | null;
  /** Who did it, where the actor does not say so yet, as in a sign-in. */
  readonly actorId?: string;
  /** Never a secret. */
  readonly details?: JsonObject;
}

/** Writes the entry in the transaction of the change it tells of: one is never there without the other. */
export async function writeAudit(tx: Prisma.TransactionClient, actor: Actor, entry: AuditEntry): Promise<void> {
  await tx.auditEvent.create({
    data: {
      type: entry.type,
      userId: entry.userId ?? null,
      actorId: entry.actorId ?? actorOf(actor),
      ipAddress: actor.client?.ipAddress ?? null,
      userAgent: actor.client?.userAgent ?? null,
      details: entry.details ?? {},
    },
  });
}
