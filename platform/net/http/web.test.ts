import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { sendResponse } from './web.ts';

const made = Promise.withResolvers<void>();
const asked = Promise.withResolvers<void>();
const sent = Promise.withResolvers<'cancelled'>();
const server = createServer(async (_, response) => {
  const left = once(response, 'close');
  asked.resolve();
  await left;
  const body = new ReadableStream({ cancel: () => sent.resolve('cancelled') });
  made.resolve(sendResponse(response, new Response(body)));
}).listen(0, '127.0.0.1');
afterAll(() => server.close());

it('an answer whose client has left while it was made is let go, and is not an error', async () => {
  if (!server.listening) await once(server, 'listening');
  const request = get({ port: (server.address() as AddressInfo).port });
  request.on('error', () => {});
  await asked.promise;
  request.destroy();
  await made.promise;
  expect(await sent.promise).toBe('cancelled');
});
