import tls from 'node:tls';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { Authority, HAS_OPENSSL } from '../net/http/testing/certificates.ts';
import { readMutualTls } from '../net/http/tls.ts';
import { createHttpTransport } from '../net/transport/http.ts';
import { createSubgraph } from './host.ts';
import { serveSubgraph } from './server.ts';
import { hostPlatform, plainAssertions, user } from './testing/platform.ts';
import { library } from './testing/subgraph.ts';

describe.skipIf(!HAS_OPENSSL)('with certificates (skipped without the openssl command)', () => {
  it('gateway and subgraph know one another, and no other client gets in, identity or not', async () => {
    const files = new Authority().issue();
    const subgraph = await createSubgraph(library, hostPlatform());
    const server = await serveSubgraph(subgraph, {
      config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 500, ...files },
      port: 0,
      metrics: new Registry(),
      assertions: plainAssertions,
    });
    expect(server.url).toMatch(/^https:/);
    const log = pino({ level: 'silent' });
    const certificates = readMutualTls(files)!;
    const connect = (given: typeof certificates | { ca: Buffer }) =>
      createHttpTransport({
        subgraph: 'library',
        urls: [server.url],
        assertions: plainAssertions,
        tls: given as typeof certificates,
        log,
      });
    const ask = async (transport: ReturnType<typeof connect>) =>
      (await transport.execute({ query: '{ mine }', identity: user(), requestId: 'r' })).result;

    const known = connect(certificates);
    // What Node makes for a connection that brings none: memory that V8 does not see, for as long as it is quiet.
    const contexts = vi.spyOn(tls, 'createSecureContext');
    expect(await ask(known)).toEqual({ data: { mine: 'user' } });
    const events: unknown[] = [];
    const done = Promise.withResolvers<void>();
    known.subscribe(
      { query: 'subscription { ticks(count: 1) { number } }', identity: user(), requestId: 'r' },
      { next: (event) => void events.push(event), complete: done.resolve, error: done.reject },
    );
    await done.promise;
    expect(events).toEqual([{ data: { ticks: { number: 1 } } }]);
    expect(await known.health()).toMatchObject({ status: 'up' });
    // One is made for all of them.
    expect(contexts).toHaveBeenCalledOnce();
    contexts.mockRestore();

    const stranger = connect({ ca: certificates.ca });
    // A gateway that is refused is broken; no client is signed out for it.
    await expect(ask(stranger)).rejects.toMatchObject({ extensions: { code: 'SUBGRAPH_UNAVAILABLE' } });
    await known[Symbol.asyncDispose]();
    await stranger[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
});
