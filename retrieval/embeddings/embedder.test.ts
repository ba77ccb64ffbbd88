import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CachingEmbedder } from './caching-embedder.ts';
import type { Embedder, Embedders } from './embedder.ts';
import { createEmbedders } from './registry.ts';
import { cosine } from './vectors.ts';

const none = { EMBEDDINGS_BASE_URL: undefined, EMBEDDINGS_API_KEY: undefined, EMBEDDINGS_MODEL: undefined };

describe('the offline model', () => {
  let embedders: Embedders;
  let model: Embedder;
  beforeAll(async () => {
    embedders = createEmbedders(none);
    model = await embedders.get();
  });
  afterAll(() => embedders[Symbol.asyncDispose]());

  it('is there without any configuration', () => {
    expect(embedders.models()).toEqual([
      expect.objectContaining({ id: 'use-lite', dimensions: 512, isDefault: true, provider: 'local' }),
    ]);
  });

  it('answers the first texts however long WebAssembly takes to come', async () => {
    const [late, use] = ['late-webassembly-process', 'first-use-process'].map((name) =>
      path.join(import.meta.dirname, `testing/${name}.ts`),
    );
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', late!, use!]);
    expect(stdout).toBe('512 512 512\n');
  }, 60_000);

  it('puts a paraphrase nearer than another subject', async () => {
    const [question, answer, other] = await model.embed([
      'How do I get my money back?',
      'We refund purchases within 30 days.',
      'The cat sleeps on the sofa.',
    ]);
    expect(question).toHaveLength(512);
    expect(cosine(question!, question!)).toBeCloseTo(1, 5);
    expect(cosine(question!, answer!)).toBeGreaterThan(cosine(question!, other!) + 0.1);
  });

  it('reads beyond the first hundred words of a long text', async () => {
    const filler = 'the weather was grey and nothing much happened that day '.repeat(12);
    const [long, topic, without] = await model.embed([
      `${filler} ${'Our kidneys filter blood and remove waste. '.repeat(12)}`,
      'How does the kidney work?',
      filler,
    ]);
    expect(cosine(long!, topic!)).toBeGreaterThan(cosine(without!, topic!) + 0.1);
  });

  it('takes a line of ten megabytes without choking on it', async () => {
    const [vector] = await model.embed(['x'.repeat(10_000_000)]);
    expect(vector).toHaveLength(512);
  });

  it('answers a query before documents that were there first', async () => {
    const order: string[] = [];
    const long = (name: string) =>
      model
        .embed(Array.from({ length: 24 }, (_, i) => `${name} ${i} ${'many words about nothing '.repeat(15)}`))
        .then(() => order.push(name));
    const documents = ['first document', 'second document', 'third document'].map(long);
    await model.embed(['where is the key?']).then(() => order.push('query'));
    await Promise.all(documents);
    expect(order).toEqual(['query', 'first document', 'second document', 'third document']);
  });

  it('leaves the event loop free', async () => {
    const [whole, own] = [process.cpuUsage(), process.threadCpuUsage()];
    await model.embed(Array.from({ length: 40 }, (_, i) => `sentence number ${i} about something else entirely`));
    // Processor time, which a busy machine does not stretch: the work is done, and by another thread.
    expect(process.threadCpuUsage(own).user).toBeLessThan(process.cpuUsage(whole).user / 4);
  });

  it('refuses an empty text and stops when the signal says so', async () => {
    await expect(model.embed(['fine', '  '])).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      extensions: { argument: 'texts.1' },
    });
    await expect(model.embed(['never embedded'], { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
      'gone',
    );
  });

  it('is not another', async () => {
    await expect(embedders.get('word2vec')).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('use-lite'),
    });
  });
});

