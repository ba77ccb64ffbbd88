import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isPublicAddress } from './public-address.ts';
import { PublicFetch, type PublicFetchOptions } from './public-fetch.ts';

let server: http.Server;
let reached: string[] = [];
let answer: http.RequestListener = (_request, response) => void response.end('hello');
const open: PublicFetch[] = [];
beforeAll(async () => {
  server = http.createServer((request, response) => {
    reached.push(`${request.headers.host}${request.url}`);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  for (const one of open) await one[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});
const port = () => (server.address() as AddressInfo).port;

function client(more: Partial<PublicFetchOptions> = {}): PublicFetch {
  const one = new PublicFetch({
    trusted: [],
    maxBytes: 1_000,
    timeoutMs: 2_000,
    accepts: (type) => type === '' || type.startsWith('text/'),
    userAgent: 'test',
    ...more,
  });
  open.push(one);
  return one;
}
const never = new AbortController().signal;
const get = (url: string, more: Partial<PublicFetchOptions> = {}) => client(more).get(url, never);

it.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '172.31.255.255',
  '192.168.0.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  'fe80::1',
  'fc00::1',
  'fd12::1',
  'ff02::1',
  '2001:db8::1',
  '2002:7f00:1::',
  'localhost',
  '',
])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

it.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '192.0.1.1', '2606:4700::1111', '2a00:1450::1'])(
  '%s is public',
  (address) => expect(isPublicAddress(address)).toBe(true),
);

it.each([
  ['an address of this machine', 'http://127.0.0.1/', /not one of the public/],
  ['the same as a number', 'http://2130706433/', /not one of the public/],
  ['the same in octal', 'http://0177.0.0.1/', /not one of the public/],
  ['the same, shortened', 'http://127.1/', /not one of the public/],
  ['of IPv6', 'http://[::1]/', /not one of the public/],
  ['IPv4 within IPv6', 'http://[::ffff:127.0.0.1]/', /not one of the public/],
  ['a cloud’s metadata', 'http://169.254.169.254/latest/meta-data', /not one of the public/],
  ['another port', 'http://example.org:6379/', /Port 6379/],
  ['another protocol', 'file:///etc/passwd', /Only http/],
  ['credentials', 'http://a:b@example.org/', /credentials/],
  ['no URL', 'example', /not a URL/],
])('does not fetch %s', async (_name, url, message) => {
  reached = [];
  await expect(get(url)).rejects.toThrow(message);
  expect(reached).toEqual([]);
});

it('does not fetch a name that leads to a private address, and one that changes is not asked again', async () => {
  reached = [];
  const to =
    (...addresses: string[]) =>
    async () =>
      addresses.map((address) => ({ address, family: 4 }));
  await expect(get('http://rebound.example/', { resolve: to('127.0.0.1') })).rejects.toThrow(/not one of the public/);
  await expect(get('http://localhost/')).rejects.toThrow(/not one of the public/);
  let asked = 0;
  // Public when it is checked, private a moment later: the connection goes to what was checked.
  const rebinding = async () => [{ address: asked++ === 0 ? '8.8.8.8' : '127.0.0.1', family: 4 }];
  await expect(get('http://rebound.example/', { resolve: rebinding, timeoutMs: 300 })).rejects.toThrow();
  expect(asked).toBe(1);
  await expect(get('http://gone.example/', { resolve: to() })).rejects.toThrow(/not known/);
  expect(reached).toEqual([]);
});

it('trusts a name of the administrator’s for the port that is named alone', async () => {
  const own = async () => [{ address: '127.0.0.1', family: 4 }];
  const named = { trusted: [`wiki.internal:${port()}`], resolve: own };
  expect((await get(`http://wiki.internal:${port()}/`, named)).body.toString()).toBe('hello');
  reached = [];
  for (const url of ['http://wiki.internal/', 'https://wiki.internal/'])
    await expect(get(url, named)).rejects.toThrow(/not one of the public/);
  expect(reached).toEqual([]);
});

it('checks where a redirect leads', async () => {
  reached = [];
  answer = (request, response) => {
    if (request.url === '/on') response.writeHead(302, { location: '/there' }).end();
    else if (request.url === '/there') response.setHeader('content-type', 'text/plain').end('arrived');
    else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else response.writeHead(302, { location: 'http://[::1]:80/secret' }).end();
  };
  const host = `127.0.0.1:${port()}`;
  const trusted = [host];
  expect((await get(`http://${host}/on`, { trusted })).body.toString()).toBe('arrived');
  await expect(get(`http://${host}/away`, { trusted })).rejects.toThrow(/not one of the public/);
  await expect(get(`http://${host}/loop`, { trusted })).rejects.toThrow(/more than 5 times/);
});

it('takes no more than it may, of the kind that it may, in the time that it has', async () => {
  const host = `127.0.0.1:${port()}`;
  const trusted = [host];
  let closed: Promise<unknown> = Promise.resolve();
  answer = (request, response) => {
    closed = once(response, 'close');
    if (request.url === '/silent') return;
    if (request.url === '/packed') response.setHeader('content-encoding', 'br');
    response.setHeader('content-type', request.url === '/picture' ? 'image/png' : 'text/plain');
    if (request.url === '/gone') response.statusCode = 410;
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
      response.once('drain', write);
    };
    write();
  };
  expect(await get(`http://${host}/endless`, { trusted })).toMatchObject({ isCut: true, body: { length: 1_000 } });
  await closed;
  await expect(get(`http://${host}/picture`, { trusted })).rejects.toThrow(/image\/png; asked for is text/);
  await expect(get(`http://${host}/packed`, { trusted })).rejects.toThrow(/packed/);
  await expect(get(`http://${host}/gone`, { trusted })).rejects.toThrow(/answers 410/);
  await expect(get(`http://${host}/silent`, { trusted, timeoutMs: 200 })).rejects.toThrow(/within 200 ms/);
});
