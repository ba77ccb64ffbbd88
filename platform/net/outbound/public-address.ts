import { BlockList, isIP } from 'node:net';

/** Addresses that are not of the public internet: a server's own, its neighbours', and those with a special meaning. */
const SPECIAL = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  // All that is public lies in 2000::/3; of that, these are not or lead to an IPv4 address.
  ipv6: ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
} as const;

const special = new BlockList();
for (const family of ['ipv4', 'ipv6'] as const) {
  for (const range of SPECIAL[family]) {
    const [network, prefix] = range.split('/');
    special.addSubnet(network!, Number(prefix), family);
  }
}
const unicast = new BlockList();
unicast.addSubnet('2000::', 3, 'ipv6');

/** Returns whether an IP address is one of the public internet. Anything that is not an IP address is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  return family === 6 && unicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
