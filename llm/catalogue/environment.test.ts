import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCall, hello, readAll, testModels } from '../testing/build.ts';
import { findServers } from './discovery.ts';

describe('with nothing but an environment variable', () => {
  const mock = new LLMock({ port: 0 });
  beforeAll(async () => {
    mock.onMessage('hello', { content: 'Hi there!' });
    mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Paris"}' }] });
    mock.onImage(/.*/, { image: { b64Json: 'aGk=' } });
    await mock.start();
  });
  afterAll(() => mock.stop());
  const url = () => `${mock.url}/v1`;

  it('OPENAI_BASE_URL: chats and calls tools', async () => {
    const { models, records } = testModels(undefined, {
      env: {
        OPENAI_BASE_URL: url(),
        OPENAI_API_KEY: 'k',
        OPENAI_MODEL: 'gpt-4o',
        EMBEDDINGS_BASE_URL: url(),
        EMBEDDINGS_MODEL: 'text-embedding-3-small',
      },
    });
    const { text, parts } = await readAll(models.chat(hello, aCall()));
    expect(text).toBe('Hi there!');
    expect(parts.at(-1)).toMatchObject({ reason: 'stop', usage: { estimated: false } });
    const tools = await readAll(models.chat({ messages: [{ role: 'user', content: 'weather' }] }, aCall()));
    expect(tools.parts.at(-1)).toMatchObject({ reason: 'tool_calls' });
    expect(records.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect((await models.list())[0]).toMatchObject({ id: 'gpt-4o', isDefault: true, health: 'up' });
  });

  it('LOCAL_LLM_ENDPOINT without /v1: what it lists, at no cost', async () => {
    const { models, records } = testModels(undefined, {
      env: { LOCAL_LLM_ENDPOINT: mock.url, LOCAL_LLM_MODEL: 'llama' },
    });
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('Hi there!');
    expect(records[0]).toMatchObject({ alias: 'llama', cost: '0' });
  });

  it('a 429 and a dropped connection of the mock are retried', async () => {
    const { models, records } = testModels(undefined, {
      env: { LOCAL_LLM_ENDPOINT: mock.url, LOCAL_LLM_MODEL: 'llama' },
    });
    mock.nextRequestError(429, { message: 'slow down', type: 'rate_limit_error' });
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('Hi there!');
    expect(records[0]?.retries).toBe(1);
    mock.setChaos({ disconnectRate: 1 });
    const broken = await readAll(models.chat(hello, aCall()));
    mock.clearChaos();
    expect(broken.error).toMatchObject({ extensions: { code: 'PROVIDER_UNAVAILABLE' } });
  });

  it('OPENAI_API_KEY alone: OpenAI’s models with window and price, and no request to know them', async () => {
    const { models } = testModels(undefined, { env: { OPENAI_API_KEY: 'sk-test' } });
    const list = await models.list();
    expect(list[0]).toMatchObject({
      isDefault: true,
      capabilities: { chat: true, tools: true, vision: true },
      health: 'unknown',
    });
    expect(list[0]?.contextWindow).toBeGreaterThan(100_000);
    expect(list[0]?.price?.inputPerMillion).toMatch(/^\d/);
    expect(list.some(({ capabilities }) => capabilities.embeddings)).toBe(true);
    expect(list.some(({ capabilities }) => capabilities.images)).toBe(true);
  });

  it('an endpoint that is not there: says so, and what to check', async () => {
    const { models } = testModels(undefined, { env: { LOCAL_LLM_ENDPOINT: 'http://127.0.0.1:1' } });
    const { error } = await readAll(models.chat(hello, aCall()));
    expect(error).toMatchObject({
      extensions: { code: 'MODEL_NOT_CONFIGURED' },
      message: expect.stringContaining('LOCAL_LLM_ENDPOINT'),
    });
    const named = testModels(undefined, {
      env: { LOCAL_LLM_ENDPOINT: 'http://127.0.0.1:1', LOCAL_LLM_MODEL: 'llama' },
    });
    expect((await readAll(named.models.chat(hello, aCall()))).error).toMatchObject({
      extensions: { code: 'PROVIDER_UNAVAILABLE' },
    });
  });
});

describe('looking for servers on this machine', () => {
  const serve = async (type: string, body: string, answers = true) => {
    const server = createServer((_, response) => {
      if (answers) response.writeHead(200, { 'content-type': type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  };

  it('finds a model list, with windows where it tells them, and nothing else', async () => {
    const real = await serve(
      'application/json',
      JSON.stringify({ data: [{ id: 'qwen', max_model_len: 8192 }, { id: 'bge-m3' }] }),
    );
    const page = await serve('text/html', '<html>data</html>');
    const other = await serve('application/json', '{"hello":"world"}');
    // It never answers: that there is an end is the time limit's.
    const hanging = await serve('application/json', '{"data":[{"id":"x"}]}', false);
    const found = await findServers(
      2_000,
      [real, page, other, hanging, { port: 1 }].map(({ port }) => ['test', 'vllm', port, '/v1'] as const),
    );
    expect(found).toEqual([
      {
        type: 'vllm',
        name: 'test',
        baseUrl: `http://127.0.0.1:${real.port}/v1`,
        models: [
          { id: 'qwen', contextWindow: 8192 },
          { id: 'bge-m3', contextWindow: undefined },
        ],
      },
    ]);
    for (const server of [real, page, other, hanging]) server.close();
  });
});
