import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { EmbeddedVectorStore } from './embedded-vector-store.ts';
import { encodeWords } from './word-index.ts';

const PLACE = { space: 'Texts' };
const find = async (store: EmbeddedVectorStore, text: string) =>
  (await store.search(PLACE, { mode: 'text', text, limit: 5 })).hits.map(({ id }) => id);

it('texts that were stored with words of an edition before are found by those of today', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sextant-words-'));
  try {
    const first = new EmbeddedVectorStore({ folder, readers: 1 });
    await first.ensureSpace({
      name: PLACE.space,
      vectors: { v: { model: 'toy', dimensions: 2, metric: 'cosine' } },
      active: 'v',
      fields: {},
      multiTenant: false,
    });
    await first.upsert(PLACE, [
      { id: 'mixed', text: '我用iPhone拍照', vectors: {} },
      { id: 'plain', text: 'all of ASCII', vectors: {} },
    ]);
    await first[Symbol.asyncDispose]();

    // Without the edition at its end, and with the words that the edition before made of it: the pairs of one run.
    const db = new DatabaseSync(path.join(folder, 'vectors.db'));
    for (const [id, said] of [
      ['mixed', 'one two three'],
      ['plain', 'all of ASCII'],
    ] as const) {
      const before = encodeWords(said).slice(0, -8);
      db.prepare('UPDATE objects SET words = ? WHERE id = ?').run(before, id);
    }
    db.close();

    const second = new EmbeddedVectorStore({ folder, readers: 1 });
    expect(await find(second, 'iphone')).toEqual(['mixed']);
    expect(await find(second, 'two')).toEqual([]);
    expect(await find(second, 'ascii')).toEqual(['plain']);
    // がき is not かき, which the edition before took for one.
    await second.upsert(PLACE, [{ id: 'kaki', text: 'かき', vectors: {} }]);
    expect([await find(second, 'がき'), await find(second, 'かき')]).toEqual([[], ['kaki']]);
    await second[Symbol.asyncDispose]();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
