import { isIPv6 } from 'node:net';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';

/** Who does something, and from where. */
export interface Origin {
  readonly identity: Identity;
  readonly client?: ClientInfo | undefined;
}

/** What this process does of its own accord. */
export const SYSTEM: Origin = { identity: { kind: 'service', service: 'auth' } };
export const NOBODY: Origin = { identity: ANONYMOUS };

export const actorOf = (origin: Origin): string | null =>
  origin.identity.kind === 'user' ? origin.identity.userId : null;

/** What an address counts as for rate limits: of IPv6 the /64 that one subscriber has. */
export function addressKey(client: ClientInfo | undefined): string {
  const address = client?.ipAddress ?? 'unknown';
  if (!isIPv6(address) || address.toLowerCase().startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const groups = head.split(':').filter(Boolean);
  const last = tail.split(':').filter(Boolean);
  if (address.includes('::')) while (groups.length + last.length < 8) groups.push('0');
  return [...groups, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