describe('an OpenAI-compatible endpoint', () => {
  const server = new LLMock({ port: 0 });
  let embedders: Embedders;
  beforeAll(async () => {
    server.onEmbedding(/north/, { embedding: [0, 3, 4] });
    server.onEmbedding(/.*/, { embedding: [2, 0, 0] });
    await server.start();
    embedders = createEmbedders({
      EMBEDDINGS_BASE_URL: `${server.url}/v1`,
      EMBEDDINGS_API_KEY: 'k',
      EMBEDDINGS_MODEL: 'small, large',
    });
  });
  afterAll(async () => {
    await embedders[Symbol.asyncDispose]();
    await server.stop();
  });

  it('comes first, beside the offline model, and tells its dimensions when first used', async () => {
    expect(embedders.models().map(({ id, isDefault, dimensions }) => [id, isDefault, dimensions])).toEqual([
      ['small', true, undefined],
      ['large', false, undefined],
      ['use-lite', false, 512],
    ]);
    const model = await embedders.get();
    expect(model).toMatchObject({ id: 'small', dimensions: 3 });
    expect(embedders.models()[0]).toMatchObject({ dimensions: 3 });
    const [north] = await model.embed(['north']);
    expect([...north!]).toEqual([0, 0.6, 0.8].map((value) => expect.closeTo(value, 5)));
  });

  it('that is down is PROVIDER_UNAVAILABLE, and is asked again the next time', async () => {
    const down = createEmbedders({ ...none, EMBEDDINGS_BASE_URL: 'http://127.0.0.1:9/v1' });
    await expect(down.get()).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    await expect(down.get()).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    await down[Symbol.asyncDispose]();
  });

  it('whose error tells something of its inside is not quoted', async () => {
    server.nextRequestError(401, { message: 'key k-secret of host db7 is wrong', type: 'auth' });
    const model = await embedders.get();
    const failure = await model.embed(['something new']).catch((error: Error) => error);
    expect(failure).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringContaining('EMBEDDINGS_API_KEY'),
    });
    expect((failure as Error).message).not.toContain('secret');
  });
});

describe('the cache', () => {
  it('embeds equal texts of a call once, and recent ones not again', async () => {
    const asked: string[][] = [];
    const inner: Embedder = {
      id: 'counting',
      provider: 'local',
      dimensions: 1,
      maxTokens: 1,
      embed: async (texts) => {
        asked.push([...texts]);
        return texts.map((text) => Float32Array.of(text.length));
      },
    };
    const embedder = new CachingEmbedder(inner);
    expect(await embedder.embed(['a', 'bb', 'a'])).toEqual([1, 2, 1].map((length) => Float32Array.of(length)));
    expect(await embedder.embed(['bb', 'ccc'])).toEqual([2, 3].map((length) => Float32Array.of(length)));
    expect(asked).toEqual([['a', 'bb'], ['ccc']]);
  });

  it('has equal texts of calls at the same time embedded once; if that one gives up, another asks', async () => {
    const asked: string[][] = [];
    const inner: Embedder = {
      id: 'slow',
      provider: 'local',
      dimensions: 1,
      maxTokens: 1,
      async embed(texts, { signal } = {}) {
        asked.push([...texts]);
        await sleep(30, undefined, { signal });
        return texts.map((text) => Float32Array.of(text.length));
      },
    };
    const embedder = new CachingEmbedder(inner);
    const both = await Promise.all([embedder.embed(['one']), embedder.embed(['three', 'one'])]);
    expect(both).toEqual([[Float32Array.of(3)], [5, 3].map((length) => Float32Array.of(length))]);
    expect(asked).toEqual([['one'], ['three']]);

    const leaving = new AbortController();
    const first = embedder.embed(['fifteen'], { signal: leaving.signal });
    const second = embedder.embed(['fifteen']);
    const third = embedder.embed(['fifteen'], { signal: AbortSignal.timeout(5) });
    await expect(third).rejects.toThrow('timeout');
    leaving.abort();
    await expect(first).rejects.toThrow('aborted');
    expect(await second).toEqual([Float32Array.of(7)]);
    expect(asked.slice(2)).toEqual([['fifteen'], ['fifteen']]);
  });
});
