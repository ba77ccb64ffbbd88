import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import { CachingEmbedder } from './caching-embedder.ts';
import type { Embedder, Embedders } from './embedder.ts';
import { RecordedEmbedders } from './recorded-embedders.ts';
import type { EmbeddingCall } from './waiting-calls.ts';

const by = { userId: 'ada', apiKeyId: 'key', purpose: 'memory-search' };

/** One model behind the real cache; a text `down` makes it fail, and an endpoint counts ten tokens a text. */
function oneModel(provider: Embedder['provider']): Embedders {
  const inner: Embedder = {
    id: 'm',
    provider,
    dimensions: 1,
    maxTokens: 1,
    async embed(texts, { meter } = {}) {
      meter?.asked();
      if (texts.includes('down')) throw new CodedError('PROVIDER_UNAVAILABLE', 'it is down');
      meter?.answered(texts, provider === 'local' ? undefined : 10 * texts.length);
      return texts.map((text) => Float32Array.of(text.length));
    },
  };
  const model = new CachingEmbedder(inner);
  return {
    defaultId: 'm',
    models: () => [{ id: 'm', provider, maxTokens: 1, isDefault: true, description: '' }],
    get: async (id = 'm') => {
      if (id === 'm') return model;
      throw new CodedError('MODEL_NOT_FOUND', `no ${id}`);
    },
    async [Symbol.asyncDispose]() {},
  };
}

function recording(provider: Embedder['provider']) {
  const written: EmbeddingCall[] = [];
  const state = { failing: false, writes: 0 };
  const metrics = new Registry();
  const recorded = new RecordedEmbedders({
    embedders: oneModel(provider),
    write: async (calls) => {
      state.writes++;
      if (state.failing) throw new Error('no database');
      written.push(...calls);
    },
    log: pino({ level: 'silent' }),
    metrics,
  });
  const measured = async () =>
    (await metrics.getMetricsAsJSON())
      .find(({ name }) => name === 'gen_ai_client_operation_duration_seconds')!
      .values.filter((value) => 'metricName' in value && String(value.metricName).endsWith('_count'))
      .map(({ labels, value }) => [labels['outcome'], value]);
  return { recorded, written, state, measured };
}

const calls = (written: readonly EmbeddingCall[]) => written.reduce((sum, call) => sum + (call.calls ?? 1), 0);

describe('embeddings that are recorded', () => {
  it('of the offline model wait for nothing: they are put together and written at the end at the latest', async () => {
    const { recorded, written, state } = recording('local');
    for (let i = 0; i < 300; i++) await recorded.embed(undefined, [`text ${i}`], by);
    expect(state.writes).toBe(0);
    await recorded[Symbol.asyncDispose]();
    expect(calls(written)).toBe(300);
    expect(written.length).toBeLessThan(150);
    expect(written.reduce((sum, call) => sum + call.inputs!, 0)).toBe(300);
    expect(written[0]).toMatchObject({ ...{ userId: 'ada', apiKeyId: 'key', operation: 'memory-search' }, cost: '0' });
    expect(written[0]).toMatchObject({
      provider: 'local',
      model: 'm',
      estimated: true,
      cacheHit: false,
      outcome: 'ok',
    });
  });

  it('are written after two seconds without anybody asking', async () => {
    const { recorded, written } = recording('local');
    await recorded.embed('m', ['text'], by);
    await expect.poll(() => calls(written)).toBe(1);
    await recorded[Symbol.asyncDispose]();
    expect(calls(written)).toBe(1);
  });

  it('of an endpoint are written before the vectors are given out, with its own count and no invented price', async () => {
    const { recorded, written } = recording('openai-compatible');
    await recorded.embed('m', ['one', 'two'], by);
    expect(written).toMatchObject([
      { tokens: { input: 20 }, inputs: 2, estimated: false, provider: 'openai-compatible' },
    ]);
    expect(written[0]).not.toHaveProperty('cost');
    await recorded[Symbol.asyncDispose]();
    expect(written).toHaveLength(1);
  });

  it('from the cache are hits that cost nothing, and no call of the model', async () => {
    const { recorded, written, measured } = recording('openai-compatible');
    await Promise.all([1, 2, 3].map(() => recorded.embed('m', ['the same'], by)));
    expect(written).toHaveLength(1);
    await recorded[Symbol.asyncDispose]();
    expect(written.map(({ cacheHit, cost }) => [cacheHit, cost]).slice(0, 2)).toEqual([
      [false, undefined],
      [true, '0'],
    ]);
    expect(calls(written)).toBe(3);
    expect(await measured()).toEqual([['ok', 1]]);
  });

  it('that fail leave a record, too; a call that reaches no provider leaves none', async () => {
    const { recorded, written, measured } = recording('openai-compatible');
    await expect(recorded.embed('m', ['down'], by)).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(written).toMatchObject([{ outcome: 'error', errorCode: 'PROVIDER_UNAVAILABLE', tokens: { input: 0 } }]);
    await expect(recorded.embed('m', [' '], by)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(recorded.embed('none', ['x'], by)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await recorded[Symbol.asyncDispose]();
    expect(written).toHaveLength(1);
    expect(await measured()).toEqual([['failed', 1]]);
  });

  it('fail no call when the database is away, and are written when it is back', async () => {
    const { recorded, written, state } = recording('openai-compatible');
    state.failing = true;
    expect(await recorded.embed('m', ['paid'], by)).toEqual([Float32Array.of(4)]);
    expect([state.writes, written.length]).toEqual([1, 0]);
    state.failing = false;
    await recorded[Symbol.asyncDispose]();
    expect(written).toMatchObject([{ tokens: { input: 10 } }]);
  });

  it('in the name of the installation are measured, and are not a user’s usage', async () => {
    const { recorded, written, measured } = recording('openai-compatible');
    await recorded.embed('m', ['shared'], { userId: undefined, purpose: 'reembed' });
    await recorded[Symbol.asyncDispose]();
    expect(written).toEqual([]);
    expect(await measured()).toEqual([['ok', 1]]);
  });
});
