import { Resolver } from 'node:dns/promises';

/** How long a server of names is waited for, in ms, and how often each is asked. */
const TIMEOUT_MS = 1_500;
const TRIES = 2;

/** An address with its family, 4 or 6. */
export interface FoundAddress {
  readonly address: string;
  readonly family: number;
}

/**
 * Makes what resolves names of the public internet by asking their servers, and not the system: that has two threads
 * for it, which all names of the process share, and waits half a minute for a server that is silent. Strangers name
 * hosts here (an app's document), so theirs must not hold up those of stores and providers.
 *
 * @param servers as `setServers` of node:dns takes them. Default: those of the system.
 * @returns a function that throws what the server says, where it knows no address.
 */
export function publicNames(servers?: readonly string[]): (host: string) => Promise<FoundAddress[]> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers) resolver.setServers(servers);
  return async (host) => {
    // Names of this machine, which no server has (RFC 6761).
    if (/^(?:.+\.)?localhost\.?$/i.test(host)) return [{ address: '127.0.0.1', family: 4 }];
    const asked = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = asked.flatMap((answer, index) =>
      answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })) : [],
    );
    const refused = asked.find((answer) => answer.status === 'rejected');
    if (found.length === 0 && refused) throw refused.reason;
    return found;
  };
}
