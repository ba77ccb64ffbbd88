import { once } from 'node:events';
import { connect } from 'node:net';
import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createSubgraph } from './host.ts';
import { serveSubgraph } from './server.ts';
import { hostPlatform, plainAssertions, user } from './testing/platform.ts';
import { library } from './testing/subgraph.ts';

it('an operation without a text, or with an assertion for plain routes, is refused, and the others of its socket go on', async () => {
  const server = await serveSubgraph(await createSubgraph(library, hostPlatform()), {
    config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 },
    port: 0,
    metrics: new Registry(),
    assertions: plainAssertions,
  });
  const extensions = { identity: await plainAssertions.sign(user(), 'library/graphql') };
  const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws');
  const messages: { id?: string; type: string; payload?: unknown }[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const send = (message: object) => socket.send(JSON.stringify(message));
  socket.on('open', () => send({ type: 'connection_init' }));
  await expect.poll(() => messages.length).toBe(1);
  send({ id: '1', type: 'subscribe', payload: { extensions } });
  const forRoutes = { identity: await plainAssertions.sign(user(), 'library/routes') };
  send({ id: '3', type: 'subscribe', payload: { query: '{ mine }', extensions: forRoutes } });
  send({ id: '2', type: 'subscribe', payload: { query: 'subscription { ticks(count: 1) { number } }', extensions } });
  await expect
    .poll(() => messages.filter(({ id }) => id === '2').map(({ type }) => type))
    .toEqual(['next', 'complete']);
  expect(messages.find(({ id }) => id === '1')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
  });
  await expect
    .poll(() => messages.find(({ id }) => id === '3'))
    .toMatchObject({ type: 'error', payload: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  socket.terminate();
  await server[Symbol.asyncDispose]();
});

it('a caller that is reset while its upgrade is refused ends no process', async () => {
  const server = await serveSubgraph(await createSubgraph(library, hostPlatform()), {
    config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 },
    port: 0,
    metrics: new Registry(),
    assertions: plainAssertions,
  });
  const failed = vi.fn();
  process.on('uncaughtException', failed);
  for (let i = 0; i < 20; i++) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET /elsewhere HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.write(Buffer.alloc(100_000));
    socket.resetAndDestroy();
  }
  await expect.poll(async () => (await fetch(server.url.replace('/graphql', '/ready'))).status).toBe(200);
  process.off('uncaughtException', failed);
  expect(failed).not.toHaveBeenCalled();
  await server[Symbol.asyncDispose]();
});
