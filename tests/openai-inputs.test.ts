import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encode } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as encodeO200k } from 'gpt-tokenizer/encoding/o200k_base';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, answerDeltas, FaultServer } from '#llm/testing/fault-server.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

const CATALOGUE = `
default: smart
providers: { test: { type: compatible, base_url: $URL, api_key: sk-test } }
deployments:
  seer: { provider: test, model: test-model, capabilities: [chat, vision, tools, json, reasoning], context_window: 100000 }
models: { smart: { deployments: [seer] }, 'meta/llama:8b': { deployments: [seer] } }
`;
/** Bytes that MAX_BODY_BYTES and MAX_DOOR_BODY_BYTES say where they are not set. */
const ORDINARY = 524_288;
const LARGEST = 10_485_760;
const picture = (bytes: number): string => `data:image/jpeg;base64,${Buffer.alloc(bytes, 7).toString('base64')}`;

describe.each(MODES)('what /v1 takes and refuses, %s', (_title, skipped, start) => {
  describe.skipIf(skipped)('from an API key', () => {
    const lifecycle = new AsyncDisposableStack();
    let model: FaultServer;
    let graph: RunningGraph;
    let openai: OpenAI;
    /** API key of another account, at the same address. */
    let otherKey: string;

    beforeAll(async () => {
      model = lifecycle.use(await FaultServer.start());
      const folder = await mkdtemp(path.join(tmpdir(), 'openai-inputs-'));
      lifecycle.defer(() => rm(folder, { recursive: true }));
      await writeFile(path.join(folder, 'llm.yaml'), CATALOGUE.replace('$URL', model.url));
      graph = await start({ LLM_CONFIG: path.join(folder, 'llm.yaml'), CHAT_TITLES: 'false' }, lifecycle);
      const makeKey = async (): Promise<string> => {
        const user = await TestUser.signUp(graph.url);
        const { createApiKey } = await user.run<{ createApiKey: { secret: string } }, object>(
          'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
          { input: { name: 'test', scopes: ['CHAT_READ', 'CHAT_WRITE', 'VECTOR_READ'] } },
        );
        return createApiKey.secret;
      };
      otherKey = await makeKey();
      openai = new OpenAI({ apiKey: await makeKey(), baseURL: `${graph.url}/v1`, maxRetries: 0 });
    }, 180_000);
    beforeEach(() => model.behave(answer('Aye')));
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    type Told = { status: number; headers: Headers; body: { error: Record<string, unknown> } };
    const send = async (where: string, body: unknown, key = openai.apiKey ?? ''): Promise<Told> => {
      const response = await fetch(graph.url + where, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key !== '' && { authorization: `Bearer ${key}` }) },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Told['body'] };
    };
    const hello = (more: object) =>
      send('/v1/chat/completions', { model: 'smart', messages: [{ role: 'user', content: 'Hello' }], ...more });
    const seen = () => model.seen.at(-1)!.body as { messages: Record<string, unknown>[]; [name: string]: unknown };

    it('embeds texts that are sent as tokens, as LangChain for Python does', async () => {
      const texts = ['A sextant measures angles.', 'Grüße aus Köln 🙂 <|endoftext|>'];
      const embed = async (input: OpenAI.EmbeddingCreateParams['input'], name = '') =>
        openai.embeddings.create({ model: name, input, encoding_format: 'float' });
      const expected = (await embed(texts)).data.map(({ embedding }) => embedding);
      const tokens = texts.map((text) => encode(text, { disallowedSpecial: new Set() }));
      const many = await embed(tokens);
      expect(many.data.map(({ embedding }) => embedding)).toEqual(expected);
      expect(many.usage.prompt_tokens).toBe(tokens.flat().length);
      expect((await embed(tokens[0]!)).data.map(({ embedding }) => embedding)).toEqual([expected[0]]);
      // A name of OpenAI’s newer models is encoded otherwise; there is no such model here, but its tokens are read.
      await expect(embed([[...encodeO200k('Ahoy'), 150_000]], 'gpt-4o')).rejects.toMatchObject({ status: 404 });
      // As much as one input may have, of long words.
      expect(
        (await embed([encode(' international').concat(encode(' international'.repeat(8_190)))])).data,
      ).toHaveLength(1);
      await expect(embed([[150_000]])).rejects.toMatchObject({ status: 400, param: 'input.0.0' });
    });

    it('says of an input that cannot be embedded which one it is', async () => {
      const wrong = [
        [{ input: [[1, -1]] }, 'input.0.1'],
        [{ input: [[1], [1, 0.5]] }, 'input.1.1'],
        [{ input: [1, 100_261] }, 'input.1'],
        [{ input: [[1], []] }, 'input.1'],
        [{ input: [[1], Array(8_193).fill(1)] }, 'input.1'],
        [{ input: [[1], 'x'] }, 'input'],
        [{ input: [1, 'x'] }, 'input'],
        [{ input: [null] }, 'input'],
        [{ input: [] }, 'input'],
        [{}, 'input'],
        [{ input: '' }, 'input'],
        [{ input: [220] }, 'input'],
        [{ input: [[220]] }, 'input.0'],
        [{ input: ['x', ' '] }, 'input.1'],
        [{ input: [...Array(300).fill('x'), ''] }, 'input.300'],
        [{ input: 'x'.repeat(131_073) }, 'input'],
        [{ input: Array(2_049).fill([1]) }, 'input'],
      ] as const;
      for (const [body, param] of wrong) {
        const told = await send('/v1/embeddings', { model: '', ...body });
        expect([param, told.status, told.body.error['param']]).toEqual([param, 400, param]);
        expect(String(told.body.error['message'])).toMatch(new RegExp(`^${param} `));
      }
    });

    it('bounds the text that tokens stand for, and decodes none of a stranger', async () => {
      // The longest token of cl100k_base: 128 blanks.
      const told = await send('/v1/embeddings', { model: '', input: Array(12).fill(Array(8_192).fill(58_040)) });
      expect([told.status, told.body.error['param']]).toEqual([400, 'input']);
      expect(told.body.error['message']).toContain(`more than ${LARGEST} characters`);
      for (const input of [[[150_000]], [150_000], 'x']) {
        expect([input, (await send('/v1/embeddings', { model: '', input }, '')).status]).toEqual([input, 401]);
      }
    });

    it('is shown the picture of a telephone, by each way that takes pictures', async () => {
      const url = picture(5_500_000);
      const completion = await openai.chat.completions.create({
        model: 'smart',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What?' },
              { type: 'image_url', image_url: { url } },
            ],
          },
        ],
      });
      expect(completion.choices[0]!.message.content).toBe('Aye');
      expect(JSON.stringify(seen()).length).toBeGreaterThan(url.length);
      const answered = await openai.responses.create({
        model: 'smart',
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'What?' },
              { type: 'input_image', image_url: url, detail: 'low' },
            ],
          },
        ],
      });
      expect(answered.output_text).toBe('Aye');
      const texts: string[] = Array(20).fill('long text '.repeat(3_000));
      expect((await openai.embeddings.create({ model: '', input: texts })).data).toHaveLength(20);
    });

    it('is refused more pictures at once than its accounts may send, and hangs with none of them', async () => {
      const url = picture(5_500_000);
      const body = {
        model: 'smart',
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
      };
      const { promise: mayAnswer, resolve: letAnswer } = Promise.withResolvers<void>();
      model.behave(async (request, response) => {
        await mayAnswer;
        await answer('Aye')(request, response);
      });
      let over = 0;
      // Connections end where what still comes is not read.
      const ask = (key?: string) =>
        send('/v1/chat/completions', body, key).then(
          ({ status }) => status,
          () => 429,
        );
      const sent = Array.from({ length: 10 }, (_, i) => ask(i % 2 ? otherKey : undefined).finally(() => over++));
      await expect.poll(() => over, { timeout: 30_000 }).toBeGreaterThanOrEqual(5);
      letAnswer();
      const statuses = await Promise.all(sent);
      expect(new Set(statuses)).toEqual(new Set([200, 429]));
      expect(await ask()).toBe(200);
    });

    it('names the limit and the setting of what is too large', async () => {
      const large = await hello({ messages: [{ role: 'user', content: 'x'.repeat(LARGEST) }] });
      expect(large).toMatchObject({ status: 413, body: { error: { code: 'payload_too_large' } } });
      expect(large.body.error['message']).toContain(`${LARGEST} bytes`);
      expect(large.body.error['message']).toContain('MAX_DOOR_BODY_BYTES');
      const stranger = await send('/v1/chat/completions', `{"x":"${'x'.repeat(ORDINARY)}"}`, '');
      expect(stranger).toMatchObject({ status: 413 });
      expect(stranger.body.error['message']).toMatch(/524288 bytes.*MAX_BODY_BYTES.*signed in.*MAX_DOOR_BODY_BYTES/);
      const graphql = await send('/graphql', { query: '{ __typename }', variables: { x: 'x'.repeat(ORDINARY) } });
      expect(graphql.status).toBe(413);
    });

    it('bounds what a large body costs to read', async () => {
      const bodies = {
        numbers: `{"input":[${'1,'.repeat(2_000_000)}1]}`,
        blanks: `{"input":[${' '.repeat(5_000_000)}1]}`,
        texts: `{"input":[${Array.from({ length: 500_000 }, (_, i) => `"text number ${i}"`).join()}]}`,
        objects: `{"input":[${'{},'.repeat(300_000)}1]}`,
      };
      for (const [name, body] of Object.entries(bodies)) {
        const told = await send('/v1/embeddings', body);
        expect([name, told.status, told.body.error['param']]).toEqual([name, 400, 'body']);
      }
    });

    it.each(['/v1/chat/completions', '/api/chat', '/mcp'])('reads no large body of a stranger: %s', async (where) => {
      for (const [authorization, status] of [
        ['', 413],
        ['authorization: Bearer sk-wrong\r\n', 401],
      ] as const) {
        const told = await new Promise<string>((resolve, reject) => {
          const socket = connect(Number(new URL(graph.url).port), '127.0.0.1');
          let text = '';
          socket.on('data', (data) => {
            text += data;
          });
          socket.on('error', reject);
          socket.on('close', () => resolve(text));
          // The answer comes, and the connection ends, though nothing of the body is sent.
          socket.write(
            `POST ${where} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${authorization}content-length: 8000000\r\n\r\n`,
          );
        });
        expect([where, told.split(' ', 2)[1]]).toEqual([where, String(status)]);
      }
    });

    it('answers a method that a path does not have with those that it has', async () => {
      const cases = [
        ['DELETE', '/v1/models', 'GET, HEAD'],
        ['PUT', '/v1/models/smart', 'GET, HEAD'],
        ['GET', '/v1/chat/completions', 'POST'],
        ['HEAD', '/v1/embeddings', 'POST'],
        ['PATCH', '/v1/files/x', 'GET, HEAD, DELETE'],
        ['PUT', '/v1/vector_stores', 'POST, GET, HEAD'],
        ['POST', '/v1/responses/resp_x', 'GET, HEAD, DELETE'],
        ['GET', '/mcp', 'POST'],
        ['DELETE', '/mcp', 'POST'],
        ['POST', '/health', 'GET, HEAD'],
        ['DELETE', '/ready', 'GET, HEAD'],
        ['POST', '/docs', 'GET, HEAD'],
        ['POST', '/openapi.json', 'GET, HEAD'],
        ['PUT', '/api/memories', 'POST, GET, HEAD'],
        ['PUT', '/graphql', 'GET, HEAD, POST'],
        ['GET', '/oauth/token', 'POST'],
        ['PATCH', '/oauth/token', 'POST'],
        ['POST', '/.well-known/oauth-authorization-server', 'GET, HEAD'],
        ['POST', '/.well-known/oauth-protected-resource', 'GET, HEAD'],
        ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
        ['POST', '/', 'GET, HEAD'],
      ] as const;
      for (const [method, where, allow] of cases) {
        const told = await fetch(graph.url + where, { method });
        expect([method, where, told.status, told.headers.get('allow')]).toEqual([method, where, 405, allow]);
        if (where.startsWith('/v1/') && method !== 'HEAD')
          expect(await told.json()).toMatchObject({
            error: { type: 'invalid_request_error', param: null, code: 'method_not_allowed' },
          });
      }
      expect((await fetch(`${graph.url}/v1/unheard`, { method: 'POST' })).status).toBe(404);
      expect((await fetch(`${graph.url}/unheard`, { method: 'POST' })).status).toBe(404);
    });

    it('tells by HEAD what GET tells, and by OPTIONS what a path answers', async () => {
      for (const where of [
        '/health',
        '/ready',
        '/docs',
        '/openapi.json',
        '/graphql?query={__typename}',
        '/.well-known/jwks.json',
      ]) {
        const told = await fetch(graph.url + where, { method: 'HEAD', headers: { 'apollo-require-preflight': '1' } });
        expect([where, told.status, await told.text()]).toEqual([where, 200, '']);
      }
      const subscription = encodeURIComponent('subscription { messageStream(id: "x") { __typename } }');
      const headers = { accept: 'application/graphql-response+json', authorization: `Bearer ${openai.apiKey}` };
      const refused = await fetch(`${graph.url}/graphql?query=${subscription}`, {
        method: 'HEAD',
        headers: { ...headers, 'apollo-require-preflight': '1' },
      });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, POST']);
      const plain = await fetch(`${graph.url}/v1/models`, { method: 'OPTIONS' });
      expect([plain.status, plain.headers.get('allow')]).toEqual([204, 'GET, HEAD']);
      const preflight = await fetch(`${graph.url}/v1/chat/completions`, {
        method: 'OPTIONS',
        headers: {
          origin: 'http://localhost:3000',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      });
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
        204,
        'http://localhost:3000',
      ]);
    });

    it('says of a value out of its range which one it is', async () => {
      const user = { role: 'user', content: 'Hello' };
      const wrong: readonly [object, string][] = [
        [{ n: 0 }, 'n'],
        [{ n: 1.5 }, 'n'],
        [{ n: '1' }, 'n'],
        [{ top_logprobs: 3 }, 'top_logprobs'],
        [{ max_tokens: 0 }, 'max_tokens'],
        [{ max_tokens: -1 }, 'max_tokens'],
        [{ max_tokens: 1.5 }, 'max_tokens'],
        [{ max_tokens: 1e12 }, 'max_tokens'],
        [{ max_completion_tokens: 0 }, 'max_completion_tokens'],
        [{ temperature: -0.1 }, 'temperature'],
        [{ temperature: 2.1 }, 'temperature'],
        [{ temperature: '1' }, 'temperature'],
        [{ top_p: 1.1 }, 'top_p'],
        [{ presence_penalty: 3 }, 'presence_penalty'],
        [{ frequency_penalty: -3 }, 'frequency_penalty'],
        [{ seed: 2 ** 64 }, 'seed'],
        [{ seed: 0.5 }, 'seed'],
        [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
        [{ stop: [1] }, 'stop'],
        [{ stop: 1 }, 'stop'],
        [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
        [{ stream_options: { frob: true } }, 'stream_options.frob'],
        [{ tools: [{ type: 'function', function: { name: 'a b' } }] }, 'tools.0.function.name'],
        [
          { tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'frob' } } }] },
          'tools.0.function.parameters',
        ],
        [
          {
            tools: [{ type: 'function', function: { name: 'a' } }],
            tool_choice: { type: 'function', function: { name: 'b' } },
          },
          'tool_choice.function.name',
        ],
        [
          { response_format: { type: 'json_schema', json_schema: { name: 'a b', schema: {} } } },
          'response_format.json_schema.name',
        ],
        [{ messages: [] }, 'messages'],
        [{ messages: undefined }, 'messages'],
        [{ messages: 'Hello' }, 'messages'],
        [{ messages: [user, { role: 'wizard', content: 'x' }] }, 'messages.1.role'],
        [{ messages: [{ content: 'x' }] }, 'messages.0.role'],
        [{ messages: [{ role: 'user', content: null }] }, 'messages.0.content'],
        [{ messages: [{ role: 'user', content: '' }] }, 'messages.0.content'],
        [{ messages: [{ role: 'system' }, user] }, 'messages.0.content'],
        [{ messages: [user, { role: 'assistant', content: null }, user] }, 'messages.1.content'],
        [{ messages: [user, { role: 'tool', content: 'x' }] }, 'messages.1.tool_call_id'],
        [
          { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'ftp://x' } }] }] },
          'messages.0.content',
        ],
        [
          { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', type: 'function' }] }] },
          'messages.0.tool_calls.0.function.name',
        ],
      ];
      for (const [more, param] of wrong) {
        const { status, body } = await hello(more);
        expect([more, status, body.error['type'], body.error['param']]).toEqual([
          more,
          400,
          'invalid_request_error',
          param,
        ]);
        expect(body.error['message']).toMatch(new RegExp(`^${param} `));
      }
      for (const [more, param] of [
        [{ max_output_tokens: 0 }, 'max_output_tokens'],
        [{ input: '' }, 'input'],
        [{ input: [{ role: 'user', content: '' }] }, 'input.0.content'],
        [{ text: { format: { type: 'json_schema', name: 'a', schema: 5 } } }, 'text.format.schema'],
        [{ instructions: 'x'.repeat(40_000) }, 'instructions'],
        [{ include: ['unheard'] }, 'include'],
        [{ include: 'reasoning.encrypted_content' }, 'include'],
        [{ truncation: 'auto' }, 'truncation'],
      ] as const) {
        const { status, body } = await send('/v1/responses', { model: 'smart', input: 'Hello', ...more });
        expect([more, status, body.error['param']]).toEqual([more, 400, param]);
      }
    });

    it('says of a key of elsewhere that it is none of this server', async () => {
      const told = await send('/v1/chat/completions', { messages: [] }, 'sk-proj-elsewhere');
      expect(told).toMatchObject({
        status: 401,
        body: { error: { code: 'invalid_api_key', type: 'authentication_error' } },
      });
      expect(told.body.error['message']).toContain('nor an API key of this server');
    });

    it('takes what OpenAI takes', async () => {
      const seedOf = async (seed: number) => {
        expect((await hello({ seed })).status).toBe(200);
        return seen()['seed'];
      };
      expect(await seedOf(42)).toBe(42);
      expect(await seedOf(-7)).toBe(-7);
      const [one, other] = [await seedOf(5_000_000_001), await seedOf(5_000_000_002)];
      expect(await seedOf(5_000_000_001)).toBe(one);
      expect(other).not.toBe(one);
      await expect(seedOf(2 ** 53)).resolves.toEqual(expect.any(Number));
      const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } };
      const { status } = await hello({
        messages: [
          { role: 'developer', content: 'Be brief', name: 'rules' },
          { role: 'user', content: 'Weather?', name: 'ada' },
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
          { role: 'assistant', content: null, refusal: 'I would rather not.' },
          { role: 'user', content: 'Well?' },
        ],
      });
      expect(status).toBe(200);
      expect(seen().messages.map(({ content }) => content)).toEqual([
        'Be brief',
        'Weather?',
        null,
        'rain',
        'I would rather not.',
        'Well?',
      ]);
      const include = ['reasoning.encrypted_content' as const];
      const answered = await openai.responses.create({
        model: 'smart',
        input: 'Hello',
        include,
        truncation: 'disabled',
        store: false,
      });
      expect(answered).toMatchObject({ store: false });
      await expect(openai.responses.retrieve(answered.id)).rejects.toMatchObject({ status: 404 });
      expect(await openai.models.retrieve('meta/llama:8b')).toMatchObject({ id: 'meta/llama:8b' });
      expect(
        (
          await fetch(`${graph.url}/v1/models/meta/llama:8b/`, {
            headers: { authorization: `Bearer ${openai.apiKey}` },
          })
        ).status,
      ).toBe(200);
    });

    it('reads what a stored response was asked with, and deletes it', async () => {
      const first = await openai.responses.create({ model: 'smart', input: 'Hello there' });
      const items = await openai.responses.inputItems.list(first.id);
      expect(items.data).toMatchObject([
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello there' }] },
      ]);
      const get = async (where: string) => {
        const told = await fetch(`${graph.url}/v1/responses/${where}`, {
          headers: { authorization: `Bearer ${openai.apiKey}` },
        });
        return [told.status, ((await told.json()) as Told['body']).error?.['param']];
      };
      expect(await get(`${first.id}/input_items?limit=0`)).toEqual([400, 'limit']);
      expect(await get(`${first.id}/input_items?order=up`)).toEqual([400, 'order']);
      expect(await get(`${first.id}/input_items?after=msg_x`)).toEqual([400, 'after']);
      expect(await get(`${first.id}?stream=true`)).toEqual([400, 'stream']);
      expect(await get('resp_x/input_items')).toEqual([404, null]);
      expect(await get('input_tokens')).toEqual([404, null]);

      const tools = [
        { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} }, strict: false },
      ] satisfies OpenAI.Responses.FunctionTool[];
      const calls = ['a', 'b', 'c'].map((id, index) => ({
        index,
        id,
        type: 'function',
        function: { name: 'weather', arguments: '{}' },
      }));
      model.behave(answerDeltas([{ tool_calls: calls }], 'tool_calls'));
      const called = await openai.responses.create({ model: 'smart', input: 'Weather?', tools });
      model.behave(answer('It rains.'));
      const done = await openai.responses.create({
        model: 'smart',
        tools,
        previous_response_id: called.id,
        input: ['a', 'b', 'c'].map((call_id) => ({
          type: 'function_call_output' as const,
          call_id,
          output: [{ type: 'input_text' as const, text: `rain ${call_id}` }],
        })),
      });
      const outputs: string[] = [];
      for await (const item of openai.responses.inputItems.list(done.id, { limit: 2, order: 'asc' }))
        outputs.push((item as { call_id: string }).call_id);
      expect(outputs).toEqual(['a', 'b', 'c']);
      expect((await openai.responses.inputItems.list(done.id, { limit: 2 })).has_more).toBe(true);

      await openai.responses.delete(first.id);
      await expect(openai.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
      await expect(openai.responses.inputItems.list(first.id)).rejects.toMatchObject({ status: 404 });
      await expect(openai.responses.delete(first.id)).rejects.toMatchObject({ status: 404 });
      await expect(
        openai.responses.create({ model: 'smart', input: 'x', previous_response_id: first.id }),
      ).rejects.toMatchObject({ status: 404 });
    });

    it('deletes a message with the last reply to it, whichever was deleted before', async () => {
      const first = await openai.responses.create({ model: 'smart', input: 'Hello there' });
      const ask = async (query: string, variables: object) => {
        const told = (await send('/graphql', { query, variables })).body as unknown as {
          data: { message: { status: string; parent: { id: string; removedAt: string | null } } };
        };
        return told.data;
      };
      const regenerate = 'mutation ($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }';
      const clientMessageId = crypto.randomUUID();
      const made = await ask(regenerate, { input: { id: first.id.replace('resp_', ''), clientMessageId } });
      const { id } = (made as unknown as { regenerateReply: { reply: { id: string } } }).regenerateReply.reply;
      const read = async () =>
        (await ask('query ($id: ID!) { message(id: $id) { status parent { id removedAt } } }', { id })).message;
      await expect.poll(async () => (await read()).status, { timeout: 20_000 }).toBe('COMPLETE');
      await openai.responses.delete(first.id);
      expect((await read()).parent.removedAt).toBeNull();
      await openai.responses.delete(`resp_${id}`);
      expect((await read()).parent.removedAt).not.toBeNull();
    });
  });
});
