import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Authority, HAS_OPENSSL } from '#platform/net/http/testing/certificates.ts';
import { createServer, readMutualTls } from '#platform/net/http/tls.ts';

/** Runs `sextant health` as a container does. Resolves to its exit code and what it printed. */
const health = (env: Record<string, string>): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const file = new URL('../sextant.ts', import.meta.url).pathname;
    const options = { env: { PATH: process.env['PATH'], ...env }, timeout: 30_000 };
    execFile(process.execPath, [file, 'health'], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });

describe('the health check of a container', () => {
  it.each([
    ['without certificates', false],
    ['with certificates', true],
  ])(
    'asks the process in its own way, %s',
    async (_, isTls) => {
      if (isTls && !HAS_OPENSSL) return;
      const files = isTls ? new Authority().issue() : {};
      const server = createServer(readMutualTls(files));
      let status = 200;
      server.on('request', (_request, response) => response.writeHead(status).end('{"status":"broken"}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const env = { SUBGRAPH_PORT: String((server.address() as AddressInfo).port), ...files };
      expect(await health(env)).toEqual({ code: 0, output: '' });
      status = 503;
      expect(await health(env)).toEqual({ code: 1, output: 'unhealthy: {"status":"broken"}\n' });
      await new Promise((resolve) => server.close(resolve));
      expect((await health(env)).code).toBe(1);
    },
    60_000,
  );

  it('asks at the address that the process listens on', async () => {
    const server = createServer(undefined);
    server.on('request', (_request, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
    const env = { SUBGRAPH_PORT: String((server.address() as AddressInfo).port) };
    expect(await health({ ...env, HOST: '127.0.0.2' })).toEqual({ code: 0, output: '' });
    expect((await health(env)).output).toContain('nothing answers at 127.0.0.1:');
    await new Promise((resolve) => server.close(resolve));
  });
});
