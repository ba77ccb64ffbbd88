import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { clientOf, requestIdOf, traceparentOf } from './client.ts';

const request = (headers: Record<string, string>, remoteAddress = '10.0.0.9') =>
  ({ headers, socket: { remoteAddress } }) as unknown as IncomingMessage;

describe('the address of a client', () => {
  it.each([
    ['without trusted proxies is the socket’s, whatever the client says', 0, '6.6.6.6', '10.0.0.9'],
    ['behind one proxy is what that proxy saw', 1, '203.0.113.7', '203.0.113.7'],
    ['cannot be made up by the client: only our proxies’ entries count', 1, '6.6.6.6, 203.0.113.7', '203.0.113.7'],
    ['behind two proxies is the second from the right', 2, '6.6.6.6, 203.0.113.7, 10.0.0.8', '203.0.113.7'],
    ['is the leftmost where fewer proxies have spoken', 3, '203.0.113.7, 10.0.0.8', '203.0.113.7'],
    ['is the socket’s where the header is empty', 1, '', '10.0.0.9'],
    ['has no port, which would make every connection a client of its own', 1, '203.0.113.7:51234', '203.0.113.7'],
    ['has no port in IPv6 either', 1, '[2001:db8::1]:443', '2001:db8::1'],
    ['has no brackets', 1, '[2001:db8::1]', '2001:db8::1'],
    ['is the socket’s where the entry is not an address', 1, 'unknown', '10.0.0.9'],
    ['is the socket’s where the entry is too long for one', 1, '1'.repeat(10_000), '10.0.0.9'],
  ])('%s', (_, proxies, header, expected) => {
    expect(clientOf(request({ 'x-forwarded-for': header }), proxies).ipAddress).toBe(expected);
  });

  it('is the same for IPv4 on an IPv6 socket', () => {
    expect(clientOf(request({}, '::ffff:192.0.2.1'), 0).ipAddress).toBe('192.0.2.1');
  });
});

it('a request id that would break a log line is replaced', () => {
  expect(requestIdOf(request({ 'x-request-id': 'abc-1.2:3' }))).toBe('abc-1.2:3');
  for (const bad of ['a b', 'a\n{"level":50}', 'x'.repeat(200), '']) {
    expect(requestIdOf(request({ 'x-request-id': bad }))).toMatch(/^[0-9a-f-]{36}$/);
  }
});

it('a trace context is taken only when it is well formed', () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(traceparentOf(good)).toBe(good);
  for (const bad of ['01', `${good}x`, { a: 1 }, undefined]) expect(traceparentOf(bad)).toBeUndefined();
});
