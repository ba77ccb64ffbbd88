import { setImmediate as others } from 'node:timers/promises';

/** A place on the plane: both numbers lie between -1 and 1. */
export interface PlanePlace {
  readonly x: number;
  readonly y: number;
}

/** A plane with vectors laid on it. */
export interface Plane {
  /** One place for each vector, in their order. */
  readonly places: readonly PlanePlace[];
  /** How much of the spread of the vectors the plane shows, 0 to 1. */
  readonly share: number;
}

/** Steps towards a direction; after these the picture of real texts does not change to the eye. */
const MAX_STEPS = 40;
const CLOSE_ENOUGH = 1e-5;

/**
 * Lays vectors on the plane in which they spread most: their first two principal components, by power iteration. A
 * thousand vectors of 4096 numbers take some 100 ms, in steps between which other work of the process goes on. The
 * same vectors always have the same places.
 */
export async function layOnPlane(vectors: readonly Float32Array[], signal?: AbortSignal): Promise<Plane> {
  const [first] = vectors;
  if (first === undefined) return { places: [], share: 1 };
  const middle = new Float64Array(first.length);
  for (const vector of vectors) for (let i = 0; i < middle.length; i++) middle[i]! += vector[i]! / vectors.length;
  const centred = vectors.map((vector) => vector.map((value, i) => value - middle[i]!));
  const spread = centred.reduce((sum, vector) => sum + dot(vector, vector), 0);
  if (spread < 1e-12) return { places: vectors.map(() => ({ x: 0, y: 0 })), share: 1 };
  const axes: Float64Array[] = [];
  for (let axis = 0; axis < 2; axis++) axes.push(await direction(centred, axes, signal));
  const [xs, ys] = axes.map((axis) => centred.map((vector) => dot(vector, axis))) as [number[], number[]];
  const shown = [...xs, ...ys].reduce((sum, value) => sum + value * value, 0);
  const most = [...xs, ...ys].reduce((longest, value) => Math.max(longest, Math.abs(value)), 1e-12);
  return { places: xs.map((x, i) => ({ x: x / most, y: ys[i]! / most })), share: Math.min(1, shown / spread) };
}

/** Finds the direction of length 1 in which vectors spread most, at right angles to those that are known. */
async function direction(
  vectors: readonly Float32Array[],
  known: readonly Float64Array[],
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const rest = (vector: ArrayLike<number>) => {
    const left = Float64Array.from(vector);
    for (const axis of known) {
      const along = dot(left, axis);
      for (let i = 0; i < left.length; i++) left[i]! -= along * axis[i]!;
    }
    return left;
  };
  // The longest vector points that way already, more or less.
  let best = new Float64Array(vectors[0]!.length);
  for (const vector of vectors) {
    const left = rest(vector);
    if (dot(left, left) > dot(best, best)) best = left;
  }
  let axis = best;
  if (!scale(axis)) return axis;
  for (let step = 0; step < MAX_STEPS; step++) {
    await others();
    signal?.throwIfAborted();
    const next = new Float64Array(axis.length);
    for (const vector of vectors) {
      const along = dot(vector, axis);
      for (let i = 0; i < next.length; i++) next[i]! += along * vector[i]!;
    }
    const turned = rest(next);
    if (!scale(turned)) break;
    const change = 1 - Math.abs(dot(turned, axis));
    axis = turned;
    if (change < CLOSE_ENOUGH) break;
  }
  return axis;
}

/** Gives a vector the length 1. @returns false: it has none. */
function scale(vector: Float64Array): boolean {
  const length = Math.sqrt(dot(vector, vector));
  if (length < 1e-9) return false;
  for (let i = 0; i < vector.length; i++) vector[i]! /= length;
  return true;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
