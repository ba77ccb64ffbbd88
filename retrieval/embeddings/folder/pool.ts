import type { Pooling } from './model-folder.ts';

/**
 * Returns one vector a text of the vectors of their tokens.
 *
 * @param values of all tokens, one text after the other, each with `tokens` of them, padding behind.
 * @param lengths tokens of each text that are not padding.
 */
export function pool(
  values: Float32Array,
  lengths: readonly number[],
  tokens: number,
  dimensions: number,
  pooling: Pooling,
): Float32Array[] {
  return lengths.map((length, text) => {
    const token = (index: number) => {
      const at = (text * tokens + index) * dimensions;
      return values.subarray(at, at + dimensions);
    };
    if (pooling === 'cls') return token(0).slice();
    if (pooling === 'last') return token(length - 1).slice();
    const all = token(0).slice();
    for (let index = 1; index < length; index++) {
      const one = token(index);
      for (let i = 0; i < dimensions; i++) {
        all[i] = pooling === 'max' ? Math.max(all[i]!, one[i]!) : all[i]! + one[i]!;
      }
    }
    return pooling === 'max' ? all : all.map((value) => value / length);
  });
}
