import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { SubgraphTransport } from '#platform/transport/transport.ts';
import { clientOf } from './client.ts';
import { forward } from './forward.ts';

it('tells a route where the request came from, whatever the client says about that', async () => {
  const seen: (string | null)[] = [];
  const transport = {
    fetch: async (request: Request) => {
      seen.push(request.headers.get('x-sextant-client'), await request.text());
      return new Response('ok');
    },
  } as unknown as SubgraphTransport;
  const server = createServer((request, response) => {
    forward(request, response, transport, '/form', undefined, clientOf(request, 0));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const headers = { 'x-sextant-client': 'ip=203.0.113.1', 'x-forwarded-for': '203.0.113.2', 'user-agent': 'probe' };
  await fetch(`http://127.0.0.1:${port}/_/auth/form`, { method: 'POST', headers, body: 'a=b' });
  server.close();
  expect(seen).toEqual(['ip=127.0.0.1&ua=probe', 'a=b']);
});
