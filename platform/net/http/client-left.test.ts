import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, constants, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { isClosed, watchClient } from './client-left.ts';
import { readBody } from './web.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;
interface Served {
  /** Sends a whole body of unknown length, and returns how to leave. */
  post(): { leave(): void; answered: Promise<unknown> };
}

const lifecycle = new AsyncDisposableStack();
afterAll(() => lifecycle.disposeAsync());

async function overHttp1(handle: Handle): Promise<Served> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  lifecycle.defer(() => void server.close());
  return {
    post() {
      const headers = { 'transfer-encoding': 'chunked' };
      const { port } = server.address() as AddressInfo;
      const request = ask({ host: '127.0.0.1', port, method: 'POST', headers });
      request.on('error', () => {});
      request.end('{}');
      const answered = once(request, 'response').then(([response]) => once(response.resume(), 'end'));
      answered.catch(() => {});
      return { leave: () => request.destroy(), answered };
    },
  };
}

async function overHttp2(handle: Handle): Promise<Served> {
  const server = createHttp2((request, response) => {
    handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  lifecycle.defer(() => {
    client.destroy();
    server.close();
  });
  return {
    post() {
      const stream = client.request({ ':method': 'POST', ':path': '/' });
      stream.on('error', () => {});
      stream.end('{}');
      const answered = once(stream.resume(), 'end');
      answered.catch(() => {});
      return { leave: () => stream.close(constants.NGHTTP2_CANCEL), answered };
    },
  };
}

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('a client over %s', (_, serve) => {
  const serveOnce = async () => {
    const came = Promise.withResolvers<{ request: IncomingMessage; response: ServerResponse }>();
    const { post } = await serve((request, response) => came.resolve({ request, response }));
    return { ...post(), ...(await came.promise) };
  };

  it('that has left before it is watched is known to have left, and its body is not waited for', async () => {
    const { request, response, leave } = await serveOnce();
    expect([isClosed(request), isClosed(response)]).toEqual([false, false]);
    const left = once(response, 'close');
    leave();
    await left;
    expect([isClosed(request), isClosed(response)]).toEqual([true, true]);
    expect(watchClient(response).aborted).toBe(true);
    await expect(readBody(request, 100)).rejects.toThrow('cut off');
  });

  it('that leaves while it is watched ends the work', async () => {
    const { response, leave } = await serveOnce();
    const work = watchClient(response);
    expect(work.aborted).toBe(false);
    leave();
    await expect.poll(() => work.aborted).toBe(true);
  });

  it('that gets the whole answer ends nothing', async () => {
    const { request, response, answered } = await serveOnce();
    const work = watchClient(response);
    expect(String(await readBody(request, 100))).toBe('{}');
    const closed = once(response, 'close');
    response.end('whole');
    await Promise.all([answered, closed]);
    expect(work.aborted).toBe(false);
  });
});
