import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Embedder, Embedders } from '../embeddings/embedder.ts';
import { RecordedEmbedders } from '../embeddings/recorded-embedders.ts';
import { EmbeddedVectorStore } from './embedded/embedded-vector-store.ts';
import { TextIndex } from './text-index.ts';

/** Counts letters: texts with the same letters are near. `down` makes a model fail as an endpoint does. */
class Letters implements Embedders {
  readonly defaultId = 'small';
  readonly down = new Set<string>();
  readonly asked: string[] = [];
  readonly #sizes: Record<string, number> = { small: 4, large: 26 };
  models() {
    return Object.keys(this.#sizes).map((id) => ({
      id,
      provider: 'local' as const,
      maxTokens: 1,
      isDefault: id === 'small',
      description: '',
    }));
  }
  async get(id = this.defaultId): Promise<Embedder> {
    const dimensions = this.#sizes[id];
    if (dimensions === undefined) throw new CodedError('MODEL_NOT_FOUND', `no ${id}`);
    return {
      id,
      provider: 'local',
      dimensions,
      maxTokens: 1,
      embed: async (texts) => {
        if (this.down.has(id)) throw new CodedError('PROVIDER_UNAVAILABLE', `${id} is down`);
        this.asked.push(...texts.map((text) => `${id}: ${text}`));
        return texts.map((text) => {
          const vector = new Float32Array(dimensions);
          for (const letter of text.toLowerCase().replace(/[^a-z]/g, ''))
            vector[(letter.charCodeAt(0) - 97) % dimensions]! += 1;
          return vector;
        });
      },
    };
  }
  async [Symbol.asyncDispose]() {}
}

describe('a text index', () => {
  let folder: string;
  let store: EmbeddedVectorStore;
  let embedders: Letters;
  let recorded: RecordedEmbedders;
  const by = { userId: 'ada', purpose: 'test' };
  const definition = { name: 'notes', fields: {}, multiTenant: true };
  const ids = (result: { hits: readonly { id: string }[] }) => result.hits.map(({ id }) => id);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sextant-index-'));
    store = new EmbeddedVectorStore({ folder });
    embedders = new Letters();
    recorded = new RecordedEmbedders({
      embedders,
      write: async () => {},
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
    });
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('embeds what goes in and what is asked', async () => {
    const index = await TextIndex.open(store, recorded, definition);
    await index.put(
      'ada',
      [
        { id: '1', text: 'abba' },
        { id: '2', text: 'cccd' },
      ],
      by,
    );
    const found = await index.search('ada', { by, text: 'baab', mode: 'vector', limit: 1 });
    expect(found).toMatchObject({ model: 'small', hits: [{ id: '1', score: expect.closeTo(1, 4) }] });
    expect(ids(await index.search('ada', { by, text: 'cccd', limit: 1 }))).toEqual(['2']);
    expect(ids(await index.search('bob', { by, text: 'cccd', limit: 1 }))).toEqual([]);
  });

  it('changes its model in the background: the old one answers until all is embedded, and nothing is lost', async () => {
    const old = await TextIndex.open(store, recorded, definition);
    await old.put(
      'ada',
      Array.from({ length: 70 }, (_, i) => ({ id: `${i}`, text: `text ${'abcdefghij'[i % 10]}${i}` })),
      by,
    );
    await old.put('bob', [{ id: 'b', text: 'zebra' }], by);
    const index = await TextIndex.open(store, recorded, { ...definition, model: 'large' });
    expect(await index.pending()).toBe(true);
    expect((await index.search('ada', { by, text: 'text a', limit: 1 })).model).toBe('small');
    await index.put('ada', [{ id: 'new', text: 'written meanwhile' }], by);

    // Killed after the first batch: what was done is not done again.
    const killed = new AbortController();
    const run = index.reembed(
      () => by,
      () => killed.abort(new Error('killed')),
      killed.signal,
    );
    await expect(run).rejects.toThrow('killed');
    embedders.asked.length = 0;
    const seen: number[] = [];
    await index.reembed(
      () => by,
      ({ done, total }) => {
        expect(total).toBe(72);
        seen.push(done);
      },
    );
    expect(seen.at(-1)).toBe(72);
    expect(embedders.asked.length).toBeLessThan(72);
    expect(await index.pending()).toBe(false);
    const found = await index.search('ada', { by, text: 'written meanwhile', mode: 'vector', limit: 1 });
    expect(found).toMatchObject({ model: 'large', hits: [{ id: 'new' }] });
    const [space] = (await store.stats()).spaces;
    expect(space).toMatchObject({ objects: 72, vectors: { m_large: 72 } });
  });

  it('answers by words when its model is away, and says so', async () => {
    const index = await TextIndex.open(store, recorded, definition);
    await index.put('ada', [{ id: '1', text: 'a word' }], by);
    embedders.down.add('small');
    expect(await index.search('ada', { by, text: 'word', limit: 1 })).toMatchObject({
      hits: [{ id: '1' }],
      degraded: 'small is down',
    });
    await expect(index.search('ada', { by, text: 'word', mode: 'vector', limit: 1 })).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
    });
    await expect(index.put('ada', [{ id: '2', text: 'another' }], by)).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
    });
  });

  it('leaves a model that is gone for another', async () => {
    await (await TextIndex.open(store, recorded, definition)).put('ada', [{ id: '1', text: 'abc' }], by);
    embedders.down.add('small');
    const index = await TextIndex.open(store, recorded, { ...definition, model: 'large' });
    await index.put('ada', [{ id: '2', text: 'xyz' }], by);
    await index.reembed(() => by);
    expect(ids(await index.search('ada', { by, text: 'zyx', mode: 'vector', limit: 1 }))).toEqual(['2']);
    expect(ids(await index.search('ada', { by, text: 'cba', mode: 'vector', limit: 1 }))).toEqual(['1']);
  });

  it('takes vectors that were made elsewhere', async () => {
    const index = await TextIndex.open(store, recorded, {
      ...definition,
      model: 'their own',
      brought: { dimensions: 2, metric: 'dot' },
    });
    const stored = await index.put(
      'ada',
      [
        { id: '1', text: 'north', vector: Float32Array.of(0, 2) },
        { id: '2', text: 'words only' },
      ],
      by,
    );
    expect(stored.every((result) => result.ok)).toBe(true);
    const near = await index.search('ada', { by, text: '', vector: Float32Array.of(1, 3), mode: 'vector', limit: 5 });
    expect(near.hits).toMatchObject([{ id: '1', score: 6 }]);
    expect(await index.search('ada', { by, text: 'words', limit: 5 })).toMatchObject({
      hits: [{ id: '2' }],
      degraded: expect.any(String),
    });
  });
});
