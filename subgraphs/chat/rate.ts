import { rateLimited } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { ChatParts } from './parts.ts';

/**
 * Spends one of what a user may do in a minute.
 *
 * @throws {CodedError} RATE_LIMITED, with the seconds until the next.
 */
export async function spend(
  { limiter, config }: ChatParts,
  user: UserIdentity,
  what: 'messages' | 'conversations' | 'invitations' | 'shares',
): Promise<void> {
  const rule = { name: `chat-${what}`, limit: config.CHAT_SENDS_PER_MINUTE, windowS: 60 };
  const verdict = await limiter.consume(`user:${user.userId}`, rule);
  if (!verdict.allowed) throw rateLimited(`At most ${rule.limit} ${what} a minute are accepted.`, verdict.retryAfter);
}
