import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, answerDeltas, FaultServer } from '#llm/testing/fault-server.ts';
import { LyingToolServer } from '#llm/testing/tool-server.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';

const SENDS_A_MINUTE = 5;
const KEPT_AT_MOST = 2;
/** As many as a person needs to arrive, and a few. */
const OPERATIONS_A_MINUTE = 10;
const CATALOGUE = `
default: plain
providers: { test: { type: compatible, base_url: $URL, api_key: sk-test } }
deployments:
  plain: { provider: test, model: test-model, capabilities: [chat, tools] }
  dear: { provider: test, model: test-dear, capabilities: [chat], price: { input: "1000", output: "1000" } }
  dear-paint: { provider: test, model: test-dear-paint, capabilities: [images], price: { image: "1000" } }
models:
  plain: { deployments: [plain] }
  dear: { deployments: [dear] }
  dear-paint: { deployments: [dear-paint] }
limits:
  models:
    dear: { budget: { amount: "0.000001", per: day } }
    dear-paint: { budget: { amount: "0.000001", per: day } }
tool_servers: { here: { url: $TOOLS } }
`;

interface Sending {
  readonly key: string | undefined;
  readonly conversationId: string;
  readonly text: string;
  readonly model?: string;
}

/**
 * What became of a send: the text of the reply, the code of the catalogue that refused it, or the calls of tools that
 * wait for the person.
 */
type Outcome =
  | { readonly text: string }
  | { readonly code: string }
  | { readonly waits: readonly string[]; readonly says: string };

// biome-ignore lint/suspicious/noExplicitAny: answers of many operations, or errors
type Answer = any;

/** OpenAI's names of our codes. */
const OURS: Readonly<Record<string, string>> = {
  invalid_api_key: 'UNAUTHENTICATED',
  insufficient_quota: 'BUDGET_EXCEEDED',
  rate_limit_exceeded: 'RATE_LIMITED',
  invalid_value: 'BAD_USER_INPUT',
};

const headersOf = (key: string | undefined) => ({
  'content-type': 'application/json',
  ...(key !== undefined && { authorization: `Bearer ${key}` }),
});

const post = (url: string, key: string | undefined, body: object, accept = 'application/json') =>
  fetch(url, { method: 'POST', headers: { ...headersOf(key), accept }, body: JSON.stringify(body) });

/** The events of a stream of server-sent events. */
const eventsOf = async (response: Response): Promise<{ readonly event: string; readonly data: Answer }[]> =>
  (await response.text()).split('\n\n').flatMap((block) => {
    const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/s.exec(block) ?? [];
    return data === '' ? [] : [{ event, data: JSON.parse(data) }];
  });

const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { reply { id } } }';
const READ = `query ($id: ID!) {
  message(id: $id) { id status text error { code } awaitsApproval toolCalls { name approval { status } } }
}`;

/** What a reply of the graph has come to. */
function outcomeOf({ id, error, text, awaitsApproval, toolCalls }: Answer): Outcome {
  if (error) return { code: error.code };
  if (!awaitsApproval) return { text };
  const waiting = toolCalls.filter(({ approval }: Answer) => approval?.status === 'WAITING');
  return { waits: waiting.map(({ name }: Answer) => name), says: `approveToolCall (message ${id})` };
}

const waitsOf = ({ calls, message }: Answer): Outcome => ({
  waits: calls.map(({ name }: Answer) => name),
  says: message,
});

