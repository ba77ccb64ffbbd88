import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ids, LIBRARY, object, vector } from './testing/library.ts';
import { upkeepContract } from './upkeep.contract.ts';
import type { Filter, Place, SpaceDefinition, VectorStore } from './vector-store.ts';

/** What both stores promise. Every `it` is one promise; a store that breaks one is not a vector store. */
export function vectorStoreContract(open: () => Promise<VectorStore>): void {
  let store: VectorStore;
  let place: Place;
  const created: string[] = [];

  beforeAll(async () => {
    store = await open();
  });
  afterAll(async () => {
    for (const name of created) await store.deleteSpace(name);
    await store[Symbol.asyncDispose]();
  });

  const definition = (overrides: Partial<SpaceDefinition> = {}): SpaceDefinition => {
    const name = `T${randomUUID().replaceAll('-', '')}`;
    created.push(name);
    return {
      name,
      vectors: { main: { model: 'toy', dimensions: 4, metric: 'cosine', threshold: 0.4 } },
      active: 'main',
      fields: { kind: 'text', year: 'number', open: 'boolean', at: 'date', tags: 'text[]' },
      multiTenant: false,
      ...overrides,
    };
  };
  const fresh = async (overrides: Partial<SpaceDefinition> = {}): Promise<Place> => {
    const space = await store.ensureSpace(definition(overrides));
    return { space: space.name };
  };

  describe('spaces', () => {
    it('are created once and returned as they are thereafter', async () => {
      const wanted = definition();
      const first = await store.ensureSpace(wanted);
      const second = await store.ensureSpace(wanted);
      expect(second).toEqual(first);
      expect(await store.space(wanted.name)).toEqual(first);
      expect(first).toMatchObject(wanted);
      expect((await store.spaces()).map((space) => space.name)).toContain(wanted.name);
    });

    it('gain vectors and fields, and refuse contradictions', async () => {
      const wanted = definition();
      await store.ensureSpace(wanted);
      const more = await store.ensureSpace({
        ...wanted,
        vectors: { ...wanted.vectors, second: { model: 'other', dimensions: 2, metric: 'cosine' } },
        fields: { ...wanted.fields, pages: 'number' },
      });
      expect(Object.keys(more.vectors).sort()).toEqual(['main', 'second']);
      expect(more.fields).toMatchObject({ pages: 'number', kind: 'text' });
      const clash = { ...wanted, vectors: { main: { model: 'toy', dimensions: 8, metric: 'cosine' as const } } };
      await expect(store.ensureSpace(clash)).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(store.ensureSpace({ ...wanted, fields: { kind: 'number' } })).rejects.toMatchObject({
        code: 'CONFLICT',
      });
    });

    it('refuse names and dimensions that cannot be, naming the argument', async () => {
      await expect(store.ensureSpace({ ...definition(), name: 'no spaces; here' })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
      });
      const huge = definition({ vectors: { main: { model: 'toy', dimensions: 5000, metric: 'cosine' } } });
      await expect(store.ensureSpace(huge)).rejects.toMatchObject({
        extensions: { argument: 'vectors.main.dimensions' },
      });
    });

    it('are gone with all they hold when deleted, and can be made again', async () => {
      const wanted = definition();
      await store.ensureSpace(wanted);
      await store.upsert({ space: wanted.name }, LIBRARY);
      expect(await store.deleteSpace(wanted.name)).toBe(true);
      expect(await store.deleteSpace(wanted.name)).toBe(false);
      await expect(store.get({ space: wanted.name }, ['whale'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await store.ensureSpace(wanted);
      expect((await store.aggregate({ space: wanted.name })).count).toBe(0);
      expect((await store.search({ space: wanted.name }, { mode: 'text', text: 'whale', limit: 5 })).hits).toEqual([]);
    });

    it('that do not exist are NOT_FOUND', async () => {
      await expect(store.search({ space: 'Nowhere' }, { mode: 'text', text: 'x', limit: 1 })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(store.upsert({ space: 'Nowhere' }, [])).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await store.space('Nowhere')).toBeUndefined();
    });
  });

  describe('objects', () => {
    beforeEach(async () => {
      place = await fresh();
      await store.upsert(place, LIBRARY);
    });

    it('come back as they were given, vectors normalised', async () => {
      const [loaf, shark] = await store.get(place, ['loaf', 'missing', 'shark'], { includeVectors: true });
      expect(loaf).toMatchObject({
        id: 'loaf',
        text: 'The history of the loaf',
        properties: { year: 2012, extra: { nested: [1, null, 'two'] } },
      });
      expect(loaf!.properties).toEqual(LIBRARY[3]!.properties);
      expect(shark!.id).toBe('shark');
      const length = Math.sqrt(0.9 ** 2 + 0.3 ** 2);
      expect([...shark!.vectors!.main!]).toEqual([0.9 / length, 0.3 / length, 0, 0].map((x) => expect.closeTo(x, 5)));
      expect(Math.abs(Date.now() - shark!.updatedAt.getTime())).toBeLessThan(60_000);
    });

    it('have any id up to 200 characters', async () => {
      const odd = ['a/b?c=d&é "quoted" 日本', 'x'.repeat(200), randomUUID()];
      const results = await store.upsert(
        place,
        odd.map((id) => object(id, 'odd', [1, 1, 1, 1])),
      );
      expect(results.every((result) => result.ok)).toBe(true);
      expect(ids(await store.get(place, odd))).toEqual(odd);
    });

    it('are replaced whole by the same id, and repeating changes nothing', async () => {
      const changed = object('whale', 'A whale that sings', [0, 1, 0, 0], { kind: 'song' });
      expect(await store.upsert(place, [changed])).toEqual([{ id: 'whale', ok: true, created: false }]);
      await store.upsert(place, [changed]);
      expect((await store.get(place, ['whale']))[0]).toMatchObject({
        text: 'A whale that sings',
        properties: { kind: 'song' },
      });
      expect((await store.aggregate(place)).count).toBe(LIBRARY.length);
      expect((await store.search(place, { mode: 'text', text: 'captain', limit: 5 })).hits).toEqual([]);
      const near = await store.search(place, { mode: 'vector', vector: vector(0, 1, 0, 0), limit: 1 });
      expect(ids(near.hits)).toEqual(['whale']);
    });

    it('fail one by one: the good ones of a batch are stored, the bad ones say why', async () => {
      const results = await store.upsert(place, [
        object('good', 'fine', [1, 2, 3, 4]),
        object('short', 'too few numbers', [1, 2]),
        object('endless', 'not finite', [1, Number.NaN, 0, 0]),
        object('zero', 'no direction', [0, 0, 0, 0]),
        object('typed', 'a wrong property', [1, 0, 0, 0], { year: 'MDCCCLI' }),
        { id: 'strange', text: 'an unknown vector', vectors: { other: Float32Array.of(1) } },
        { id: '', text: 'no id', vectors: {} },
        object('fine', 'also fine', [4, 3, 2, 1]),
      ]);
      expect(results.map((result) => result.ok)).toEqual([true, false, false, false, false, false, false, true]);
      expect(results[1]).toMatchObject({ id: 'short', error: expect.stringContaining('2 dimensions') });
      expect(results[4]).toMatchObject({ error: expect.stringContaining('properties.year') });
      expect(ids(await store.get(place, ['good', 'short', 'typed', 'fine']))).toEqual(['good', 'fine']);
    });

    it('of which one appears twice in a batch are stored once, the last one', async () => {
      await store.upsert(place, [
        object('twin', 'first twin', [1, 0, 0, 0]),
        object('twin', 'second twin', [0, 1, 0, 0]),
      ]);
      expect((await store.get(place, ['twin']))[0]!.text).toBe('second twin');
      expect((await store.aggregate(place)).count).toBe(LIBRARY.length + 1);
    });

    it('without a vector are found by their words', async () => {
      await store.upsert(place, [{ id: 'mute', text: 'zeppelin without numbers', vectors: {} }]);
      expect(ids((await store.search(place, { mode: 'text', text: 'zeppelins', limit: 3 })).hits)).toEqual(['mute']);
      const mixed = await store.search(place, {
        mode: 'hybrid',
        text: 'zeppelin',
        vector: vector(1, 0, 0, 0),
        limit: 10,
      });
      expect(ids(mixed.hits)).toContain('mute');
      const near = await store.search(place, { mode: 'vector', vector: vector(1, 0, 0, 0), limit: 10 });
      expect(ids(near.hits)).not.toContain('mute');
    });

    it('are deleted by id, and by filter, and never found again', async () => {
      expect(await store.delete(place, ['whale', 'missing'])).toEqual(['whale']);
      expect(await store.delete(place, ['whale'])).toEqual([]);
      expect(await store.deleteWhere(place, { field: 'year', op: 'gte', value: 2000 })).toBe(2);
      expect((await store.aggregate(place)).count).toBe(2);
      const left = await store.search(place, { mode: 'vector', vector: vector(1, 0, 1, 0), limit: 10 });
      expect(ids(left.hits).sort()).toEqual(['plain', 'shark']);
      expect((await store.search(place, { mode: 'text', text: 'whale bread loaf', limit: 10 })).hits).toEqual([]);
    });

    it('are paged: every one exactly once, also with a filter and with changes between pages', async () => {
      const many = Array.from({ length: 57 }, (_, i) =>
        object(`p${i}`, `page ${i}`, [1, i, 0, 0], { kind: i % 2 ? 'odd' : 'even' }),
      );
      await store.upsert(place, many);
      const read = async (filter?: Filter) => {
        const seen: string[] = [];
        let after: string | undefined;
        do {
          const page = await store.list(place, { limit: 10, after, filter });
          seen.push(...ids(page.objects));
          if (after === undefined && page.objects.length > 3) {
            const behindThird = await store.list(place, { limit: 2, after: page.cursors[2], filter });
            expect(ids(behindThird.objects)).toEqual(ids(page.objects).slice(3, 5));
          }
          after = page.next;
          // An update in the middle moves nothing into another page.
          await store.upsert(place, [many[seen.length % 57]!]);
        } while (after !== undefined);
        return seen;
      };
      const all = await read();
      expect(all.length).toBe(new Set(all).size);
      expect([...all].sort()).toEqual([...ids(many), ...ids(LIBRARY)].sort());
      const odd = await read({ field: 'kind', op: 'eq', value: 'odd' });
      expect([...odd].sort()).toEqual(ids(many.filter((_, i) => i % 2)).sort());
    });

    it('are exported with their vectors', async () => {
      const exported = [];
      for await (const entry of store.export(place.space)) exported.push(entry);
      expect(ids(exported).sort()).toEqual(ids(LIBRARY).sort());
      expect(exported.find((entry) => entry.id === 'bread')).toMatchObject({
        text: LIBRARY[2]!.text,
        vectors: { main: Float32Array.of(0, 0, 1, 0) },
      });
    });
  });

  describe('search', () => {
    beforeAll(async () => {
      place = await fresh();
      await store.upsert(place, LIBRARY);
    });
    const search = (filter?: Filter) =>
      store.search(place, { mode: 'vector', vector: vector(1, 0, 0, 0), limit: 10, filter });

    it('by vector gives the nearest first with their similarity', async () => {
      const { hits } = await store.search(place, { mode: 'vector', vector: vector(2, 0, 0, 0), limit: 2 });
      expect(ids(hits)).toEqual(['whale', 'shark']);
      expect(hits[0]!.score).toBeCloseTo(1, 4);
      expect(hits[1]!.score).toBeCloseTo(0.9487, 3);
      expect(hits[1]!.explanation.dense!.raw).toBeCloseTo(0.9487, 3);
      expect(hits[0]!.explanation.lexical).toBeUndefined();
    });

    it('by text finds other forms of the words, ranks rare words higher and needs at least one', async () => {
      const { hits } = await store.search(place, { mode: 'text', text: 'captains hunting WHALES', limit: 5 });
      expect(ids(hits)).toEqual(['whale']);
      expect(hits[0]!.score).toBeGreaterThan(0);
      expect(hits[0]!.explanation.lexical!.raw).toBeCloseTo(hits[0]!.score, 5);
      expect((await store.search(place, { mode: 'text', text: 'submarine', limit: 5 })).hits).toEqual([]);
      expect((await store.search(place, { mode: 'text', text: '', limit: 5 })).hits).toEqual([]);
      expect((await store.search(place, { mode: 'text', text: '"\'(*:^~ AND OR NOT', limit: 5 })).hits).toEqual([]);
    });

    it.each(['absolute', 'relative'] as const)(
      'hybrid (%s) joins both and shows the parts of each score',
      async (fusion) => {
        const { hits } = await store.search(place, {
          mode: 'hybrid',
          text: 'sourdough',
          vector: vector(0, 0, 0, 1),
          limit: 5,
          fusion,
          alpha: 0.5,
        });
        expect(new Set(ids(hits).slice(0, 2))).toEqual(new Set(['plain', 'bread']));
        for (const { score, explanation } of hits) {
          const { dense, lexical } = explanation;
          expect(explanation.fusion).toBe(fusion);
          expect(score).toBeCloseTo((dense?.contribution ?? 0) + (lexical?.contribution ?? 0), 4);
          for (const part of [dense, lexical])
            if (part) expect(part.contribution).toBeCloseTo(part.weight * part.normalised, 5);
        }
        const scores = hits.map((hit) => hit.score);
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
        expect(hits.find((hit) => hit.id === 'bread')!.explanation.lexical!.raw).toBeGreaterThan(0);
      },
    );

    it('finds words of every script, as people write them and look for them', async () => {
      const place = await fresh();
      const texts = {
        zh: '我用iPhone拍照',
        ja: '2024年の売上',
        cat: '私の猫は白い',
        ko: '서울에서 회의가 있었다',
        de: 'Die Straße ist lang, sagt Łukasz',
        vi: 'Việt Nam đẹp',
        my: 'ကျွန်တော် မြန်မာ စကား',
        party: 'We 🎉 today',
      };
      await store.upsert(
        place,
        Object.entries(texts).map(([id, text]) => ({ id, text, vectors: {} })),
      );
      const found = async (text: string) => ids((await store.search(place, { mode: 'text', text, limit: 8 })).hits);
      for (const [id, asked] of [
        ['zh', 'iphone 拍照'],
        ['zh', 'iPhone'],
        ['ja', '2024'],
        ['ja', '売上'],
        ['cat', '猫'],
        ['ko', '서울'],
        ['ko', '회의'],
        ['de', 'strasse'],
        ['de', 'lukasz'],
        ['vi', 'viet nam dep'],
        ['my', 'မြန်မာ'],
        ['party', '🎉'],
      ] as const)
        expect([asked, await found(asked)]).toEqual([asked, [id]]);
    });

    it('hybrid with alpha 1 ranks by similarity, with alpha 0 by words', async () => {
      const query = { mode: 'hybrid', text: 'bread', vector: vector(1, 0, 0, 0), limit: 1 } as const;
      expect(ids((await store.search(place, { ...query, alpha: 1 })).hits)).toEqual(['whale']);
      expect(ids((await store.search(place, { ...query, alpha: 0 })).hits)).toEqual(['bread']);
    });

    it('pages by offset without overlap and cuts at minScore', async () => {
      const query = { mode: 'vector', vector: vector(1, 0.5, 0.4, 0.3) } as const;
      const all = ids((await store.search(place, { ...query, limit: 5 })).hits);
      const paged = [];
      for (let offset = 0; offset < 5; offset += 2)
        paged.push(...ids((await store.search(place, { ...query, limit: 2, offset })).hits));
      expect(paged).toEqual(all);
      const cut = (await store.search(place, { ...query, limit: 5, minScore: 0.6 })).hits;
      expect(cut.length).toBeGreaterThan(0);
      expect(cut.every((hit) => hit.score >= 0.6)).toBe(true);
      expect(cut.length).toBeLessThan(5);
    });

    it.each<[string, Filter, string[]]>([
      ['eq', { field: 'kind', op: 'eq', value: 'novel' }, ['whale', 'shark']],
      ['ne includes what has no value', { field: 'kind', op: 'ne', value: 'novel' }, ['bread', 'loaf', 'plain']],
      ['in', { field: 'kind', op: 'in', value: ['guide', 'essay'] }, ['bread', 'loaf']],
      ['lt', { field: 'year', op: 'lt', value: 1974 }, ['whale']],
      ['lte', { field: 'year', op: 'lte', value: 1974 }, ['whale', 'shark']],
      ['gt', { field: 'year', op: 'gt', value: 2010 }, ['loaf']],
      ['gte on a date, another time zone', { field: 'at', op: 'gte', value: '2010-05-05T10:00:00Z' }, ['bread']],
      ['eq on a boolean', { field: 'open', op: 'eq', value: false }, ['shark']],
      ['containsAny', { field: 'tags', op: 'containsAny', value: ['kitchen', 'obsession'] }, ['whale', 'bread']],
      ['exists', { field: 'open', op: 'exists', value: true }, ['whale', 'shark', 'bread']],
      ['not exists', { field: 'open', op: 'exists', value: false }, ['loaf', 'plain']],
      [
        'and',
        {
          and: [
            { field: 'kind', op: 'eq', value: 'novel' },
            { field: 'open', op: 'eq', value: true },
          ],
        },
        ['whale'],
      ],
      [
        'or',
        {
          or: [
            { field: 'kind', op: 'eq', value: 'essay' },
            { field: 'year', op: 'lt', value: 1900 },
          ],
        },
        ['whale', 'loaf'],
      ],
      ['a value with quotes', { field: 'kind', op: 'eq', value: `novel' OR 1=1 --"` }, []],
    ])('filters: %s', async (_, filter, expected) => {
      expect(ids((await search(filter)).hits).sort()).toEqual([...expected].sort());
      expect((await store.aggregate(place, { filter })).count).toBe(expected.length);
    });

    it('compares texts without blanks at their ends, and counts what is empty as absent', async () => {
      const at = await fresh({ fields: { kind: 'text', tags: 'text[]' } });
      await store.upsert(at, [
        { ...object('blank', 'a', [1, 0, 0, 0]), properties: { kind: '  novel ', tags: [' sea ', ''] } },
        { ...object('empty', 'b', [1, 0, 0, 0]), properties: { kind: '', tags: [] } },
        { ...object('spaces', 'c', [1, 0, 0, 0]), properties: { kind: '   ', tags: [' '] } },
      ]);
      const matching = async (filter: Filter): Promise<string[]> => {
        const { hits } = await store.search(at, { mode: 'vector', vector: vector(1, 0, 0, 0), limit: 10, filter });
        return ids(hits).sort();
      };
      expect(await matching({ field: 'kind', op: 'eq', value: 'novel' })).toEqual(['blank']);
      expect(await matching({ field: 'kind', op: 'eq', value: ' novel' })).toEqual(['blank']);
      expect(await matching({ field: 'tags', op: 'containsAny', value: ['sea '] })).toEqual(['blank']);
      expect(await matching({ field: 'kind', op: 'ne', value: 'novel' })).toEqual(['empty', 'spaces']);
      for (const field of ['kind', 'tags']) {
        expect(await matching({ field, op: 'exists', value: true })).toEqual(['blank']);
        expect(await matching({ field, op: 'exists', value: false })).toEqual(['empty', 'spaces']);
      }
      // What is given back is what was stored.
      expect((await store.get(at, ['blank']))[0]?.properties).toEqual({ kind: '  novel ', tags: [' sea ', ''] });
      await expect(matching({ field: 'kind', op: 'eq', value: ' ' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    });

    it('refuses dates and numbers that it would compare wrongly, and compares those at the ends of the range', async () => {
      const at = await fresh({ fields: { at: 'date', size: 'number' } });
      const far = { at: '1678-01-01T00:00:00Z', size: -(2 ** 62) };
      const late = { at: '2261-12-31T23:59:59Z', size: 2 ** 62 };
      const results = await store.upsert(at, [
        { ...object('far', 'a', [1, 0, 0, 0]), properties: far },
        { ...object('late', 'b', [1, 0, 0, 0]), properties: late },
        { ...object('old', 'c', [1, 0, 0, 0]), properties: { at: '1600-01-01' } },
        { ...object('large', 'd', [1, 0, 0, 0]), properties: { size: 2 ** 63 } },
      ]);
      expect(results.map(({ ok }) => ok)).toEqual([true, true, false, false]);
      const count = async (filter: Filter) => (await store.aggregate(at, { filter })).count;
      expect(await count({ field: 'at', op: 'lt', value: '1900-01-01' })).toBe(1);
      expect(await count({ field: 'at', op: 'gt', value: '2200-01-01' })).toBe(1);
      expect(await count({ field: 'size', op: 'gt', value: 2 ** 61 })).toBe(1);
      expect(await count({ field: 'size', op: 'eq', value: -(2 ** 62) })).toBe(1);
      await expect(count({ field: 'size', op: 'lt', value: 1e300 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(count({ field: 'at', op: 'lt', value: '3000-01-01' })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
      });
    });

    it('aggregates over nothing', async () => {
      const at = await fresh({ fields: { kind: 'text', size: 'number' } });
      const empty = {
        count: 0,
        fields: {
          kind: { type: 'values', count: 0, top: [] },
          size: { type: 'number', count: 0, min: 0, max: 0, mean: 0, sum: 0 },
        },
      };
      expect(await store.aggregate(at, { fields: ['kind', 'size'] })).toEqual(empty);
      await store.upsert(at, [{ ...object('a', 'a', [1, 0, 0, 0]), properties: { size: 1 } }]);
      const filter: Filter = { field: 'size', op: 'gt', value: 5 };
      expect(await store.aggregate(at, { fields: ['kind', 'size'], filter })).toEqual(empty);
    });

    it('has no two fields that differ in case alone', async () => {
      await expect(fresh({ fields: { tag: 'text', Tag: 'text' } })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    });

    it('filters words and hybrids too', async () => {
      const filter: Filter = { field: 'kind', op: 'eq', value: 'guide' };
      expect((await store.search(place, { mode: 'text', text: 'whale', limit: 5, filter })).hits).toEqual([]);
      const mixed = await store.search(place, {
        mode: 'hybrid',
        text: 'whale',
        vector: vector(1, 0, 0, 0),
        limit: 5,
        filter,
      });
      expect(ids(mixed.hits)).toEqual(['bread']);
    });

    it('refuses a wrong filter, dimension, model or limit and says what is right', async () => {
      const unknown = search({ and: [{ field: 'colour', op: 'eq', value: 'red' }] });
      await expect(unknown).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('kind'),
        extensions: { argument: 'filter.and.0.field' },
      });
      await expect(search({ field: 'year', op: 'gt', value: 'late' })).rejects.toMatchObject({
        extensions: { argument: 'filter.value' },
      });
      const dimensions = store.search(place, { mode: 'vector', vector: vector(1, 0), limit: 1 });
      await expect(dimensions).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining('4') });
      const mixed = store.search(place, {
        mode: 'vector',
        vector: { values: Float32Array.of(1, 0, 0, 0), model: 'other' },
        limit: 1,
      });
      await expect(mixed).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining('toy') });
      await expect(store.search(place, { mode: 'text', text: 'x', limit: 0 })).rejects.toMatchObject({
        extensions: { argument: 'limit' },
      });
      await expect(
        store.search({ ...place, tenant: 'me' }, { mode: 'text', text: 'x', limit: 1 }),
      ).rejects.toMatchObject({ extensions: { argument: 'tenant' } });
    });

    it('gives vectors only when asked', async () => {
      const query = { mode: 'text', text: 'whale', limit: 1 } as const;
      expect((await store.search(place, query)).hits[0]!.vectors).toBeUndefined();
      expect((await store.search(place, { ...query, includeVectors: true })).hits[0]!.vectors!.main).toHaveLength(4);
    });

    it('aggregates numbers and values', async () => {
      const { count, fields } = await store.aggregate(place, { fields: ['year', 'kind', 'tags'] });
      expect(count).toBe(5);
      expect(fields.year).toMatchObject({ type: 'number', count: 4, min: 1851, max: 2012, sum: 7847, mean: 1961.75 });
      expect(fields.kind).toMatchObject({ type: 'values', count: 4 });
      expect(fields.kind).toMatchObject({ top: expect.arrayContaining([{ value: 'novel', count: 2 }]) });
      expect(fields.tags).toMatchObject({ top: expect.arrayContaining([{ value: 'sea', count: 2 }]) });
      await expect(store.aggregate(place, { fields: ['nope'] })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    });
  });

  it.each(['dot', 'l2'] as const)('scores %s as it is defined', async (metric) => {
    const at = await fresh({ vectors: { main: { model: 'toy', dimensions: 4, metric } } });
    await store.upsert(at, [object('near', 'near', [1, 1, 0, 0]), object('far', 'far', [5, 5, 0, 0])]);
    const { hits } = await store.search(at, { mode: 'vector', vector: vector(1, 2, 0, 0), limit: 2 });
    const expected: [string, number][] =
      metric === 'dot'
        ? [
            ['far', 15],
            ['near', 3],
          ]
        : [
            ['near', -1],
            ['far', -25],
          ];
    expect(hits.map((hit) => [hit.id, hit.score])).toEqual(
      expected.map(([id, score]) => [id, expect.closeTo(score, 3)]),
    );
  });

  upkeepContract({ store: () => store, definition, fresh });
}
