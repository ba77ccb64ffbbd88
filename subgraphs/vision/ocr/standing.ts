import type { Edges } from './skew.ts';

/** Edges from which on a direction can be told from noise. */
const ENOUGH = 400;
/** So many times as gathered as the side on which the letters of an upright page stand is another one clearly more. */
const CLEARLY_UPSIDE_DOWN = 1.05;
const CLEARLY_SIDEWAYS = 1.4;
/** In pixels of the copy: lines that are closer cannot be read. */
const MIN_PITCH = 6;
/** Of their likeness to themselves: rows that repeat less than this do not come of lines. */
const MIN_LIKENESS = 0.4;
/** Of the best: a distance at which lines repeat so well is theirs, and longer ones are several of it. */
const AS_GOOD = 0.75;

/** A turn by right angles, in degrees clockwise. */
export type Turn = 0 | 90 | 180 | 270;
/** The neighbour by which a dark pixel is at the edge of its letter. */
type Side = readonly [dx: number, dy: number];
const BELOW: Side = [0, 1];
/** Where letters stand, and by how many degrees, clockwise, a page is turned to be upright. */
const SIDES: readonly (readonly [Side, Turn])[] = [
  [BELOW, 0],
  [[0, -1], 180],
  [[1, 0], 90],
  [[-1, 0], 270],
];

/**
 * Returns by how many degrees, clockwise, a page seems to need turning. Letters stand on their line, and end above it
 * at several heights: seen from there, their edges gather in fewer rows than from any other side. It is a guess:
 * letters of some scripts hang from a line, and capitals and digits are as even above.
 *
 * @param skew of its lines, in degrees clockwise.
 */
export function likelyTurn(edges: Edges, skew: number): Turn {
  const [upright, ...others] = SIDES.map(([side, turn]) => {
    const rows = rowsOf(edges, side, skew);
    return { turn, rows, gathered: gathering(rows) };
  });
  const best = others.reduce((one, other) => (other.gathered > one.gathered ? other : one));
  const clearly = best.turn === 180 ? CLEARLY_UPSIDE_DOWN : CLEARLY_SIDEWAYS;
  const isClear = best.gathered > clearly * upright!.gathered && pitchOf(best.rows) !== undefined;
  return isClear ? best.turn : 0;
}

/**
 * Returns how wide the writing of an upright page is, in distances between its lines; undefined where no lines are to
 * be seen.
 */
export function widthInLines(edges: Edges, skew: number): number | undefined {
  const pitch = pitchOf(rowsOf(edges, BELOW, skew));
  if (pitch === undefined) return undefined;
  const xs = edges.xs.toSorted((a, b) => a - b);
  return (xs[Math.floor(xs.length * 0.99)]! - xs[Math.floor(xs.length * 0.01)]!) / pitch;
}

/** Counts the edges of one side in each row, or column, along the tilt. */
function rowsOf({ dark, width, height }: Edges, [dx, dy]: Side, skew: number): Float64Array {
  const slope = Math.tan((skew * Math.PI) / 180);
  const across = dy === 0 ? height : width;
  const margin = Math.ceil(Math.abs(slope) * across);
  const rows = new Float64Array((dy === 0 ? width : height) + 2 * margin + 1);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (dark[y * width + x] === 0) continue;
      const [besideX, besideY] = [x + dx, y + dy];
      const isInside = besideX >= 0 && besideX < width && besideY >= 0 && besideY < height;
      if (isInside && dark[besideY * width + besideX] === 1) continue;
      rows[margin + Math.round(dy === 0 ? x + y * slope : y - x * slope)]!++;
    }
  return rows;
}

/** Returns to which part the edges lie in few rows; 0 where there are not enough of them. */
function gathering(rows: Float64Array): number {
  const total = rows.reduce((sum, count) => sum + count, 0);
  return total < ENOUGH ? 0 : rows.reduce((sum, count) => sum + count * count, 0) / total ** 2;
}

/** Returns the distance at which rows of edges repeat, in pixels of the copy. */
function pitchOf(rows: Float64Array): number | undefined {
  const mean = rows.reduce((sum, count) => sum + count, 0) / rows.length;
  if (mean * rows.length < ENOUGH) return undefined;
  const likeness = (lag: number): number => {
    let sum = 0;
    for (let row = lag; row < rows.length; row++) sum += (rows[row]! - mean) * (rows[row - lag]! - mean);
    return sum / (rows.length - lag);
  };
  const lags = Array.from({ length: Math.max(0, Math.floor(rows.length / 3) - MIN_PITCH) }, (_, i) => i + MIN_PITCH);
  const likenesses = lags.map(likeness);
  const best = Math.max(...likenesses, 0);
  return best < MIN_LIKENESS * likeness(0) ? undefined : lags[likenesses.findIndex((one) => one >= AS_GOOD * best)];
}
