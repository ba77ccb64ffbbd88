import { describe, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { networkOf, readClientInfo, writeClientInfo } from './client-info.ts';

it('what a client says of itself arrives as it was, cut to its limit, and stays within one header', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(
      fc.option(fc.ipV6(), { nil: undefined }),
      fc.option(text, { nil: undefined }),
      (ipAddress, userAgent) => {
        const header = writeClientInfo({ ipAddress, userAgent });
        expect(header).toMatch(/^[\x21-\x7e]*$/);
        expect(readClientInfo(header)).toEqual({
          ipAddress,
          userAgent: userAgent ? userAgent.slice(0, 256).toWellFormed() : undefined,
        });
      },
    ),
  );
});

describe('the network that an address counts for', () => {
  it.each([
    ['IPv4 is itself', '192.0.2.1', '192.0.2.1'],
    ['IPv6 is its /64', '2001:db8:0:1:aaaa:bbbb:cccc:dddd', '2001:db8:0:1::/64'],
    ['a shortened spelling is the same', '2001:0DB8::1:0:0:0:1', '2001:db8:0:1::/64'],
    ['zeros at the end', '2001:db8::', '2001:db8:0:0::/64'],
    ['the loopback', '::1', '0:0:0:0::/64'],
    ['a zone does not count', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['IPv4 written as IPv6 is itself', '::ffff:192.0.2.1', '192.0.2.1'],
    ['in the other spelling, too', '::FFFF:c000:201', '192.0.2.1'],
    ['an IPv4 tail takes two groups', '64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
    ['what is not an address is itself, within bounds', `a:${'b'.repeat(100)}`, `a:${'b'.repeat(62)}`],
    ['no address is one for all', undefined, 'unknown'],
  ])('%s', (_, ipAddress, expected) => {
    expect(networkOf({ ipAddress })).toBe(expected);
  });

  it('is one for all addresses of a /64, and another for the next', () => {
    const network = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });
    const spelt = (groups: readonly number[]) => new URL(`http://[${groups.map((g) => g.toString(16)).join(':')}]`);
    const of = (groups: readonly number[]) => networkOf({ ipAddress: spelt(groups).hostname.slice(1, -1) });
    fc.assert(
      fc.property(network, network, network, ([a = 0, b = 0, c = 0, d = 0], one, other) => {
        fc.pre(a !== 0);
        expect(of([a, b, c, d, ...one])).toBe(of([a, b, c, d, ...other]));
        expect(of([a, b, c, d, ...one])).not.toBe(of([a, b, c, d ^ 1, ...one]));
      }),
    );
  });
});
