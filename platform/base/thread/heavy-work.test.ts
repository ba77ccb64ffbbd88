import { describe, expect, it } from 'vitest';
import { type HeavyKind, HeavyWork } from './heavy-work.ts';

/** Of the memory of the tests' own process nothing depends here. */
const usedMb = async (): Promise<number> => 100;

/** Work that ends when it is told to, and the order of what has happened. */
function workshop(memoryMb: number) {
  const heavy = new HeavyWork({ memoryMb, usedMb });
  const seen: string[] = [];
  const ends = new Map<string, () => void>();
  const kind = (name: string): HeavyKind => ({
    needsMb: 1,
    release: async () => void seen.push(`${name} gives back`),
  });
  const run = (of: HeavyKind, name: string, signal?: AbortSignal) =>
    heavy.run(of, signal, () => {
      seen.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  return { heavy, seen, kind, run, end: (name: string) => ends.get(name)!() };
}

describe('heavy work', () => {
  it('is done one after another where memory is little, and what another kind keeps is given back before', async () => {
    const { seen, kind, run, end } = workshop(512);
    const [documents, texts] = [kind('documents'), kind('texts')];
    const all = [run(documents, 'a'), run(documents, 'b'), run(texts, 'c')];
    await expect.poll(() => seen).toEqual(['a']);
    end('a');
    await expect.poll(() => seen).toEqual(['a', 'b']);
    end('b');
    await expect.poll(() => seen).toEqual(['a', 'b', 'documents gives back', 'c']);
    end('c');
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  });

  it('is not begun when its caller has gone, and goes on after work that fails', async () => {
    const { heavy, seen, kind, run, end } = workshop(512);
    const texts = kind('texts');
    const first = run(texts, 'a');
    const gone = new AbortController();
    const second = run(texts, 'b', gone.signal);
    const failing = heavy.run(texts, undefined, () => Promise.reject(new Error('no')));
    const last = run(texts, 'c');
    gone.abort();
    await expect.poll(() => seen).toEqual(['a']);
    end('a');
    await first;
    await expect(second).rejects.toThrow('abort');
    await expect(failing).rejects.toThrow('no');
    await expect.poll(() => seen).toEqual(['a', 'c']);
    end('c');
    await last;
  });

  it('is given up when it is called off and does not end: it holds no turn, and neither does memory that is not given back', async () => {
    const heavy = new HeavyWork({ memoryMb: 512, graceMs: 10, usedMb });
    const gone = new AbortController();
    const stuck: HeavyKind = { needsMb: 1, release: () => Promise.reject(new Error('its thread is stuck')) };
    const hanging = heavy.run(stuck, gone.signal, () => new Promise(() => {}));
    const next = heavy.run({ needsMb: 1, release: async () => {} }, undefined, async () => 'done');
    gone.abort(new Error('the lease is lost'));
    await expect(hanging).rejects.toThrow('the lease is lost');
    expect(await next).toBe('done');
  });

  it('waits for nothing where memory is not little', async () => {
    const { seen, kind, run, end } = workshop(1_024);
    const all = [run(kind('documents'), 'a'), run(kind('texts'), 'b')];
    expect(seen).toEqual(['a', 'b']);
    end('a');
    end('b');
    await Promise.all(all);
    expect(seen).toEqual(['a', 'b']);
  });
});
