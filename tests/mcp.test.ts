import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, FaultServer, stall } from '#llm/testing/fault-server.ts';
import { BROWSER_SKIPPED, TestBrowser, violationsOf } from './testing/browser.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';
import { story } from './testing/story.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of many tools
type Answer = any;

describe.each(MODES)('MCP with the protocol’s own client, %s', (title, skipped, start) => {
  describe.skipIf(skipped)('at /mcp', { timeout: 120_000 }, () => {
    const lifecycle = new AsyncDisposableStack();
    let model: FaultServer;
    let graph: RunningGraph;
    let user: TestUser;
    let client: Client;

    const keyOf = async (scopes: string[]) => {
      const { createApiKey } = await user.run<{ createApiKey: { secret: string } }, object>(
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
        { input: { name: 'test', scopes } },
      );
      return createApiKey.secret;
    };
    const connect = async (apiKey?: string) => {
      const one = new Client({ name: 'test', version: '1' });
      const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
      await one.connect(new StreamableHTTPClientTransport(new URL(`${graph.url}/mcp`), { requestInit: { headers } }));
      lifecycle.defer(() => one.close());
      return one;
    };
    const call = async (name: string, given: Record<string, unknown> = {}, by = client): Promise<Answer> => {
      const result = await by.callTool({ name, arguments: given });
      expect([name, result.isError, result.content]).toEqual([name, undefined, expect.anything()]);
      expect(JSON.parse((result.content as { text: string }[])[0]!.text)).toEqual(result.structuredContent);
      return result.structuredContent;
    };

    beforeAll(async () => {
      model = lifecycle.use(await FaultServer.start());
      graph = await start(
        { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'test-model', CHAT_TITLES: 'false' },
        lifecycle,
      );
      user = await TestUser.signUp(graph.url);
      const scopes = ['CHAT_READ', 'CHAT_WRITE', 'MEMORY_READ', 'MEMORY_WRITE', 'VISION_READ', 'GRAPH_EXPLORE'];
      client = await connect(await keyOf(scopes));
    }, 180_000);
    beforeEach(() => model.behave(answer(story(10))));
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    it('lists its tools with schemas and descriptions', async () => {
      const { tools } = await client.listTools();
      const names = tools.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining([
          'search_memory',
          'search_knowledge',
          'remember',
          'read_conversation',
          'send_message',
          'read_image',
          'ask_model',
          'execute',
        ]),
      );
      for (const { name, description, inputSchema, outputSchema } of tools) {
        expect([name, description?.length]).toEqual([name, expect.any(Number)]);
        expect([name, inputSchema.type, outputSchema?.type]).toEqual([name, 'object', 'object']);
        for (const [property, schema] of Object.entries(inputSchema.properties ?? {})) {
          expect([name, property, (schema as { description?: string }).description]).toEqual([
            name,
            property,
            expect.stringMatching(/\w{3}/),
          ]);
        }
      }
    });

    it('remembers and finds again', async () => {
      await call('remember', { text: 'Ada keeps her sextant in Cowes.' });
      await expect
        .poll(async () => (await call('search_memory', { query: 'Where is the sextant?' })).matches[0]?.memory.text, {
          timeout: 15_000,
        })
        .toBe('Ada keeps her sextant in Cowes.');
    });

    it('converses: opens, sends with progress, reads and finds', async () => {
      const { conversation } = await call('create_conversation', { title: 'Instruments' });
      const pieces: string[] = [];
      const sent = await client.callTool(
        { name: 'send_message', arguments: { conversationId: conversation.id, text: 'What is an astrolabe?' } },
        { onprogress: ({ message }) => pieces.push(message ?? '') },
      );
      expect(sent.structuredContent).toMatchObject({ status: 'COMPLETE', text: story(10).join('') });
      expect(pieces.join('')).toBe(story(10).join(''));
      const read = await call('read_conversation', { id: conversation.id });
      expect(read.messages.nodes.map(({ role }: { role: string }) => role)).toEqual(['USER', 'ASSISTANT']);
      expect((await call('list_conversations')).nodes[0].id).toBe(conversation.id);
      const found = await call('search_conversations', { query: 'astrolabe' });
      expect(found.nodes[0].conversation.id).toBe(conversation.id);
    });

    it('asks a model, and stops it when the client leaves', async () => {
      const pieces: string[] = [];
      const asked = await client.callTool(
        { name: 'ask_model', arguments: { prompt: 'Tell me', system: 'Be brief' } },
        { onprogress: ({ message }) => pieces.push(message ?? '') },
      );
      expect(asked.structuredContent).toEqual({ text: story(10).join(''), model: 'test-model', finishReason: 'STOP' });
      expect(pieces.join('')).toBe(story(10).join(''));
      model.behave(stall('Once '));
      const prompt = `Stall ${randomUUID()}`;
      const arrival = model.arrival(prompt);
      const leaver = await connect(await keyOf(['CHAT_WRITE']));
      const left = leaver.callTool({ name: 'ask_model', arguments: { prompt } }).catch(() => {});
      const { aborted } = await arrival;
      await leaver.close();
      await aborted;
      await left;
    });

    it('says of a tool that fails why, as an answer that a model can read', async () => {
      const wrong = [
        ['read_conversation', { id: randomUUID() }, 'NOT_FOUND'],
        ['search_memory', { query: '' }, 'BAD_USER_INPUT'],
        ['search_memory', { query: 'x', colour: 'red' }, 'BAD_USER_INPUT'],
        ['unheard_of', {}, 'NOT_FOUND'],
      ] as const;
      for (const [name, given, code] of wrong) {
        const result = await client.callTool({ name, arguments: given });
        expect(result).toMatchObject({ isError: true, _meta: { error: { code } } });
        expect((result.content as { text: string }[])[0]!.text).toContain(code);
      }
    });

    it('explores the graph with the scope, and not without', async () => {
      const { found } = await call('search', { query: 'send a message' });
      expect(found[0].coordinate).toContain('sendMessage');
      expect((await call('introspect', { type: 'SendMessageInput' })).sdl).toContain('clientMessageId: UUID!');
      expect(await call('validate', { document: '{ me { id } }' })).toEqual({ valid: true, problems: [] });
      expect((await call('validate', { document: '{ unheardOf }' })).problems[0]).toContain('unheardOf');
      // What execute would refuse before it looks at the schema is refused here too, and costs as little.
      const endless = await call('validate', { document: `{ ${'me { id } '.repeat(1_900)}}` });
      expect(endless).toMatchObject({ valid: false, problems: [expect.stringMatching(/at most/)] });
      const run = await call('execute', {
        document: 'query ($n: Int) { conversations(first: $n) { nodes { id } } }',
        variables: { n: 1 },
      });
      expect(run.data.conversations.nodes).toHaveLength(1);
      // An API key does no more than its scopes.
      expect((await call('execute', { document: '{ usage { calls } }' })).errors[0].extensions.code).toBe('FORBIDDEN');
      const other = await connect(await keyOf(['CHAT_READ']));
      expect((await other.listTools()).tools.map(({ name }) => name)).not.toContain('execute');
      const refused = await other.callTool({ name: 'execute', arguments: { document: '{ me { id } }' } });
      expect(refused).toMatchObject({ isError: true, _meta: { error: { code: 'FORBIDDEN' } } });
    });

    it('offers conversations and documents as resources', async () => {
      const { addDocument } = await user.run<{ addDocument: { document: { id: string } } }, object>(
        'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }',
        { input: { title: 'The sextant', text: 'A sextant measures the angle between two things that can be seen.' } },
      );
      const uri = `sextant://documents/${addDocument.document.id}`;
      await expect
        .poll(async () => JSON.stringify((await client.readResource({ uri })).contents), { timeout: 15_000 })
        .toContain('measures the angle');
      const { resources } = await client.listResources();
      expect(resources).toContainEqual({ uri, name: 'The sextant', mimeType: 'text/plain' });
      const conversation = resources.find((one) => one.uri.startsWith('sextant://conversations/'))!;
      const [content] = (await client.readResource({ uri: conversation.uri })).contents;
      expect(content).toMatchObject({ mimeType: 'text/markdown', text: expect.stringContaining('astrolabe') });
      expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(2);
      await expect(client.readResource({ uri: 'sextant://documents/none' })).rejects.toThrow();
      await expect(client.readResource({ uri: 'file:///etc/passwd' })).rejects.toThrow(/no such resource/);
    });

    it('offers prompts, with what the graph holds quoted', async () => {
      const { prompts } = await client.listPrompts();
      expect(prompts.map(({ name }) => name)).toEqual(['answer_from_knowledge', 'summarise_conversation']);
      const made = await client.getPrompt({
        name: 'answer_from_knowledge',
        arguments: { question: 'What does a sextant measure?' },
      });
      expect(JSON.stringify(made.messages)).toContain('measures the angle');
      await expect(client.getPrompt({ name: 'answer_from_knowledge', arguments: {} })).rejects.toThrow();
    });

    it('is closed to strangers, to other methods and to pages of other origins', async () => {
      await expect(connect()).rejects.toThrow();
      const post = (headers: Record<string, string>) =>
        fetch(`${graph.url}/mcp`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
        });
      const stranger = await post({});
      const challenge = `resource_metadata="${address()}/.well-known/oauth-protected-resource/mcp"`;
      expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringMatching(new RegExp(`^Bearer ${challenge}, scope="chat:read`)),
      ]);
      // A person's own token is for the graph.
      const own = await post({ authorization: `Bearer ${user.accessToken}` });
      expect([own.status, own.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringMatching(/^Bearer error="invalid_token", resource_metadata=/),
      ]);
      expect((await post({ authorization: `Bearer ${user.accessToken}`, origin: 'https://evil.example' })).status).toBe(
        403,
      );
      expect((await fetch(`${graph.url}/mcp`)).status).toBe(405);
    });

    /** As PUBLIC_URL has it, which is what an app compares. */
    const address = () => graph.url.replace('127.0.0.1', 'localhost');

    /** An app that remembers what it is given, as an MCP client on a person's device does. */
    const openApp = (redirectUrl = 'http://localhost:47110/callback') => {
      const kept: Record<string, unknown> = {};
      let asked: URL | undefined;
      const remember = (name: string) => (value: unknown) => {
        kept[name] = value;
      };
      const provider = {
        redirectUrl,
        clientMetadata: { client_name: 'Orbit', redirect_uris: [redirectUrl] },
        state: () => 'a state',
        clientInformation: () => kept['client'],
        saveClientInformation: remember('client'),
        tokens: () => kept['tokens'],
        saveTokens: remember('tokens'),
        codeVerifier: () => kept['verifier'],
        saveCodeVerifier: remember('verifier'),
        discoveryState: () => kept['discovery'],
        saveDiscoveryState: remember('discovery'),
        redirectToAuthorization: (url: URL) => {
          asked = url;
        },
      } as unknown as OAuthClientProvider;
      const opened = () => new StreamableHTTPClientTransport(new URL(`${address()}/mcp`), { authProvider: provider });
      return { kept: kept as Record<string, Answer>, opened, asked: () => asked! };
    };
    /** Does what a person does on the page that an app opens. @returns where the app is called back. */
    const consent = async (page: URL): Promise<URL> => {
      const html = await (await fetch(page)).text();
      const form = new URLSearchParams({ email: user.email, password: user.password, decision: 'allow' });
      for (const [, name, value] of html.matchAll(/<input type="(?:hidden|checkbox)" name="(\w+)" value="([^"]*)"/g)) {
        form.append(name!, value!.replaceAll('&amp;', '&'));
      }
      const answer = await fetch(new URL(page.pathname, page), { method: 'POST', body: form, redirect: 'manual' });
      expect(answer.status).toBe(303);
      return new URL(answer.headers.get('location')!);
    };

    it.skipIf(BROWSER_SKIPPED !== '' || title !== MODES[0]![0])(
      `shows its page in a browser${BROWSER_SKIPPED}`,
      async () => {
        await using browser = await TestBrowser.open();
        const called = Promise.withResolvers<string>();
        const program = createServer((request, response) => {
          if (request.url?.startsWith('/callback')) called.resolve(request.url);
          response.end('You can close this page.');
        }).listen(0, '127.0.0.1');
        lifecycle.defer(() => void program.close());
        await once(program, 'listening');
        const app = openApp(`http://127.0.0.1:${(program.address() as AddressInfo).port}/callback`);
        const transport = app.opened();
        await expect(new Client({ name: 'orbit', version: '1' }).connect(transport)).rejects.toThrow(UnauthorizedError);
        const person = await browser.person({ locale: 'de-DE' });
        const page = await person.tab();
        await page.goto(app.asked().href);
        expect(await violationsOf(page)).toEqual([]);
        await page.getByLabel('E-Mail-Adresse').fill(user.email);
        await page.getByLabel('Passwort').fill(user.password);
        await page.getByRole('button', { name: 'Erlauben' }).click();
        await transport.finishAuth(new URL(await called.promise, 'http://127.0.0.1').searchParams);
        expect(app.kept['tokens'].scope).toContain('memory:write');
        expect(browser.faults).toEqual([]);
      },
    );

    it('lets an app in that a person connects: found, registered, allowed, refreshed, ended', async () => {
      const app = openApp();
      const first = new Client({ name: 'orbit', version: '1' });
      const transport = app.opened();
      await expect(first.connect(transport)).rejects.toThrow(UnauthorizedError);
      expect(app.asked().searchParams.get('resource')).toBe(`${address()}/mcp`);
      const back = await consent(app.asked());
      expect(back.searchParams.get('state')).toBe('a state');
      await transport.finishAuth(back.searchParams);
      const orbit = new Client({ name: 'orbit', version: '1' });
      await orbit.connect(app.opened());
      lifecycle.defer(() => orbit.close());
      expect(await call('search_memory', { query: 'sextant' }, orbit)).toBeDefined();
      expect((await orbit.listTools()).tools.map(({ name }) => name)).not.toContain('execute');

      // Its token opens no other door.
      const { access_token: token } = app.kept['tokens'];
      const elsewhere = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const graphql = await fetch(`${graph.url}/graphql`, {
        method: 'POST',
        headers: elsewhere,
        body: JSON.stringify({ query: '{ me { id } }' }),
      });
      expect(graphql.status).toBe(401);
      expect((await fetch(`${graph.url}/v1/models`, { headers: elsewhere })).status).toBe(401);

      // A token that is not good any more is refreshed without the person.
      const used = app.kept['tokens'].refresh_token;
      app.kept['tokens'] = { ...app.kept['tokens'], access_token: 'old' };
      const later = new Client({ name: 'orbit', version: '1' });
      await later.connect(app.opened());
      lifecycle.defer(() => later.close());
      expect(await call('list_conversations', {}, later)).toBeDefined();
      expect(app.kept['tokens'].refresh_token).not.toBe(used);

      const { sessions } = await user.run<Answer, object>(
        '{ sessions(first: 10) { nodes { id device app { name scopes } } } }',
      );
      const session = sessions.nodes.find(({ app }: Answer) => app !== null);
      expect(session).toMatchObject({
        device: 'Orbit',
        app: { name: 'Orbit', scopes: expect.arrayContaining(['CHAT_READ']) },
      });
      await user.run('mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { deletedId } }', {
        input: { id: session.id },
      } as object);
      const over = `Bearer ${app.kept['tokens'].access_token}`;
      await expect
        .poll(
          async () =>
            (
              await fetch(`${graph.url}/mcp`, {
                method: 'POST',
                headers: { authorization: over, 'content-type': 'application/json' },
                body: '{}',
              })
            ).status,
        )
        .toBe(401);
    });

    it('an app that needs more is told what, asks its person, and goes on', async () => {
      const app = openApp();
      await expect(new Client({ name: 'orbit', version: '1' }).connect(app.opened())).rejects.toThrow(
        UnauthorizedError,
      );
      const first = app.opened();
      await first.finishAuth((await consent(app.asked())).searchParams);
      const orbit = new Client({ name: 'orbit', version: '1' });
      const transport = app.opened();
      await orbit.connect(transport);
      lifecycle.defer(() => orbit.close());
      const granted = app.kept['tokens'].scope.split(' ');
      expect(granted).not.toContain('graph:explore');
      const explores = { name: 'execute', arguments: { document: '{ me { id } }' } };
      await expect(orbit.callTool(explores)).rejects.toThrow(UnauthorizedError);
      // What it had is asked for again, or it would lose it.
      const wanted = app.asked().searchParams.get('scope')!.split(' ');
      expect(wanted.sort()).toEqual([...granted, 'graph:explore'].sort());
      await transport.finishAuth((await consent(app.asked())).searchParams);
      expect((await orbit.callTool(explores)).isError).toBeUndefined();
    });

    it('says of a token that does too little what is missing, and does nothing', async () => {
      const app = openApp();
      await expect(new Client({ name: 'orbit', version: '1' }).connect(app.opened())).rejects.toThrow(
        UnauthorizedError,
      );
      const page = app.asked();
      page.searchParams.set('scope', 'chat:read');
      await app.opened().finishAuth((await consent(page)).searchParams);
      const ask = async (method: string, params: object) => {
        const answered = await fetch(`${graph.url}/mcp`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${app.kept['tokens'].access_token}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        });
        return [answered.status, answered.headers.get('www-authenticate')];
      };
      const needs = (scope: string) => [
        403,
        `Bearer error="insufficient_scope", scope="chat:read ${scope}", ` +
          `resource_metadata="${address()}/.well-known/oauth-protected-resource/mcp", ` +
          `error_description="This needs ${scope}"`,
      ];
      expect(await ask('tools/call', { name: 'remember', arguments: { text: 'x' } })).toEqual(needs('memory:write'));
      expect(await ask('tools/call', { name: 'ask_model', arguments: { prompt: 'x' } })).toEqual(needs('chat:write'));
      expect(await ask('resources/read', { uri: 'sextant://documents/x' })).toEqual(needs('memory:read'));
      expect(await ask('prompts/get', { name: 'answer_from_knowledge', arguments: { question: 'x' } })).toEqual(
        needs('memory:read'),
      );
      expect(await ask('tools/call', { name: 'list_conversations', arguments: {} })).toEqual([200, null]);
    });
  });
});
