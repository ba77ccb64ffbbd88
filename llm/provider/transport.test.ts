import http from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aCall, aCatalogue, aDeployment, anAlias, aProvider, hello, readAll, testModels } from '../testing/build.ts';
import { answer, FaultServer } from '../testing/fault-server.ts';

describe('the way to a provider', () => {
  let server: FaultServer;
  beforeEach(async () => {
    server = await FaultServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const at = (url: string) =>
    testModels(
      aCatalogue([
        anAlias('main', [aDeployment(url, { provider: aProvider(url, { keys: ['secret-key'] }) })], {
          retries: { attempts: 0, baseMs: 1, maxMs: 1, maxWaitMs: 0 },
        }),
      ]),
    ).models;

  it('uses a connection again after a complete reply', async () => {
    const sockets = new Set<unknown>();
    server.behave((request, response) => {
      sockets.add(response.socket);
      return answer('Hello')(request, response);
    });
    const models = at(server.url);
    for (let i = 0; i < 20; i++) expect((await readAll(models.chat(hello, aCall()))).text).toBe('Hello');
    // The next call may begin before the end of the last answer has arrived.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('leads to a deployment of Azure by its own path and version', async () => {
    const provider = aProvider(server.url, { type: 'azure', keys: ['secret-key'], apiVersion: '2026-01-01' });
    const { models } = testModels(
      aCatalogue([anAlias('main', [aDeployment(server.url, { provider, model: 'gpt-x' })])]),
    );
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('Hello');
    expect(server.seen[0]!.path).toBe('/v1/openai/deployments/gpt-x/chat/completions?api-version=2026-01-01');
  });

  it('carries no half of a character, which providers refuse, and leaves what looks like one', async () => {
    const models = at(server.url);
    const said = ['cut \ud83d', '\udc00\udc00 begun', 'whole 😀', 'C:\\ud83d', 'C:\\\\\ud83d'].join(' | ');
    await readAll(models.chat({ ...hello, messages: [{ role: 'user', content: said }] }, aCall()));
    const sent = server.seen[0]!.body as { messages: { content: unknown }[] };
    const text = JSON.stringify(sent.messages.at(-1));
    expect(text).toContain(JSON.stringify(said.toWellFormed()).slice(1, -1));
  });

  it('takes no key to where a redirect points', async () => {
    const elsewhere: (string | undefined)[] = [];
    const other = http.createServer((request, response) => {
      elsewhere.push(request.headers.authorization);
      response.end();
    });
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { port } = other.address() as { port: number };
      server.behave((_request, response) => {
        response.writeHead(307, { location: `http://127.0.0.1:${port}/v1/chat/completions` }).end();
      });
      const { error } = await readAll(at(server.url).chat(hello, aCall()));
      expect(error).toMatchObject({
        message: expect.stringContaining('should check its base URL'),
        extensions: { code: 'PROVIDER_UNAVAILABLE' },
      });
      expect(elsewhere).toEqual([]);
    } finally {
      other.close();
    }
  });
});
