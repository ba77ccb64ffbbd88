import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { recentlyUsed } from './recently-used.ts';

describe('a map of the entries that were used last', () => {
  it('holds as many as it is told, and gives up the one whose use is the longest ago', () => {
    const map = recentlyUsed<number>(3);
    for (const [index, key] of ['a', 'b', 'c'].entries()) map.set(key, index);
    map.get('a');
    map.set('d', 3);
    expect([...map.keys()].sort()).toEqual(['a', 'c', 'd']);
    map.set('d', 4);
    expect(map.size).toBe(3);
    expect(map.get('d')).toBe(4);
  });

  it('goes on after all of it was deleted', () => {
    const map = recentlyUsed<number>(2);
    for (let turn = 0; turn < 3; turn++) {
      for (let key = 0; key < 10; key++) map.set(`${key}`, key);
      expect([...map.keys()]).toEqual(['9', '8']);
      map.clear();
      expect(map.size).toBe(0);
    }
  });

  it('holds nothing for longer than it is told', async () => {
    const map = recentlyUsed<number>(2, { ttl: 20 });
    map.set('a', 1);
    await wait(60);
    expect(map.get('a')).toBeUndefined();
  });

  it('takes no memory for entries that it does not hold', () => {
    const before = process.memoryUsage();
    const maps = Array.from({ length: 20 }, () => recentlyUsed<number>(1_000_000));
    const after = process.memoryUsage();
    expect(maps[0]!.size).toBe(0);
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(10 * 1024 * 1024);
  });
});
