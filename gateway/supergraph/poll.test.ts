import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeSdl } from '../execution/testing/fleet.ts';
import { pollSupergraph } from './poll.ts';
import { hiveRegistry, type SupergraphRegistry, uplinkRegistry, webRegistry } from './remote.ts';
import type { SupergraphWatcher } from './watch.ts';

const sdlOf = (field: string) => composeSdl({ ships: `type Query { ${field}: String }` });
const FIRST = sdlOf('first');
const SECOND = sdlOf('second');
/** The registry asks by itself only where a test waits for it. */
const NEVER = 86_000_000;

const server = createServer((request, response) => void handle(request, response));
let handle: (request: IncomingMessage, response: ServerResponse) => unknown;
let url: string;
const watchers: SupergraphWatcher[] = [];
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  for (const one of watchers.splice(0)) one.close();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function watch(registry: SupergraphRegistry, pollMs = NEVER) {
  const changes: string[] = [];
  const problems: string[] = [];
  const watcher = await pollSupergraph(
    { registry, pollMs },
    { changed: (next) => void changes.push(next.id), broken: ({ message }) => void problems.push(message) },
  );
  watchers.push(watcher);
  return { watcher, changes, problems };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A web server with ETag. */
function serve(sdl: () => string, seen: IncomingMessage[] = []) {
  handle = (request, response) => {
    seen.push(request);
    const tag = `"${sdl().length}-${sdl().includes('second')}"`;
    if (request.headers['if-none-match'] === tag) return response.writeHead(304).end();
    return response.writeHead(200, { etag: tag }).end(sdl());
  };
  return seen;
}

describe('a supergraph on a web server', () => {
  it('is asked for with its ETag, and replaces the earlier one when it is another', async () => {
    let sdl = FIRST;
    const seen = serve(() => sdl);
    const { watcher, changes } = await watch(webRegistry([`${url}/graph.graphql`], { authorization: 'Bearer secret' }));
    expect(watcher.current.sdl).toBe(FIRST);
    expect(await watcher.reload()).toBe(false);
    expect(seen.map(({ headers }) => headers['if-none-match'] !== undefined)).toEqual([false, true]);
    expect(seen[0]!.headers.authorization).toBe('Bearer secret');
    sdl = SECOND;
    expect(await watcher.reload()).toBe(true);
    expect([watcher.current.sdl, changes.length]).toEqual([SECOND, 1]);
  });

  it('is followed by itself', async () => {
    let sdl = FIRST;
    serve(() => sdl);
    const { watcher } = await watch(webRegistry([url]), 20);
    sdl = SECOND;
    await expect.poll(() => watcher.current.sdl).toBe(SECOND);
  });

  it('that is broken, too large, or not there does not replace a good one, and is told once', async () => {
    serve(() => FIRST);
    const { watcher, problems } = await watch(webRegistry([url]));
    handle = (_, response) => response.end('type Query {');
    expect([await watcher.reload(), await watcher.reload()]).toEqual([false, false]);
    expect(problems).toEqual([expect.stringContaining('is not a composed supergraph')]);
    handle = (_, response) => response.writeHead(500).end();
    await watcher.reload();
    expect(problems[1]).toMatch(/cannot be had from http:\/\/127\.0\.0\.1:\d+\/: it answers with status 500/);
    handle = (_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, ' ');
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', write);
      };
      write();
    };
    await watcher.reload();
    expect(problems[2]).toContain('more than 33554432 bytes');
    expect(watcher.current.sdl).toBe(FIRST);
  });

  it('may be behind another address; what proves who asks stays with the first', async () => {
    const elsewhere: IncomingMessage[] = [];
    const other = createServer((request, response) => {
      elsewhere.push(request);
      response.end(FIRST);
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    handle = (_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/x` }).end();
    const { watcher } = await watch(webRegistry([url], { 'x-hive-cdn-key': 'secret' }));
    expect(watcher.current.sdl).toBe(FIRST);
    expect(elsewhere[0]!.headers['x-hive-cdn-key']).toBeUndefined();
    other.closeAllConnections();
    other.close();
  });

  it('that is not there at the start stops it with one line', async () => {
    handle = (_, response) => response.writeHead(404).end();
    await expect(watch(webRegistry([`${url}/graph?token=secret`]))).rejects.toThrow(
      /^The supergraph cannot be had from http:\/\/127\.0\.0\.1:\d+\/graph: it answers with status 404\.$/,
    );
  });
});

it('Hive’s CDN is asked at /supergraph with its key, and at the mirror when it does not answer', async () => {
  const seen = serve(() => FIRST);
  const { watcher } = await watch(
    hiveRegistry(['http://127.0.0.1:1/artifacts/v1/target', `${url}/artifacts/v1/target`], 'key'),
  );
  expect(watcher.current.sdl).toBe(FIRST);
  expect([seen[0]!.url, seen[0]!.headers['x-hive-cdn-key']]).toEqual(['/artifacts/v1/target/supergraph', 'key']);
});

describe('Apollo’s Uplink', () => {
  const answers: object[] = [];
  const asked: { apiKey: string; ref: string; ifAfterId: string | null }[] = [];
  const uplink = () => {
    answers.splice(0);
    asked.splice(0);
    handle = async (request, response) => {
      asked.push((JSON.parse(await bodyOf(request)) as { variables: (typeof asked)[0] }).variables);
      const routerConfig = answers.length > 1 ? answers.shift() : answers[0];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: { routerConfig } }));
    };
    return uplinkRegistry(['http://127.0.0.1:1/', url], 'service:shop:key', 'shop@production');
  };
  const config = (id: string, supergraphSdl: string) => ({
    __typename: 'RouterConfigResult',
    id,
    supergraphSdl,
    minDelaySeconds: 0.01,
  });

  it('is asked for what is newer than the last answer', async () => {
    const registry = uplink();
    answers.push(config('1', FIRST), { __typename: 'Unchanged', id: '1', minDelaySeconds: 30 }, config('2', SECOND));
    const { watcher } = await watch(registry);
    expect(await watcher.reload()).toBe(false);
    expect(await watcher.reload()).toBe(true);
    expect(watcher.current.sdl).toBe(SECOND);
    expect(asked.map(({ ifAfterId }) => ifAfterId)).toEqual([null, '1', '1']);
    expect(asked[0]).toMatchObject({ apiKey: 'service:shop:key', ref: 'shop@production' });
  });

  it('that refuses the key stops the start with one line, without the key', async () => {
    const registry = uplink();
    answers.push({ __typename: 'FetchError', code: 'AUTHENTICATION_FAILED', message: 'Unable to authenticate' });
    await expect(watch(registry)).rejects.toThrow(
      /^Apollo’s Uplink refuses shop@production: AUTHENTICATION_FAILED: Unable to authenticate$/,
    );
  });

  it('that sends on to another server has shown it no key', async () => {
    const registry = uplink();
    let elsewhere = 0;
    const other = createServer((_, response) => {
      elsewhere++;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    handle = (_, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }).end();
    await expect(watch(registry)).rejects.toThrow(/it redirects to another server, which may not see the key\.$/);
    expect(elsewhere).toBe(0);
    other.close();
  });

  it('that wants no question for years is asked after an hour', async () => {
    const registry = uplink();
    answers.push({ ...config('1', FIRST), minDelaySeconds: 1e9 });
    expect((await registry.ask()).waitMs).toBe(3_600_000);
  });

  it('that has a passing trouble leaves the good one', async () => {
    const registry = uplink();
    answers.push(config('1', FIRST), { __typename: 'FetchError', code: 'RETRY_LATER', message: 'later' });
    const { watcher, problems } = await watch(registry);
    expect(await watcher.reload()).toBe(false);
    expect(problems[0]).toContain('RETRY_LATER');
    expect(watcher.current.sdl).toBe(FIRST);
  });
});