/** The ways in, each of which sends a message into a conversation and waits for its reply. */
const DOORS: Readonly<Record<string, (url: string, sending: Sending) => Promise<Outcome>>> = {
  async GraphQL(url, { key, conversationId, text, model }) {
    const ask = async (query: string, variables: object): Promise<Answer> =>
      (await post(`${url}/graphql`, key, { query, variables })).json();
    const input = { conversationId, text, clientMessageId: randomUUID(), ...(model && { model }) };
    const sent = await ask(SEND, { input });
    if (sent.errors) return { code: sent.errors[0].extensions.code };
    const { id } = sent.data.sendMessage.reply;
    const isOver = async () => !['PENDING', 'STREAMING'].includes((await ask(READ, { id })).data.message.status);
    await expect.poll(isOver, { timeout: 15_000 }).toBe(true);
    return outcomeOf((await ask(READ, { id })).data.message);
  },

  async 'GraphQL over SSE'(url, { key, conversationId, text, model }) {
    const ask = async (query: string, variables: object): Promise<Answer[]> => {
      const answered = await post(`${url}/graphql`, key, { query, variables }, 'text/event-stream');
      // Credentials that are not good are refused before there is a stream.
      if (!answered.ok) return [await answered.json()];
      return (await eventsOf(answered)).map(({ data }) => data);
    };
    const input = { conversationId, text, clientMessageId: randomUUID(), ...(model && { model }) };
    const [sent] = await ask(SEND, { input });
    if (sent.errors) return { code: sent.errors[0].extensions.code };
    const { id } = sent.data.sendMessage.reply;
    const follow = 'subscription ($id: ID!) { messageStream(id: $id) { ... on ReplyEnd { status } } }';
    expect((await ask(follow, { id })).at(-1).data.messageStream.status).toMatch(/COMPLETE|FAILED/);
    return outcomeOf((await ask(READ, { id }))[0].data.message);
  },

  async REST(url, { key, conversationId, text, model }) {
    const response = await post(`${url}/api/chat`, key, { conversationId, text, ...(model && { model }) });
    const body: Answer = await response.json();
    if (!response.ok) return { code: body.error.code };
    return body.waiting ? waitsOf(body.waiting) : { text: body.reply.text };
  },

  async 'REST, streamed'(url, { key, conversationId, text, model }) {
    const asked = { conversationId, text, stream: true, ...(model && { model }) };
    const response = await post(`${url}/api/chat`, key, asked);
    if (!response.ok) return { code: ((await response.json()) as Answer).error.code };
    const events = await eventsOf(response);
    expect([events[0]!.event, events.at(-1)!.event]).toEqual(['start', 'end']);
    const { error } = events.at(-1)!.data;
    if (error) return { code: error.code };
    const waiting = events.find(({ event }) => event === 'waiting');
    if (waiting) return waitsOf(waiting.data);
    return { text: events.map(({ event, data }) => (event === 'text' ? data.text : '')).join('') };
  },

  async '/v1'(url, { key, conversationId, text, model }) {
    const response = await post(`${url}/v1/chat/completions`, key, {
      messages: [{ role: 'user', content: text }],
      metadata: { conversation_id: conversationId },
      ...(model && { model }),
    });
    const body: Answer = await response.json();
    if (response.ok) return { text: body.choices[0].message.content };
    const { code, message } = body.error;
    if (code === 'approval_required') return { waits: [/allows (\S+):/.exec(message)![1]!], says: message };
    return { code: OURS[code] ?? String(code).toUpperCase() };
  },

  async '/v1/responses'(url, { key, conversationId, text, model }) {
    const asked = { input: text, conversation: conversationId, ...(model && { model }) };
    const response = await post(`${url}/v1/responses`, key, asked);
    const body: Answer = await response.json();
    if (!response.ok) return { code: OURS[body.error.code] ?? String(body.error.code).toUpperCase() };
    const waits = body.output.filter(({ type }: Answer) => type === 'mcp_approval_request');
    if (waits.length > 0) return { waits: waits.map(({ name }: Answer) => name), says: `approveToolCall ${body.id}` };
    return { text: body.output.at(-1).content[0].text };
  },

  async MCP(url, { key, conversationId, text, model }) {
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: headersOf(key) },
    });
    try {
      await client.connect(transport);
      const result = await client.callTool({
        name: 'send_message',
        arguments: { conversationId, text, ...(model && { model }) },
      });
      const { error } = (result._meta ?? {}) as { error?: { code: string } };
      if (error) return { code: error.code };
      const { waiting, text: said } = result.structuredContent as Answer;
      return waiting ? waitsOf(waiting) : { text: said };
    } catch (error) {
      const [, refused] = /"code":"([A-Z_]+)"/.exec(String(error)) ?? [];
      if (refused !== undefined) return { code: refused };
      return { code: /sign in|API key|401|Unauthorized/i.test(String(error)) ? 'UNAUTHENTICATED' : String(error) };
    } finally {
      await client.close();
    }
  },
};

/** Where a door takes bodies. */
const PATHS: Readonly<Record<string, string>> = {
  GraphQL: '/graphql',
  'GraphQL over SSE': '/graphql',
  REST: '/api/chat',
  'REST, streamed': '/api/chat',
  '/v1': '/v1/chat/completions',
  '/v1/responses': '/v1/responses',
  MCP: '/mcp',
};

