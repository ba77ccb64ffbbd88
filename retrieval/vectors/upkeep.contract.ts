import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { ids, LIBRARY, object, vector } from './testing/library.ts';
import type { Place, SpaceDefinition, VectorStore } from './vector-store.ts';

/** The store under contract, and the making of spaces in it. */
export interface UpkeepWorld {
  readonly store: () => VectorStore;
  readonly definition: (overrides?: Partial<SpaceDefinition>) => SpaceDefinition;
  readonly fresh: (overrides?: Partial<SpaceDefinition>) => Promise<Place>;
}

/** Promises the part of the vector store's contract on tenants, changes of model, backups and health. */
export function upkeepContract({ store: opened, definition, fresh }: UpkeepWorld): void {
  let store: VectorStore;
  beforeAll(() => {
    store = opened();
  });

  describe('tenants', () => {
    let space: string;
    const at = (tenant: string): Place => ({ space, tenant });
    beforeAll(async () => {
      space = (await fresh({ multiTenant: true })).space;
      await store.upsert(at('ada'), [
        object('1', 'the secret of ada', [1, 0, 0, 0]),
        object('2', 'a garden', [0, 1, 0, 0]),
      ]);
      await store.upsert(at('bob'), [object('1', 'the secret of bob', [1, 0, 0, 0], { kind: 'note' })]);
    });

    it('see their own objects only, by every way of reading', async () => {
      expect((await store.get(at('bob'), ['1']))[0]!.text).toBe('the secret of bob');
      expect(ids((await store.search(at('ada'), { mode: 'text', text: 'bob', limit: 5 })).hits)).toEqual([]);
      const near = await store.search(at('ada'), { mode: 'vector', vector: vector(1, 0, 0, 0), limit: 5 });
      expect(near.hits.map((hit) => hit.text)).toEqual(['the secret of ada', 'a garden']);
      expect((await store.list(at('bob'), { limit: 10 })).objects.map(({ text }) => text)).toEqual([
        'the secret of bob',
      ]);
      expect((await store.aggregate(at('ada'))).count).toBe(2);
    });

    it('are empty, not unknown, before they have stored anything', async () => {
      expect((await store.search(at('stranger'), { mode: 'text', text: 'secret', limit: 5 })).hits).toEqual([]);
      expect(await store.get(at('stranger'), ['1'])).toEqual([]);
      expect((await store.list(at('stranger'), { limit: 5 })).objects).toEqual([]);
      expect((await store.aggregate(at('stranger'))).count).toBe(0);
      expect(await store.delete(at('stranger'), ['1'])).toEqual([]);
      expect(await store.deleteTenant(space, 'stranger')).toBe(false);
    });

    it('must be named, in letters that cannot escape', async () => {
      await expect(store.get({ space }, ['1'])).rejects.toMatchObject({ extensions: { argument: 'tenant' } });
      await expect(store.get(at('../ada'), ['1'])).rejects.toMatchObject({ extensions: { argument: 'tenant' } });
    });

    it('are listed, exported with their name, and deleted without touching others', async () => {
      expect(await store.tenants(space)).toEqual(['ada', 'bob']);
      const exported = [];
      for await (const entry of store.export(space)) exported.push([entry.tenant, entry.id]);
      expect(exported.sort()).toEqual([
        ['ada', '1'],
        ['ada', '2'],
        ['bob', '1'],
      ]);
      expect(await store.deleteTenant(space, 'ada')).toBe(true);
      expect(await store.tenants(space)).toEqual(['bob']);
      expect(await store.get(at('ada'), ['1', '2'])).toEqual([]);
      expect(ids(await store.get(at('bob'), ['1']))).toEqual(['1']);
      await store.upsert(at('ada'), [object('3', 'a new start', [1, 0, 0, 0])]);
      expect((await store.aggregate(at('ada'))).count).toBe(1);
    });
  });

  it('changes the model of a space: added beside, filled in, activated, the old one dropped', async () => {
    const wanted = definition();
    await store.ensureSpace(wanted);
    const at = { space: wanted.name };
    await store.upsert(at, LIBRARY);
    await store.ensureSpace({
      ...wanted,
      vectors: { ...wanted.vectors, better: { model: 'better', dimensions: 2, metric: 'cosine' } },
    });
    const pending = await store.list(at, { limit: 100, lackingVector: 'better' });
    expect(pending.objects).toHaveLength(LIBRARY.length);
    await store.upsert(at, [object('shark', 'A changed shark', [0, 0, 0, 1])]);
    const vectors = { better: Float32Array.of(0, 1) };
    const added = await store.addVectors(at, [
      { id: 'whale', text: LIBRARY[0]!.text, vectors },
      { id: 'shark', text: LIBRARY[1]!.text, vectors },
      { id: 'gone', text: 'gone', vectors },
    ]);
    expect(added).toBe(1);
    const rest = await store.list(at, { limit: 100, lackingVector: 'better' });
    expect(ids(rest.objects).sort()).toEqual(['bread', 'loaf', 'plain', 'shark']);
    expect((await store.get(at, ['whale'], { includeVectors: true }))[0]).toMatchObject({
      properties: LIBRARY[0]!.properties,
      vectors: { main: Float32Array.of(1, 0, 0, 0), better: Float32Array.of(0, 1) },
    });
    await store.activate(at.space, 'better');
    const query = { values: Float32Array.of(0, 2), model: 'better' };
    expect(ids((await store.search(at, { mode: 'vector', vector: query, limit: 5 })).hits)).toEqual(['whale']);
    await expect(store.dropVector(at.space, 'better')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const dropped = await store.dropVector(at.space, 'main');
    expect(Object.keys(dropped.vectors)).toEqual(['better']);
    expect((await store.get(at, ['whale'], { includeVectors: true }))[0]!.vectors).toEqual({
      better: Float32Array.of(0, 1),
    });
  });

  it('restores a backup to equal counts and equal content', async () => {
    const { space } = await fresh({ multiTenant: true });
    const at = { space, tenant: 'ada' };
    await store.upsert(at, LIBRARY);
    const content = async () => {
      const all = [];
      for await (const { updatedAt, ...entry } of store.export(space)) all.push(entry);
      return all.sort((a, b) => (a.id < b.id ? -1 : 1));
    };
    const before = await content();
    const id = `contract-${randomUUID()}`;
    const started = await store.backups.create(id);
    expect(started).toMatchObject({ id, status: expect.stringMatching(/RUNNING|SUCCEEDED/) });
    await expect(store.backups.create(id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect
      .poll(async () => (await store.backups.get(id))?.status, { timeout: 30_000, interval: 100 })
      .toBe('SUCCEEDED');
    expect((await store.backups.get(id))!.spaces).toContain(space);
    expect((await store.backups.list()).map((backup) => backup.id)).toContain(id);

    await store.upsert(at, [object('later', 'stored after the backup', [1, 0, 0, 0])]);
    await store.delete(at, ['whale', 'bread']);
    await store.backups.restore(id);
    expect(await content()).toEqual(before);
    expect(ids((await store.search(at, { mode: 'text', text: 'white whale', limit: 3 })).hits)).toEqual(['whale']);

    await store.deleteSpace(space);
    await store.backups.restore(id);
    expect(await content()).toEqual(before);
    await expect(store.backups.restore('never-made')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.backups.get('never-made')).toBeUndefined();
  }, 120_000);

  it('says how much it holds, and that it is well', async () => {
    const { space } = await fresh({ multiTenant: true });
    await store.upsert({ space, tenant: 'ada' }, LIBRARY);
    await store.upsert({ space, tenant: 'bob' }, [{ id: 'mute', text: 'no vector', vectors: {} }]);
    const entry = async () => (await store.stats()).spaces.find((found) => found.name === space);
    await expect
      .poll(entry, { timeout: 10_000 })
      .toEqual({ name: space, objects: 6, tenants: 2, vectors: { main: 5 } });
    expect(await store.health()).toMatchObject({ status: 'up', kind: store.kind, version: expect.any(String) });
  });

  it('ends a call when its signal does', async () => {
    const at = await fresh();
    const signal = AbortSignal.abort(new Error('the client is gone'));
    await expect(store.upsert(at, LIBRARY, { signal })).rejects.toThrow('the client is gone');
    await expect(store.search(at, { mode: 'text', text: 'x', limit: 1, signal })).rejects.toThrow('the client is gone');
  });
}
