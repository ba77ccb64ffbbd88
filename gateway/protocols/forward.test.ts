import { connect } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { secretsOf } from '#platform/base/secrets/secrets.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { createSubgraph } from '#platform/host/host.ts';
import { serveSubgraph } from '#platform/host/server.ts';
import { hostPlatform } from '#platform/host/testing/platform.ts';
import { library } from '#platform/host/testing/subgraph.ts';
import { createAssertions } from '#platform/identity/assertions.ts';
import { CountingRateLimiter } from '#platform/identity/limits/counting-rate-limiter.ts';
import { createHttpTransport } from '#platform/net/transport/http.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { startTestGateway } from '../testing/test-gateway.ts';

/** The library with a route that says what it was told. */
const telling: SubgraphDefinition = {
  ...library,
  async start(platform) {
    const running = await library.start(platform);
    return {
      ...running,
      routes: [
        ...running.routes!,
        {
          method: 'POST',
          path: '/form',
          handle: async (request, { identity }) =>
            Response.json([request.headers.get('x-sextant-client'), await request.text(), identity.kind]),
        },
      ],
    };
  },
};

const lifecycle = new AsyncDisposableStack();
afterAll(() => lifecycle.disposeAsync());

const assertions = createAssertions(secretsOf('the secret of this installation, long enough'));
const subgraph = lifecycle.use(await createSubgraph(telling, hostPlatform()));
const server = lifecycle.use(
  await serveSubgraph(subgraph, {
    config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500 },
    port: 0,
    metrics: new Registry(),
    assertions,
  }),
);
const remote = lifecycle.use(
  createHttpTransport({ subgraph: 'library', urls: [server.url], assertions, log: pino({ level: 'silent' }) }),
);

/** Sends a request line as it is, which no client library does. @returns the status, and the body. */
function raw(port: number, target: string, method = 'GET', headers = ''): Promise<[status: number, body: string]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve([Number(text.split(' ', 2)[1]), text.split('\r\n\r\n').slice(1).join('')]));
    socket.write(`${method} ${target} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n${headers}\r\n`);
  });
}

describe.each<[string, SubgraphTransport]>([
  ['in one process', subgraph.transport],
  ['as processes of their own', remote],
])('plain routes of subgraphs %s, in production', async (_, transport) => {
  const gateway = lifecycle.use(
    await startTestGateway({ NODE_ENV: 'production' }, { transports: new Map([['library', transport]]) }),
  );

  it('are reached, and are told where the request came from, whatever the client says about that', async () => {
    expect((await raw(gateway.port, '/_/library/files/a'))[0]).toBe(200);
    const headers = { 'x-sextant-client': 'ip=203.0.113.1', 'x-forwarded-for': '203.0.113.2', 'user-agent': 'probe' };
    const answer = await fetch(`${gateway.url}/_/library/form`, { method: 'POST', headers, body: 'a=b' });
    expect(await answer.json()).toEqual(['ip=127.0.0.1&ua=probe', 'a=b', 'anonymous']);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
  });

  it('are the only thing that is reached, however a path is written', async () => {
    const hidden = ['graphql', 'health', 'ready', 'metrics', 'routes/files/a'];
    const ways = (name: string) => [
      `/_/library/${name}`,
      `/_/library/${name}?x=/files/a`,
      `/_/library//${name}`,
      `/_/library/files/../${name}`,
      `/_/library/files/%2e%2e/${name}`,
      `/_/library/files/..%2f..%2f${name}`,
      `/_/library/./${name}`,
      `/_/library/%2f${name}`,
      `/_/library/..\\${name}`,
      `/_/library\\${name}`,
      `/_/library/${name}/`,
      `/_/library/${name}%00`,
      `/_/library/${name};x`,
      `/_//${name}`,
      `//_/library/${name}`,
      `/_/library/../../${name}`,
      `/_/library/%67raphql`,
      `http://gateway/_/library/${name}`,
      `/_/library/http://127.0.0.1:${server.port}/${name}`,
      `/_/LIBRARY/${name}`,
      `/_/__proto__/${name}`,
    ];
    for (const target of hidden.flatMap(ways)) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'HEAD']) {
        expect([method, target, (await raw(gateway.port, target, method))[0]]).toEqual([method, target, 404]);
      }
    }
    // The absolute form is the path of the gateway itself, and of nothing behind it.
    for (const name of hidden) {
      const [own] = await raw(gateway.port, `/${name}`, 'GET');
      expect([name, (await raw(gateway.port, `http://gateway/${name}`, 'GET'))[0]]).toEqual([name, own]);
    }
  });

  it('answer operations in no way', async () => {
    const query = JSON.stringify({ query: '{ _service { sdl } __schema { types { name } } }' });
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      const headers = { 'content-type': type };
      const answer = await fetch(`${gateway.url}/_/library/graphql`, { method: 'POST', headers, body: query });
      expect(answer.status).toBe(404);
      expect(await answer.text()).not.toContain('sdl');
    }
    for (const path of ['/_/library/graphql', '/_/library/files/a', '/_/library/routes']) {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, 'graphql-transport-ws');
      const status = await new Promise((resolve) => {
        socket.on('error', () => undefined);
        socket.on('open', () => resolve('open'));
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      });
      socket.terminate();
      expect([path, status]).toEqual([path, 404]);
    }
  });

  it('that read nothing of a body hold up no other request of the connection', async () => {
    const body = Buffer.alloc(3_000_000);
    for (let i = 0; i < 3; i++) {
      const answer = await fetch(`${gateway.url}/_/library/nothing`, { method: 'POST', body });
      expect(answer.status).toBe(404);
      await answer.arrayBuffer();
    }
    expect((await raw(gateway.port, '/_/library/files/a'))[0]).toBe(200);
  });

  it('are refused for methods that no route declares, with those that may be', async () => {
    const url = `${gateway.url}/_/library/files/a`;
    for (const [method, status, allow] of [
      ['PATCH', 405, 'GET, HEAD'],
      ['DELETE', 405, 'GET, HEAD'],
      ['PROPFIND', 405, 'GET, HEAD, POST, PUT, DELETE'],
      ['PURGE', 405, 'GET, HEAD, POST, PUT, DELETE'],
      ['OPTIONS', 204, 'GET, HEAD, POST, PUT, DELETE'],
    ] as const) {
      const answer = await fetch(url, { method });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, status, allow]);
    }
  });

  it('count against the allowance of the address, as operations do', async () => {
    await using limited = await startTestGateway(
      { NODE_ENV: 'production', RATE_LIMIT_ADDRESS: '1' },
      {
        transports: new Map([['library', transport]]),
        limiter: new CountingRateLimiter({ metrics: new Registry() }),
      },
    );
    expect((await fetch(`${limited.url}/_/library/files/a`)).status).toBe(200);
    const refused = await fetch(`${limited.url}/_/library/files/a`);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await refused.json()).error.code).toBe('RATE_LIMITED');
  });
});