/** The ways in by which something is kept: a status and, where it is refused, a code of the catalogue. */
const KEEPING: Readonly<Record<string, (url: string, key: string | undefined, text: string) => Promise<Kept>>> = {
  async 'documents, GraphQL'(url, key, text) {
    const query = 'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }';
    const answered = await post(`${url}/graphql`, key, { query, variables: { input: { title: 'Log', text } } });
    return { status: answered.status, code: ((await answered.json()) as Answer).errors?.[0].extensions.code };
  },
  async '/v1/files'(url, key, text) {
    const body = new FormData();
    body.set('purpose', 'assistants');
    body.set('file', new File([text], 'log.txt', { type: 'text/plain' }));
    const headers = new Headers(key === undefined ? [] : [['authorization', `Bearer ${key}`]]);
    return ofOpenAi(await fetch(`${url}/v1/files`, { method: 'POST', headers, body }));
  },
  '/v1/vector_stores': async (url, key, name) => ofOpenAi(await post(`${url}/v1/vector_stores`, key, { name })),
  async 'memories, REST'(url, key, text) {
    const answered = await post(`${url}/api/memories`, key, { memories: [{ text }] });
    return { status: answered.status, code: ((await answered.json()) as Answer).error?.code };
  },
  async 'memories, MCP'(url, key, text) {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'remember', arguments: { text } } };
    const answered = await post(`${url}/mcp`, key, call, 'application/json, text/event-stream');
    const told = await answered.text();
    const { result, error }: Answer = JSON.parse(/^data: (.*)$/m.exec(told)?.[1] ?? told);
    return { status: answered.status, code: (result?._meta?.error ?? error?.data)?.code };
  },
};

/** The ways in by which a model makes vectors and pictures: what each needs, and where it takes bodies. */
const MAKING: Readonly<Record<string, Making>> = {
  'vectors, GraphQL': vectors('/graphql', async (url, key, text, model) => {
    const query = 'query ($input: EmbedInput!) { embed(input: $input) { model } }';
    const answered = await post(`${url}/graphql`, key, { query, variables: { input: { texts: [text], ...model } } });
    return { status: answered.status, code: ((await answered.json()) as Answer).errors?.[0].extensions.code };
  }),
  'vectors, REST': vectors('/api/embed', async (url, key, text, model) => {
    const answered = await post(`${url}/api/embed`, key, { texts: [text], ...model });
    return { status: answered.status, code: ((await answered.json()) as Answer).error?.code };
  }),
  '/v1/embeddings': vectors('/v1/embeddings', async (url, key, input, model) =>
    ofOpenAi(await post(`${url}/v1/embeddings`, key, { input, ...model })),
  ),
  'pictures, GraphQL': pictures('/graphql', async (url, key, prompt, model) => {
    const query = 'mutation ($input: GenerateImagesInput!) { generateImages(input: $input) { images { id } } }';
    const answered = await post(`${url}/graphql`, key, { query, variables: { input: { prompt, ...model } } });
    return { status: answered.status, code: ((await answered.json()) as Answer).errors?.[0].extensions.code };
  }),
  'pictures, REST': pictures('/api/vision/generate', async (url, key, prompt, model) => {
    const answered = await post(`${url}/api/vision/generate`, key, { prompt, ...model });
    return { status: answered.status, code: ((await answered.json()) as Answer).error?.code };
  }),
  '/v1/images/generations': pictures('/v1/images/generations', async (url, key, prompt, model) =>
    ofOpenAi(await post(`${url}/v1/images/generations`, key, { prompt, ...model })),
  ),
};
interface Making {
  readonly path: string;
  readonly scope: string;
  /** A model that no budget pays. Vectors are made by the installation's own model, for which no budget is asked. */
  readonly dear?: string;
  make(url: string, key: string | undefined, text: string, model: { readonly model?: string }): Promise<Kept>;
}

function vectors(path: string, make: Making['make']): Making {
  return { path, scope: 'VECTOR_READ', make };
}
function pictures(path: string, make: Making['make']): Making {
  return { path, scope: 'VISION_WRITE', dear: 'dear-paint', make };
}

interface Kept {
  readonly status: number;
  readonly code: string | undefined;
}

