import { rateLimited } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { ChatParts } from './parts.ts';

/**
 * Spends one of the mails that a user may have sent to others in an hour, to any address.
 *
 * @throws {CodedError} RATE_LIMITED, with the seconds until the next.
 */
export async function spendMail({ limiter, config }: ChatParts, { userId }: UserIdentity): Promise<void> {
  const rule = { name: 'chat-invitation-mails', limit: config.ACCOUNT_MAILS_PER_HOUR, windowS: 3_600 };
  const verdict = await limiter.consume(`user:${userId}`, rule);
  if (!verdict.allowed) throw rateLimited(`At most ${rule.limit} mails an hour are sent.`, verdict.retryAfter);
}

/**
 * Spends one of what a user may do in a minute.
 *
 * @throws {CodedError} RATE_LIMITED, with the seconds until the next.
 */
export async function spend(
  { limiter, config }: ChatParts,
  user: UserIdentity,
  what: 'messages' | 'conversations' | 'invitations' | 'shares' | 'folders',
): Promise<void> {
  const rule = { name: `chat-${what}`, limit: config.CHAT_SENDS_PER_MINUTE, windowS: 60 };
  const verdict = await limiter.consume(`user:${user.userId}`, rule);
  if (!verdict.allowed) throw rateLimited(`At most ${rule.limit} ${what} a minute are accepted.`, verdict.retryAfter);
}
