import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import wabt from 'wabt';
import { Arena } from './arena.ts';
import { Matrix } from './matrix.ts';
import { SCAN_WASM } from './scan.wasm.ts';

it('the bytes are what the text assembles to', async () => {
  const text = await readFile(new URL('./scan.wat', import.meta.url), 'utf8');
  const module = (await wabt()).parseWat('scan.wat', text, { simd: true });
  expect(Buffer.from(module.toBinary({}).buffer).equals(SCAN_WASM)).toBe(true);
});

it.each([1, 3, 16, 100, 512, 1536, 4096])('finds what a plain loop finds, with %i dimensions', (dimensions) => {
  const arena = new Arena();
  const matrix = new Matrix(arena, dimensions, 'dot');
  const vector = (seed: number) => Float32Array.from({ length: dimensions }, (_, i) => Math.sin(seed * 7919 + i));
  const rows = Array.from({ length: 300 }, (_, i) => vector(i));
  rows.forEach((row, slot) => {
    if (slot % 7 !== 3) matrix.set(slot, new Uint8Array(row.buffer));
  });
  matrix.delete(10);
  const query = vector(12_345);
  const similarities = matrix.similarities(query, 310);
  rows.forEach((row, slot) => {
    const dot = row.reduce((sum, value, i) => sum + value * query[i]!, 0);
    if (slot % 7 === 3 || slot === 10) expect(similarities[slot]).toBeNaN();
    else expect(similarities[slot]).toBeCloseTo(dot, 2);
  });
  expect(similarities[305]).toBeNaN();
  // Of some slots alone: neighbours, single ones, one without a vector, one that is not there.
  const only = Int32Array.of(0, 1, 2, 3, 10, 40, 41, 150, 299, 309);
  const some = matrix.similarities(query, 310, only);
  some.forEach((value, slot) => {
    expect(value).toEqual(only.includes(slot) ? similarities[slot] : Number.NaN);
  });
  matrix.release();
  expect(arena.bytes).toBe(0);
});