async function ofOpenAi(answered: Response): Promise<Kept> {
  const { error }: Answer = await answered.json();
  const code = error && (OURS[error.code] ?? String(error.code).toUpperCase());
  return { status: answered.status, code };
}

/** The status of a request that says how large it is, before its body is sent. */
const declare = (url: string, key: string, length: number, type = 'application/json') =>
  new Promise((resolve, reject) => {
    const headers = { ...headersOf(key), 'content-type': type, 'content-length': length };
    const request = http.request(url, { method: 'POST', headers });
    request.on('response', (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    request.on('error', reject);
    request.flushHeaders();
  });

/** How each of some ways in is asked, by its name. */
const asked = <Way>(ways: Readonly<Record<string, Way>>, ask: (way: Way) => Promise<object>) =>
  Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, () => ask(way)]));

async function keyOf(user: TestUser, scopes: string[]) {
  const { createApiKey } = await user.run<{ createApiKey: { apiKey: { id: string }; secret: string } }, object>(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }',
    { input: { name: 'test', scopes } },
  );
  return { key: createApiKey.secret, keyId: createApiKey.apiKey.id };
}

/** Makes a person of their own for a case, with a conversation and a key. */
async function arriveAt(
  graph: RunningGraph,
  scopes: string[] = ['CHAT_READ', 'CHAT_WRITE', 'MEMORY_READ'],
  toolServers: string[] = [],
) {
  const user = await TestUser.signUp(graph.url);
  const key = await keyOf(user, scopes);
  const { createConversation } = await user.run<{ createConversation: { conversation: { id: string } } }, object>(
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
    { input: { memoryEnabled: false, toolServers } },
  );
  return { user, ...key, conversationId: createConversation.conversation.id };
}

const revoke = ({ user, keyId }: { readonly user: TestUser; readonly keyId: string }) =>
  user.run('mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }', {
    input: { id: keyId },
  } as object);

