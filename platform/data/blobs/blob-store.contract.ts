import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BlobStore, readBlob } from './blob-store.ts';

/** The definition of BlobStore: every face passes it. */
export function blobStoreContract(name: string, open: () => Promise<BlobStore>): void {
  describe(`blob store: ${name}`, () => {
    let store: BlobStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
    });

    const bytes = (text: string) => new TextEncoder().encode(text);
    const text = async (key: string) => {
      const found = await readBlob(store, key);
      return found && new TextDecoder().decode(found);
    };
    const keys = async (prefix: string) => {
      const found: string[] = [];
      for await (const blob of store.list(prefix)) found.push(blob.key);
      return found.sort();
    };

    it('gives back what was put, and its digest', async () => {
      const stored = await store.put('a/b.txt', bytes('hello'), { maxBytes: 5 });
      expect(stored).toEqual({ key: 'a/b.txt', size: 5, sha256: createHash('sha256').update('hello').digest('hex') });
      expect(await text('a/b.txt')).toBe('hello');
      expect(await store.head('a/b.txt')).toMatchObject({ key: 'a/b.txt', size: 5 });
    });

    it('stores a stream, and an empty blob', async () => {
      await store.put('streamed', chunks('one ', 'two ', 'three'), { maxBytes: 100 });
      await store.put('empty', bytes(''), { maxBytes: 0 });
      expect(await text('streamed')).toBe('one two three');
      expect(await text('empty')).toBe('');
    });

    it('replaces a blob of the same key', async () => {
      await store.put('k', bytes('first'), { maxBytes: 10 });
      await store.put('k', bytes('2nd'), { maxBytes: 10 });
      expect(await text('k')).toBe('2nd');
    });

    it('gives a range', async () => {
      await store.put('k', bytes('0123456789'), { maxBytes: 10 });
      const part = await store.get('k', { start: 2, end: 4 });
      expect(await new Response(part?.stream as BodyInit).text()).toBe('234');
      expect(part?.size).toBe(10);
    });

    it('a body larger than allowed is refused and leaves nothing', async () => {
      await expect(store.put('k', chunks('12345', '67890'), { maxBytes: 9 })).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
      });
      expect(await store.head('k')).toBeUndefined();
      expect(await keys('')).toEqual([]);
    });

    it('a body that breaks off leaves what was there before', async () => {
      await store.put('k', bytes('before'), { maxBytes: 10 });
      const broken = (async function* () {
        yield bytes('aft');
        throw new Error('hung up');
      })();
      await expect(store.put('k', broken, { maxBytes: 10 })).rejects.toThrow('hung up');
      expect(await text('k')).toBe('before');
      expect(await keys('')).toEqual(['k']);
    });

    it('an aborted put leaves nothing', async () => {
      const aborter = new AbortController();
      const endless = (async function* () {
        for (let i = 0; ; i++) {
          if (i === 3) aborter.abort();
          yield bytes('x');
        }
      })();
      await expect(store.put('k', endless, { maxBytes: 1e9, signal: aborter.signal })).rejects.toThrow();
      expect(await store.head('k')).toBeUndefined();
    });

    it('what is not there is undefined', async () => {
      expect(await store.head('no/such')).toBeUndefined();
      expect(await store.get('no/such')).toBeUndefined();
      expect(await store.delete('no/such')).toBe(false);
      expect(await store.deleteAll('no/')).toBe(0);
      await store.put('a/b', bytes('x'), { maxBytes: 1 });
      expect(await store.get('a')).toBeUndefined();
    });

    it('deletes one, and all below a prefix', async () => {
      for (const key of ['d/1/a', 'd/1/b', 'd/10/a']) await store.put(key, bytes('x'), { maxBytes: 1 });
      expect(await store.delete('d/1/a')).toBe(true);
      expect(await keys('d/1/')).toEqual(['d/1/b']);
      expect(await store.deleteAll('d/1/')).toBe(1);
      expect(await keys('')).toEqual(['d/10/a']);
    });

    it('lists what is there while other blobs are deleted and stored', async () => {
      const names = Array.from({ length: 20 }, (_, index) => `d/${String(index).padStart(2, '0')}/a`);
      for (const key of names) await store.put(key, bytes('x'), { maxBytes: 1 });
      const [kept, gone] = [names.filter((_, i) => i % 2 === 0), names.filter((_, i) => i % 2 === 1)];
      const found: string[] = [];
      for await (const { key } of store.list('d/')) {
        if (found.length === 0) {
          for (const one of gone) await store.deleteAll(one.slice(0, -1));
          await store.put('d/new/a', bytes('x'), { maxBytes: 1 });
        }
        found.push(key);
      }
      expect(found).toEqual(expect.arrayContaining(kept));
    });

    it('stores where another deletes the last blob of the same folder', async () => {
      for (let i = 0; i < 8; i++) {
        await store.put('d/old', bytes('x'), { maxBytes: 1 });
        await Promise.all([store.delete('d/old'), store.put('d/new', bytes('x'), { maxBytes: 1 })]);
        expect(await text('d/new')).toBe('x');
        await store.delete('d/new');
      }
    });

    it.each(['', '/etc/passwd', '../x', 'a/../../x', 'a//b', '.hidden', 'a/.b', 'a\\b', 'a\0b', 'ä', 'x'.repeat(513)])(
      'refuses the key %j',
      async (key) => {
        await expect(store.put(key, bytes('x'), { maxBytes: 1 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
        await expect(store.delete(key)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      },
    );

    it('of two writers of one key, one wins as a whole', async () => {
      const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200_000));
      await Promise.all(contents.map((content) => store.put('k', bytes(content), { maxBytes: 1e6 })));
      expect(contents).toContain(await text('k'));
    });

    it('says that it is well', async () => {
      expect(await store.health()).toEqual({ status: 'up' });
    });
  });
}

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield new TextEncoder().encode(part);
}
