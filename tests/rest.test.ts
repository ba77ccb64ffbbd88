import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, answerDeltas, FaultServer, json } from '#llm/testing/fault-server.ts';
import { LyingToolServer } from '#llm/testing/tool-server.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';
import { story } from './testing/story.ts';

type Schema = { [key: string]: unknown };
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; schema: Schema; example?: unknown }[];
  readonly requestBody?: { content: Record<string, { schema: Schema; example?: Record<string, unknown> }> };
  readonly responses: Record<string, { content: Record<string, { schema: Schema }> }>;
}

const PAGE = readFileSync(path.resolve(import.meta.dirname, '../subgraphs/vision/testing/page.png'));
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const CATALOGUE = `
providers:
  test: { type: compatible, base_url: $URL, api_key: sk-test }
deployments:
  words: { provider: test, model: test-model, capabilities: [chat, tools] }
  paint: { provider: test, model: test-images, capabilities: [images] }
models:
  words: { deployments: [words] }
  paint: { deployments: [paint] }
tool_servers: { here: { url: $TOOLS } }
`;

const TWO_WRITES = 'Write it twice';

/** The routes of the original system. */
const ORIGINAL = [
  'POST /api/auth/register',
  'POST /api/auth/login',
  'GET /api/auth/verify',
  'POST /api/auth/refresh',
  'POST /api/chat',
  'GET /api/conversations',
  'POST /api/conversations',
  'GET /api/conversations/{id}',
  'GET /api/memories',
  'POST /api/memories',
  'POST /api/memories/search',
  'POST /api/context',
  'GET /api/context',
  'POST /api/vision/analyze',
  'POST /api/vision/ocr',
  'POST /api/vision/generate',
  'POST /api/embed',
  'POST /api/vectors/search',
  'GET /api/vectors/collections',
];