describe.each(MODES)('all doors, %s', (_title, skipped, start) => {
  describe.skipIf(skipped)('lead to the same graph', () => {
    const lifecycle = new AsyncDisposableStack();
    let graph: RunningGraph;
    let model: FaultServer;
    let tools: LyingToolServer;

    beforeAll(async () => {
      model = lifecycle.use(await FaultServer.start(answer('Aye')));
      tools = lifecycle.use(await LyingToolServer.start([{ name: 'write', inputSchema: { type: 'object' } }]));
      const folder = await mkdtemp(path.join(tmpdir(), 'doors-'));
      lifecycle.defer(() => rm(folder, { recursive: true }));
      await writeFile(path.join(folder, 'llm.yaml'), CATALOGUE.replace('$URL', model.url).replace('$TOOLS', tools.url));
      graph = await start(
        {
          LLM_CONFIG: path.join(folder, 'llm.yaml'),
          CHAT_TITLES: 'false',
          CHAT_SENDS_PER_MINUTE: String(SENDS_A_MINUTE),
          QUOTA_DOCUMENTS: String(KEPT_AT_MOST),
          QUOTA_CONTEXTS: String(KEPT_AT_MOST),
          QUOTA_MEMORIES: String(KEPT_AT_MOST),
        },
        lifecycle,
      );
    }, 180_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    const arrive = (scopes?: string[], toolServers?: string[]) => arriveAt(graph, scopes, toolServers);

    // Each case signs a person up, whose password is hashed with care.
    describe.each(Object.entries(DOORS))('%s', { timeout: 120_000 }, (name, send) => {
      const text = 'Ahoy';

      it('gives the reply, and leaves the same records', async () => {
        const { user, key, conversationId } = await arrive();
        expect(await send(graph.url, { key, conversationId, text })).toEqual({ text: 'Aye' });
        const records = async () => {
          const { conversation, usageCalls } = await user.run<
            { conversation: object; usageCalls: { nodes: object[] } },
            object
          >(
            `query ($id: ID!) {
              conversation(id: $id) { messageCount messages(first: 10) { nodes { role text status } } }
              usageCalls(first: 10, filter: { operation: "reply" }) { nodes { operation model inputTokens outputTokens outcome conversationId } }
            }`,
            { id: conversationId },
          );
          return { conversation, calls: usageCalls.nodes };
        };
        await expect.poll(async () => (await records()).calls.length, { timeout: 15_000 }).toBe(1);
        expect(await records()).toEqual({
          conversation: {
            messageCount: 2,
            messages: {
              nodes: [
                { role: 'USER', text, status: 'COMPLETE' },
                { role: 'ASSISTANT', text: 'Aye', status: 'COMPLETE' },
              ],
            },
          },
          calls: [
            { operation: 'reply', model: 'plain', inputTokens: 10, outputTokens: 5, outcome: 'OK', conversationId },
          ],
        });
      });

      it('refuses who is not signed in, and a key that is not good', async () => {
        const { conversationId } = await arrive();
        expect(await send(graph.url, { key: undefined, conversationId, text })).toEqual({ code: 'UNAUTHENTICATED' });
        expect(await send(graph.url, { key: 'sk-wrong', conversationId, text })).toEqual({ code: 'UNAUTHENTICATED' });
      });

      it('refuses a key that was revoked, and the key of an account that has ended', async () => {
        const { user, conversationId, ...first } = await arrive();
        const other = await keyOf(user, ['CHAT_READ', 'CHAT_WRITE']);
        const outcome = (key: string) => () => send(graph.url, { key, conversationId, text });
        const refused = { code: 'UNAUTHENTICATED' };
        await revoke({ user, ...first });
        await expect.poll(outcome(first.key), { timeout: 15_000 }).toEqual(refused);
        expect(await outcome(other.key)()).toEqual({ text: 'Aye' });
        await user.run('mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { deletedId } }', {
          input: { password: user.password },
        } as object);
        await expect.poll(outcome(other.key), { timeout: 15_000 }).toEqual(refused);
      });

      it('refuses a key without the scope', async () => {
        const { key, conversationId } = await arrive(['CHAT_READ']);
        expect(await send(graph.url, { key, conversationId, text })).toEqual({ code: 'FORBIDDEN' });
      });

      it('refuses what the budget does not pay', async () => {
        const { key, conversationId } = await arrive();
        expect(await send(graph.url, { key, conversationId, text, model: 'dear' })).toEqual({
          code: 'BUDGET_EXCEEDED',
        });
      });

      it('refuses one send more than a minute allows', async () => {
        const { key, conversationId } = await arrive();
        const outcomes: Outcome[] = [];
        for (let index = 0; index <= SENDS_A_MINUTE; index++) {
          outcomes.push(await send(graph.url, { key, conversationId, text }));
        }
        expect(outcomes.at(-1)).toEqual({ code: 'RATE_LIMITED' });
        expect(outcomes[0]).toEqual({ text: 'Aye' });
      });

      it('says what waits for the person’s yes, and how they give it', async () => {
        const { user, key, conversationId } = await arrive(undefined, ['here']);
        const write = { index: 0, id: 'w', type: 'function', function: { name: 'here__write', arguments: '{}' } };
        model.script(answerDeltas([{ tool_calls: [write] }], 'tool_calls'), answer('Aye'));
        const waiting = await send(graph.url, { key, conversationId, text });
        expect(waiting).toEqual({ waits: ['here__write'], says: expect.stringContaining('approveToolCall') });
        const leaf = 'query ($id: ID!) { conversation(id: $id) { activeLeaf { id text awaitsViewerApproval } } }';
        const { conversation } = await user.run<Answer, object>(leaf, { id: conversationId });
        const { id } = conversation.activeLeaf;
        expect(conversation.activeLeaf).toMatchObject({ awaitsViewerApproval: true });
        if (name === 'REST') await post(`${graph.url}/api/chat/messages/${id}/approve`, key, { callId: 'w' });
        else {
          const approve =
            'mutation ($input: ApproveToolCallInput!) { approveToolCall(input: $input) { reply { id } } }';
          await user.run(approve, { input: { id, callId: 'w' } } as object);
        }
        const now = async () => (await user.run<Answer, object>(leaf, { id: conversationId })).conversation.activeLeaf;
        await expect.poll(async () => (await now()).text, { timeout: 15_000 }).toBe('Aye');
        model.behave(answer('Aye'));
      });

      it('refuses another person’s conversation as one that is not there', async () => {
        const { key } = await arrive();
        const { conversationId } = await arrive();
        expect(await send(graph.url, { key, conversationId, text })).toEqual({ code: 'NOT_FOUND' });
      });

      it('refuses a text that is too long, and a body that is too large', async () => {
        const { key, conversationId } = await arrive();
        const long = 'x'.repeat(128 * 1024 + 1);
        expect(await send(graph.url, { key, conversationId, text: long })).toEqual({ code: 'BAD_USER_INPUT' });
        expect(await declare(graph.url + PATHS[name], key, 100_000_000)).toBe(413);
      });
    });

    it.each(Object.entries(KEEPING))(
      'where something is kept, the same is refused: %s',
      async (name, keep) => {
        const person = await arrive(['MEMORY_READ', 'MEMORY_WRITE']);
        const { user, key } = person;
        const { key: reader } = await keyOf(user, ['MEMORY_READ']);
        const kept = (by: string | undefined, text = `Log ${randomUUID()}`) => keep(graph.url, by, text);
        expect(await kept(undefined)).toMatchObject({ code: 'UNAUTHENTICATED' });
        expect(await kept('sk-wrong')).toMatchObject({ code: 'UNAUTHENTICATED' });
        expect(await kept(reader)).toMatchObject({ code: 'FORBIDDEN' });
        for (let index = 0; index < KEPT_AT_MOST; index++)
          expect([name, (await kept(key)).code]).toEqual([name, undefined]);
        expect(await kept(key)).toMatchObject({ code: 'QUOTA_EXCEEDED' });
        const paths = { '/v1/files': '/v1/files', '/v1/vector_stores': '/v1/vector_stores' } as Record<string, string>;
        const path =
          paths[name] ?? (name.endsWith('GraphQL') ? '/graphql' : name.endsWith('MCP') ? '/mcp' : '/api/memories');
        const type = name === '/v1/files' ? 'multipart/form-data; boundary=x' : 'application/json';
        expect(await declare(graph.url + path, key, 1_000_000_000, type)).toBe(413);
        await revoke(person);
        await expect.poll(() => kept(key), { timeout: 15_000 }).toMatchObject({ code: 'UNAUTHENTICATED' });
      },
      120_000,
    );

    it.each(Object.entries(MAKING))(
      'where a model makes something, the same is refused: %s',
      async (_name, { path, scope, dear, make }) => {
        const person = await arrive([scope]);
        const { key } = person;
        const { key: other } = await arrive(['CHAT_READ']);
        const model = dear === undefined ? {} : { model: dear };
        const made = async (by: string | undefined) => (await make(graph.url, by, 'A sextant', model)).code;
        expect(await made(undefined)).toBe('UNAUTHENTICATED');
        expect(await made('sk-wrong')).toBe('UNAUTHENTICATED');
        expect(await made(other)).toBe('FORBIDDEN');
        expect(await made(key)).toBe(dear === undefined ? undefined : 'BUDGET_EXCEEDED');
        expect(await declare(graph.url + path, key, 1_000_000_000)).toBe(413);
        await revoke(person);
        await expect.poll(() => made(key), { timeout: 15_000 }).toBe('UNAUTHENTICATED');
      },
      120_000,
    );
  });
});

it('every door refuses one operation more than a minute allows', async () => {
  await using graph = await startEmbedded({
    RATE_LIMIT_IDENTITY: String(OPERATIONS_A_MINUTE),
    LLM_DISCOVERY: 'false',
  });
  const scopes = ['CHAT_READ', 'CHAT_WRITE', 'MEMORY_READ', 'MEMORY_WRITE', 'VECTOR_READ', 'VISION_WRITE'];
  const { key, conversationId } = await arriveAt(graph, scopes);
  const doors: Readonly<Record<string, () => Promise<object>>> = {
    ...asked(DOORS, (send) => send(graph.url, { key, conversationId, text: 'Ahoy' })),
    ...asked(KEEPING, (keep) => keep(graph.url, key, 'Log')),
    ...asked(MAKING, ({ make }) => make(graph.url, key, 'A sextant', {})),
  };
  for (const [name, ask] of Object.entries(doors)) {
    // Once more where a minute has ended meanwhile.
    const refused = async () => {
      for (let count = 0; count <= OPERATIONS_A_MINUTE; count++) {
        const told = await post(`${graph.url}/graphql`, key, { query: '{ __typename }' });
        if ((await told.text()).includes('RATE_LIMITED')) break;
      }
      return [name, await ask()];
    };
    await expect.poll(refused, { timeout: 60_000 }).toMatchObject([name, { code: 'RATE_LIMITED' }]);
  }
}, 180_000);
