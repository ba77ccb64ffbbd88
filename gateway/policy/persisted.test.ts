import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { createPersistedOperations, readManifest } from './persisted.ts';

const query = '{ greeting(name: "x") }';
const sha256Hash = createHash('sha256').update(query).digest('hex');
const extensions = { persistedQuery: { version: 1, sha256Hash } };
const code = (code: string) => expect.objectContaining({ extensions: expect.objectContaining({ code }) });

describe('automatic persisted queries', () => {
  const operations = createPersistedOperations({});

  it('are unknown once and known afterwards', async () => {
    await expect((async () => operations.textOf({ extensions }))()).rejects.toEqual(code('PERSISTED_QUERY_NOT_FOUND'));
    expect(await operations.textOf({ extensions, query })).toBe(query);
    await operations.keep({ extensions, query }, 'a');
    expect(await operations.textOf({ extensions })).toBe(query);
  });

  it('cannot be poisoned with another text, nor be malformed', async () => {
    const bad = async (params: object) => operations.textOf(params);
    await expect(bad({ extensions, query: '{ other }' })).rejects.toEqual(code('BAD_USER_INPUT'));
    await expect(bad({ extensions: { persistedQuery: { version: 2 } } })).rejects.toEqual(code('BAD_USER_INPUT'));
    await expect(bad({})).rejects.toEqual(code('BAD_USER_INPUT'));
    await expect(bad({ id: 'abc' })).rejects.toThrow(
      'documentId names a registered operation, and this gateway has none: send its text as `query`.',
    );
  });

  it('have no text of half characters under the hash of another one', async () => {
    const [honest, hostile] = ['{ greeting(name: "\ufffd") }', '{ greeting(name: "\ud800") }'];
    const same = createHash('sha256').update(hostile).digest('hex');
    expect(createHash('sha256').update(honest).digest('hex')).toBe(same);
    const named = { persistedQuery: { version: 1, sha256Hash: same } };
    await expect((async () => operations.textOf({ extensions: named, query: hostile }))()).rejects.toEqual(
      code('BAD_USER_INPUT'),
    );
    expect(await operations.textOf({ extensions: named, query: honest })).toBe(honest);
  });

  it('of one client are kept up to a bound, so that they push out and fill up nothing', async () => {
    const kept: string[] = [];
    const cache = {
      get: async () => undefined,
      set: async (key: string) => void kept.push(key),
    } as unknown as Cache;
    const bounded = createPersistedOperations({ cache });
    const bring = (client: string, text: string) =>
      bounded.keep(
        {
          query: text,
          extensions: {
            persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(text).digest('hex') },
          },
        },
        client,
      );
    for (let i = 0; i < 50; i++) await bring('a', `{ a${i} } #${'x'.repeat(90_000)}`);
    expect(kept).toHaveLength(11);
    await bring('b', '{ b }');
    expect(kept).toHaveLength(12);
  });
});

describe('registered operations', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'manifest-'));
  const file = (name: string, content: unknown) => {
    const full = path.join(folder, name);
    writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
    return full;
  };
  const apollo = {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [{ id: sha256Hash, name: 'G', type: 'query', body: query }],
  };

  it.each([
    ['Apollo’s', file('apollo.json', apollo)],
    ['Relay’s', file('relay.json', { [sha256Hash]: query })],
  ])('of %s manifest run by id, by hash and by text, and nothing else does', async (_, manifest) => {
    const operations = createPersistedOperations({ manifest: readManifest(manifest) });
    expect(await operations.textOf({ id: sha256Hash })).toBe(query);
    expect(await operations.textOf({ extensions })).toBe(query);
    expect(await operations.textOf({ query })).toBe(query);
    expect(() => operations.textOf({ query: '{ other }' })).toThrow('Only registered operations');
    expect(() => operations.textOf({ id: sha256Hash.toUpperCase(), query: '{ other }' })).toThrow('Only registered');
  });

  it('of a file that is none stop the start in one line', () => {
    expect(() => readManifest(file('bad.json', '[1]'))).toThrow(/^OPERATIONS_MANIFEST names .*format\.$/);
    expect(() => readManifest(path.join(folder, 'none.json'))).toThrow(/^OPERATIONS_MANIFEST names .*cannot be read/);
  });
});