describe.each(MODES)('REST, %s', (_title, skipped, start) => {
  describe.skipIf(skipped)('as its document says', () => {
    const lifecycle = new AsyncDisposableStack();
    let model: FaultServer;
    let graph: RunningGraph;
    let user: TestUser;
    let document: { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };
    /** Ids of the examples, and those that stand for them here. */
    const ids: Record<string, string> = {};

    beforeAll(async () => {
      const say = answer(story(12));
      const write = answerDeltas(
        ['call_1', 'call_2'].map((id, index) => ({
          tool_calls: [{ index, id, type: 'function', function: { name: 'here__write', arguments: '{}' } }],
        })),
        'tool_calls',
      );
      const draw = json(200, { created: 1, data: [{ b64_json: PNG }] });
      model = lifecycle.use(
        await FaultServer.start((request, response) => {
          if (request.path.endsWith('/images/generations')) return draw(request, response);
          const { messages } = request.body as { messages?: { content?: unknown }[] };
          return messages?.at(-1)?.content === TWO_WRITES ? write(request, response) : say(request, response);
        }),
      );
      const tools = lifecycle.use(await LyingToolServer.start([{ name: 'write', inputSchema: { type: 'object' } }]));
      const folder = await mkdtemp(path.join(tmpdir(), 'rest-'));
      lifecycle.defer(() => rm(folder, { recursive: true }));
      const catalogue = path.join(folder, 'llm.yaml');
      await writeFile(catalogue, CATALOGUE.replace('$URL', model.url).replace('$TOOLS', tools.url));
      graph = await start({ LLM_CONFIG: catalogue }, lifecycle);
      user = await TestUser.signUp(graph.url);
      document = (await (await fetch(`${graph.url}/openapi.json`)).json()) as typeof document;
    }, 180_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    const headers = () => ({ authorization: `Bearer ${user.accessToken}` });
    const call = async (method: string, target: string, body?: unknown) => {
      const response = await fetch(graph.url + target, {
        method,
        headers: { ...headers(), ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      // biome-ignore lint/suspicious/noExplicitAny: answers of many endpoints
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as any };
    };

    const operations = () =>
      Object.entries(document.paths).flatMap(([route, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ route, method: method.toUpperCase(), operation })),
      );
    const known = <Value>(value: Value): Value =>
      JSON.parse(JSON.stringify(value), (_, one) => (typeof one === 'string' && ids[one]) || one) as Value;

    /** The call that an example describes, with one value changed. */
    const exampleOf = (route: string, operation: Operation, change?: { name: string; value: unknown }) => {
      let target = route;
      const search = new URLSearchParams();
      for (const parameter of operation.parameters ?? []) {
        const value = change?.name === parameter.name ? change.value : parameter.example;
        if (value === undefined) continue;
        if (parameter.in === 'path') target = target.replace(`{${parameter.name}}`, String(known(value)));
        else search.set(parameter.name, String(known(value)));
      }
      const body = operation.requestBody?.content['application/json']?.example;
      return { target: search.size > 0 ? `${target}?${search}` : target, body: body && known(body) };
    };

    it('has every route of the original system', () => {
      const routes = operations().map(({ method, route }) => `${method} ${route}`);
      expect(ORIGINAL.filter((route) => !routes.includes(route))).toEqual([]);
    });

    it('every example was run and answered as its schema says', async () => {
      const conversation = await call('POST', '/api/conversations', { title: 'Instruments' });
      ids['019ad3a0-0000-7000-8000-000000000001'] = conversation.body.conversation.id;
      const chat = await call('POST', '/api/chat', {
        text: 'Hello',
        conversationId: conversation.body.conversation.id,
      });
      expect(chat).toMatchObject({ status: 200, body: { reply: { status: 'COMPLETE', text: story(12).join('') } } });
      ids['019ad3a0-0000-7000-8000-000000000002'] = chat.body.replyId;
      const asks = await user.run<{ createConversation: { conversation: { id: string } } }, object>(
        'mutation { createConversation(input: { toolServers: ["here"] }) { conversation { id } } }',
      );
      const waits = await call('POST', '/api/chat', {
        text: TWO_WRITES,
        conversationId: asks.createConversation.conversation.id,
      });
      expect(waits).toMatchObject({
        status: 200,
        body: { reply: { awaitsApproval: true }, waiting: { calls: [{ id: 'call_1' }, { id: 'call_2' }] } },
      });
      ids['019ad3a0-0000-7000-8000-000000000007'] = waits.body.replyId;
      const stored = await call('POST', '/api/memories', { memories: [{ text: 'Ada sails.' }] });
      ids['019ad3a0-0000-7000-8000-000000000003'] = stored.body.memories[0].id;
      const collection = await call('POST', '/api/vectors/collections', { name: 'charts' });
      ids['019ad3a0-0000-7000-8000-000000000004'] = collection.body.collection.id;
      ids['the-refresh-token-of-the-last-answer'] = user.refreshToken;
      ids['019ad3a0-0000-7000-8000-000000000006'] = (await upload('/api/vision/analyze', PAGE)).body.image.id;
      const last = new Set(['RestDeleteConversation', 'RestForget', 'RestRefresh']);
      // A person signs up before signing in, stores before reading, and deletes last.
      const order = ({ operation: { operationId } }: { operation: Operation }) =>
        operationId === 'RestRegister' || operationId === 'RestSetContext' ? 0 : last.has(operationId) ? 2 : 1;
      const problems: unknown[] = [];
      for (const { route, method, operation } of operations().sort((a, b) => order(a) - order(b))) {
        const { target, body } = exampleOf(route, operation);
        const found = await call(method, target, method === 'DELETE' ? {} : body);
        const schema = operation.responses['200']!.content['application/json']!.schema;
        const wrong = found.status === 200 ? misfit(found.body, schema, document.components.schemas) : found.body;
        if (wrong) problems.push([method, target, found.status, wrong]);
      }
      expect(problems).toEqual([]);
    }, 120_000);

    it('what the document forbids is refused', async () => {
      const problems: unknown[] = [];
      // The example of its deletion was run.
      const conversation = await call('POST', '/api/conversations', { title: 'Instruments' });
      ids['019ad3a0-0000-7000-8000-000000000001'] = conversation.body.conversation.id;
      for (const { route, method, operation } of operations()) {
        const schema = operation.requestBody?.content['application/json']?.schema;
        const wrongs: { target: string; body?: unknown; what: string }[] = [];
        for (const parameter of operation.parameters ?? []) {
          for (const value of violations(parameter.schema)) {
            const { target, body } = exampleOf(route, operation, { name: parameter.name, value });
            wrongs.push({ target, body, what: `${parameter.name}: ${JSON.stringify(value)?.slice(0, 40)}` });
          }
        }
        const { target, body } = exampleOf(route, operation);
        if (schema && body) {
          for (const [place, value] of bodyViolations(schema, document.components.schemas)) {
            wrongs.push({
              target,
              body: withValue(body, place, value),
              what: `${place.join('.')}: ${JSON.stringify(value)?.slice(0, 40)}`,
            });
          }
          wrongs.push({ target, body: { ...body, unheardOf: 1 }, what: 'unheardOf' });
        }
        for (const wrong of wrongs) {
          const found = await call(method, wrong.target, wrong.body);
          if (found.status !== 400 && found.status !== 413) problems.push([method, route, wrong.what, found.status]);
        }
      }
      expect(problems).toEqual([]);
    }, 120_000);

    it('a reply streams as server-sent events, exact to the byte', async () => {
      const response = await fetch(`${graph.url}/api/chat`, {
        method: 'POST',
        headers: { ...headers(), 'content-type': 'application/json' },
        body: JSON.stringify({ text: 'Stream it', stream: true }),
      });
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      const events = (await response.text())
        .split('\n\n')
        .filter((event) => event.startsWith('event: '))
        .map((event) => {
          const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event)!;
          return [name, JSON.parse(data!)] as const;
        });
      expect(events[0]).toMatchObject(['start', { conversationId: expect.any(String), replyId: expect.any(String) }]);
      const text = events.flatMap(([name, data]) => (name === 'text' ? [data.text] : [])).join('');
      expect(text).toBe(story(12).join(''));
      expect(events.at(-1)).toMatchObject(['end', { status: 'COMPLETE', usage: { outputTokens: 5 } }]);
    });

    it('takes a message that is sent again for the first one, in the conversation that it began', async () => {
      const body = { text: 'Hello', clientMessageId: randomUUID() };
      const send = () => call('POST', '/api/chat', body);
      const all = [...(await Promise.all([send(), send(), send()])), await send()];
      expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const ids = all.map(({ body: { conversationId, messageId, replyId } }) => [conversationId, messageId, replyId]);
      expect(new Set(ids.map(String)).size).toBe(1);
      // What uses the key for something else is refused, and takes nothing away.
      const misused = await call('POST', '/api/chat', { ...body, text: 'Another' });
      expect(misused.status).toBeGreaterThanOrEqual(400);
      expect(await call('GET', `/api/chat/messages/${all[0]!.body.replyId}`)).toMatchObject({ status: 200 });
      const response = async () => {
        const answer = await fetch(`${graph.url}/v1/responses`, {
          method: 'POST',
          headers: { ...headers(), 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify({ input: 'Hello' }),
        });
        return (await answer.json()) as { id: string };
      };
      // Clients of OpenAI send any text, such as `stainless-node-retry-…`.
      let key: string = randomUUID();
      for (const one of [key, `order ${key}`, 'x'.repeat(255)]) {
        key = one;
        const { id } = await response();
        expect(id).toMatch(/./);
        expect((await response()).id).toBe(id);
      }
      key = 'x'.repeat(256);
      expect(await response()).toMatchObject({
        error: { type: 'invalid_request_error', param: 'idempotency-key', message: expect.stringContaining('255') },
      });
    });

    it('a reply that cannot be had is an error with its code, and a send that is refused leaves no conversation', async () => {
      const before = await call('GET', '/api/conversations?first=100');
      expect(await call('POST', '/api/chat', { text: 'Hello', model: 'unheard-of' })).toMatchObject({
        status: 400,
        body: { error: { code: 'MODEL_NOT_FOUND' } },
      });
      expect(await call('POST', '/api/chat', { text: '' })).toMatchObject({
        status: 400,
        body: { error: { argument: 'input.text' } },
      });
      const after = await call('GET', '/api/conversations?first=100');
      expect(after.body.nodes.length).toBe(before.body.nodes.length);
    });

    async function upload(
      target: string,
      bytes: Uint8Array<ArrayBuffer>,
      values: Record<string, string> = {},
      type = 'image/png',
    ) {
      const form = new FormData();
      form.set('file', new File([bytes], 'page.png', { type }));
      for (const [name, value] of Object.entries(values)) form.set(name, value);
      const response = await fetch(graph.url + target, { method: 'POST', headers: headers(), body: form });
      // biome-ignore lint/suspicious/noExplicitAny: answers of several endpoints
      return { status: response.status, body: (await response.json()) as any };
    }

    it('a file in a form is analysed, and its text read', async () => {
      expect(await upload('/api/vision/analyze', PAGE)).toMatchObject({
        status: 200,
        body: { image: { status: 'READY', analysis: { kind: 'DOCUMENT' }, width: expect.any(Number) } },
      });
      const read = await upload('/api/vision/ocr', PAGE);
      expect(read).toMatchObject({ status: 200, body: { image: { ocr: { status: 'DONE' } } } });
      expect(read.body.image.ocr.text).toMatch(/\w{3}/);
    }, 60_000);

    /** The status of a request that says how large it is, before its body is sent. */
    const declare = (target: string, type: string, length: number) =>
      new Promise((resolve, reject) => {
        const request = http.request(graph.url + target, {
          method: 'POST',
          headers: { ...headers(), 'content-type': type, 'content-length': length },
        });
        request.on('response', (response) => {
          resolve(response.statusCode);
          request.destroy();
        });
        request.on('error', reject);
        request.flushHeaders();
      });

    it('a form that is wrong says what is', async () => {
      expect(await upload('/api/vision/ocr', PAGE, { colour: 'red' })).toMatchObject({
        status: 400,
        body: { error: { argument: 'colour' } },
      });
      expect(await upload('/api/vision/analyze', Buffer.from('no image'))).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_USER_INPUT' } },
      });
      expect(await declare('/api/vision/analyze', 'multipart/form-data; boundary=x', 27 * 1024 * 1024)).toBe(413);
      expect(await declare('/api/chat', 'application/json', 27 * 1024 * 1024)).toBe(413);
      const stranger = await fetch(`${graph.url}/api/vision/ocr`, { method: 'POST', body: new FormData() });
      expect(stranger.status).toBe(401);
    });

    it('the files that one person sends slowly leave places for those of others', async () => {
      const slow = await TestUser.signUp(graph.url);
      const sending = Array.from({ length: 8 }, () => {
        const request = http.request(`${graph.url}/api/vision/ocr`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${slow.accessToken}`,
            'content-type': 'multipart/form-data; boundary=x',
            'content-length': 1_000_000,
            expect: '100-continue',
          },
        });
        request.on('error', () => {});
        request.write('--x\r\n');
        return { request, arrived: once(request, 'continue') };
      });
      try {
        await Promise.all(sending.map(({ arrived }) => arrived));
        expect((await upload('/api/vision/ocr', PAGE)).status).toBe(200);
      } finally {
        for (const { request } of sending) request.destroy();
      }
    });

    it('the page at /docs needs nothing but this server', async () => {
      const page = await fetch(`${graph.url}/docs`);
      const policy = page.headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'self'");
      const html = await page.text();
      const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
      expect(files).toHaveLength(4);
      for (const file of files) {
        expect(file).toMatch(/^\/docs\//);
        const found = await fetch(graph.url + file);
        expect([file, found.status]).toEqual([file, 200]);
        expect((await found.arrayBuffer()).byteLength).toBeGreaterThan(100);
      }
      expect((await fetch(`${graph.url}/docs/unheard.js`)).status).toBe(404);
    });

    it('/health has the shape that the original system’s monitors read, with more beside it', async () => {
      const health = await (await fetch(`${graph.url}/health`)).json();
      expect(health).toMatchObject({
        status: 'healthy',
        service: 'gateway',
        timestamp: expect.any(Number),
        dependencies: { database: true, redis: true, auth: true, chat: true },
        checks: { chat: { status: 'up' } },
      });
      expect(Math.abs(health.timestamp - Date.now() / 1000)).toBeLessThan(600);
    });
  });
});

const resolve = (schema: Schema, named: Record<string, Schema>): Schema => {
  const [first] = (schema['anyOf'] ?? [schema]) as Schema[];
  const reference = first!['$ref'];
  return typeof reference === 'string' ? named[reference.split('/').at(-1)!]! : first!;
};

/** What of a value does not fit its schema, as far as types, required properties and lists go. */
function misfit(value: unknown, given: Schema, named: Record<string, Schema>, place = ''): string | undefined {
  const schema = resolve(given, named);
  const types = [schema['type'] ?? []].flat() as string[];
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const fits = types.length === 0 || types.includes(type) || (type === 'number' && types.includes('integer'));
  if (!fits) return `${place} is ${type} and should be ${types.join(' or ')}`;
  if (type === 'array') {
    for (const [index, item] of (value as unknown[]).entries()) {
      const wrong = misfit(item, schema['items'] as Schema, named, `${place}.${index}`);
      if (wrong) return wrong;
    }
  }
  if (type !== 'object') return undefined;
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  const missing = ((schema['required'] ?? []) as string[]).find((name) => !Object.hasOwn(value as object, name));
  if (missing !== undefined) return `${place} has no ${missing}`;
  for (const [name, one] of Object.entries(properties)) {
    if (!Object.hasOwn(value as object, name)) continue;
    const wrong = misfit((value as Record<string, unknown>)[name], one, named, `${place}.${name}`);
    if (wrong) return wrong;
  }
  return undefined;
}

/** Values that a schema forbids. */
function violations(schema: Schema): unknown[] {
  const { minLength, maxLength, minimum, maximum } = schema as Record<string, number | undefined>;
  return [
    ...(minLength ? [''] : []),
    ...(maxLength && maxLength < 200_000 ? ['x'.repeat(maxLength + 1)] : []),
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(maximum === undefined ? [] : [maximum + 1]),
    ...(schema['type'] === 'integer' ? ['many'] : []),
  ];
}

function* bodyViolations(
  given: Schema,
  named: Record<string, Schema>,
  place: readonly string[] = [],
): Generator<[place: string[], value: unknown]> {
  const schema = resolve(given, named);
  if (place.length > 3) return;
  for (const [name, property] of Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)) {
    const at = [...place, name];
    const { minItems, maxItems } = property as { minItems?: number; maxItems?: number };
    for (const value of violations(property)) yield [at, value];
    if (minItems) yield [at, []];
    if (maxItems) yield [at, Array.from({ length: maxItems + 1 }, () => 'x')];
    const items = property['items'] as Schema | undefined;
    for (const value of items ? violations(items) : []) yield [at, [value]];
    if ('anyOf' in property || '$ref' in property) yield* bodyViolations(property, named, at);
  }
  for (const name of (schema['required'] ?? []) as string[]) {
    if (place.length === 0) yield [[name], undefined];
  }
}

const withValue = (body: object, [name, ...rest]: readonly string[], value: unknown): object => ({
  ...body,
  [name!]: rest.length === 0 ? value : withValue((body as Record<string, object>)[name!] ?? {}, rest, value),
});
