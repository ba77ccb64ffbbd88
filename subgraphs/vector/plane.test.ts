import { describe, expect, it } from 'vitest';
import { layOnPlane } from './plane.ts';

/** Three groups around three corners, in many dimensions; always the same ones. */
function groups(dimensions: number, each: number): Float32Array[] {
  let seed = 7;
  const chance = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647 - 0.5;
  };
  return [0, 1, 2].flatMap((group) =>
    Array.from({ length: each }, () =>
      Float32Array.from({ length: dimensions }, (_, i) => (i % 3 === group ? 1 : 0) + chance() * 0.2),
    ),
  );
}

describe('a plane of vectors', () => {
  it('shows what is near as near, always at the same places', async () => {
    const vectors = groups(48, 20);
    const { places, share } = await layOnPlane(vectors);
    expect(share).toBeGreaterThan(0.8);
    const distance = (a: number, b: number) => Math.hypot(places[a]!.x - places[b]!.x, places[a]!.y - places[b]!.y);
    for (let one = 0; one < 60; one++) {
      for (let other = 0; other < one; other++) {
        const isSame = Math.floor(one / 20) === Math.floor(other / 20);
        expect(distance(one, other) < 0.6).toBe(isSame);
      }
    }
    expect(Math.max(...places.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)]))).toBeCloseTo(1);
    expect(await layOnPlane(vectors)).toEqual({ places, share });
  });

  it('has places for no vectors, one, and many that are equal or on a line', async () => {
    expect(await layOnPlane([])).toEqual({ places: [], share: 1 });
    const one = Float32Array.of(1, 2, 3);
    expect(await layOnPlane([one])).toEqual({ places: [{ x: 0, y: 0 }], share: 1 });
    expect((await layOnPlane([one, one])).places).toEqual([
      { x: 0, y: 0 },
      { x: 0, y: 0 },
    ]);
    const line = await layOnPlane([0, 1, 2].map((at) => Float32Array.of(at, 0)));
    expect(line.share).toBeCloseTo(1);
    expect(line.places.map(({ x }) => Math.abs(x))).toEqual([1, 0, 1].map((x) => expect.closeTo(x)));
    for (const { y } of line.places) expect(y).toBeCloseTo(0);
  });

  it('ends when its reader has gone', async () => {
    await expect(layOnPlane(groups(8, 3), AbortSignal.abort())).rejects.toThrow();
  });
});
