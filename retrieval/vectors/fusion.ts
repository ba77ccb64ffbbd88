import { topPositions } from './top.ts';
import type { Fusion, Metric, ScoreExplanation } from './vector-store.ts';

/**
 * How similarity and BM25 become one score. docs/retrieval.md has the measurements behind the formulas and weights.
 *
 * - `relative`: similarity in units of the best one of the search; BM25 scaled by the best and the worst of the best
 *   two hundred, as Weaviate does, but no further than the best match deserves: one shared word of several must not
 *   count as much as all of them.
 * - `absolute`: each part is mapped to 0..1 by a formula that does not depend on the other hits, so that scores of
 *   different searches compare.
 *
 * Ranks are never fused: rank fusion gives a bad list the same say as a good one.
 */

/** Weight of similarity; what is left is the weight of words. */
export const DEFAULT_ALPHA: Record<Fusion, number> = { relative: 0.55, absolute: 0.5 };
export const DEFAULT_FUSION: Fusion = 'relative';

/**
 * BM25 of a good match, in units of what a word that occurs in a single text earns: BM25 grows with the logarithm of
 * the number of texts, and a match must not mean less to a user who has stored ten of them.
 */
const GOOD = 1.1;
/** Smallest positive float: a text without a matching word is not a hit. */
export const LEAST_BM25 = 1.4e-45;
/** How many of the best matches `relative` scales BM25 by. */
export const POOL = 200;

export interface FusionSettings {
  readonly fusion: Fusion;
  readonly alpha: number;
  readonly metric: Metric;
  /** How many texts BM25's word statistics are about. */
  readonly documents: number;
}

export interface Fused {
  /** NaN for what neither part found. */
  readonly scores: Float32Array;
  explain(position: number): ScoreExplanation;
}

/**
 * Fuses similarity and BM25 into one score for each candidate.
 *
 * @param dense similarity of each candidate, NaN for those without a vector.
 * @param lexical BM25 of each candidate, 0 where no word matches.
 */
export function fuse(settings: FusionSettings, dense: Float32Array, lexical: Float32Array): Fused {
  const { fusion, alpha, metric, documents } = settings;
  const good = GOOD * Math.log(1 + (documents + 0.5) / 1.5);
  const ofDense = fusion === 'absolute' ? closeness(metric) : relativeCloseness(metric, dense);
  const ofLexical = fusion === 'absolute' ? overlap(good) : relativeOverlap(good, lexical);
  const scores = new Float32Array(dense.length);
  for (let i = 0; i < scores.length; i++) {
    const similarity = dense[i]!;
    const bm25 = lexical[i]!;
    const known = !Number.isNaN(similarity);
    if (!known && bm25 === 0) scores[i] = Number.NaN;
    else scores[i] = (known ? alpha * ofDense(similarity) : 0) + (bm25 > 0 ? (1 - alpha) * ofLexical(bm25) : 0);
  }
  const part = (raw: number, normalised: number, weight: number) => ({
    raw,
    normalised,
    weight,
    contribution: weight * normalised,
  });
  return {
    scores,
    explain(position) {
      const similarity = dense[position]!;
      const bm25 = lexical[position]!;
      return {
        fusion,
        ...(!Number.isNaN(similarity) && { dense: part(similarity, ofDense(similarity), alpha) }),
        ...(bm25 > 0 && { lexical: part(bm25, ofLexical(bm25), 1 - alpha) }),
      };
    },
  };
}

/** Returns the explanation of a search that fuses nothing: the raw score is the score. */
export const unfused = (kind: 'dense' | 'lexical', raw: number): ScoreExplanation => ({
  [kind]: { raw, normalised: raw, weight: 1, contribution: raw },
});

/** Similarity as 0 (nothing in common) to 1 (the same). */
function closeness(metric: Metric): (raw: number) => number {
  if (metric === 'cosine') return (raw) => Math.min(1, Math.max(0, raw));
  if (metric === 'l2') return (raw) => 1 / (1 - raw);
  return (raw) => 1 / (1 + Math.exp(-raw));
}

function relativeCloseness(metric: Metric, dense: Float32Array): (raw: number) => number {
  const of = closeness(metric);
  const [best] = topPositions(dense, 1);
  const most = best === undefined ? 0 : of(dense[best]!);
  return (raw) => (most > 0 ? of(raw) / most : 0);
}

/** Squared, so that one shared word of several stays small and most of them together count almost fully. */
const overlap = (good: number) => (raw: number) => raw ** 2 / (raw ** 2 + good ** 2);

function relativeOverlap(good: number, lexical: Float32Array): (raw: number) => number {
  const pool = topPositions(lexical, POOL, LEAST_BM25);
  if (pool.length === 0) return () => 0;
  const high = lexical[pool[0]!]!;
  const low = lexical[pool[pool.length - 1]!]!;
  const trust = Math.min(1, high / good);
  return (raw) => trust * (high > low ? Math.max(0, (raw - low) / (high - low)) : 1);
}
