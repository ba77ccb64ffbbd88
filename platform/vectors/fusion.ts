import { topPositions } from './top.ts';
import type { Fusion, Metric, ScoreExplanation } from './vector-store.ts';

/**
 * How similarity and BM25 become one score. docs/retrieval.md has the measurements behind the defaults.
 *
 * - `absolute`: each part is mapped to 0..1 by a formula that does not depend on the other hits. One shared word of
 *   several stays a small score, so that paraphrases without shared words can win, and scores of different queries compare.
 * - `relative`: each part is scaled by the best and the worst of its own best two hundred, as Weaviate does. Uses the whole
 *   range for every query, so a single word shared with an otherwise empty list counts fully.
 *
 * Ranks are never fused: rank fusion gives a bad list the same say as a good one.
 */

/** Weight of similarity; what is left is the weight of words. */
export const DEFAULT_ALPHA: Record<Fusion, number> = { absolute: 0.6, relative: 0.5 };
export const DEFAULT_FUSION: Fusion = 'absolute';

/**
 * BM25 that is worth one half in `absolute`, in units of what a word that occurs in a single text earns: BM25 grows with the
 * logarithm of the number of texts, and a match must not mean less to whoever has stored ten of them.
 */
const HALF = 1.1;
/** Smallest positive float: a text without a matching word is no hit. */
export const LEAST_BM25 = 1.4e-45;
/** How many of the best of each part `relative` scales by. */
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
 * @param dense similarity of each candidate, NaN for those without a vector.
 * @param lexical BM25 of each candidate, 0 where no word matches.
 */
export function fuse(
  { fusion, alpha, metric, documents }: FusionSettings,
  dense: Float32Array,
  lexical: Float32Array,
): Fused {
  const half = HALF * Math.log(1 + (documents + 0.5) / 1.5);
  // Squared, so that one shared word of several stays small and most of them together count almost fully.
  const overlap = (raw: number) => raw ** 2 / (raw ** 2 + half ** 2);
  const ofDense = fusion === 'absolute' ? (raw: number) => closeness(metric, raw) : scaled(dense);
  const ofLexical = fusion === 'absolute' ? overlap : scaled(lexical, LEAST_BM25);
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

/** The explanation of a search that fuses nothing: the raw score is the score. */
export const unfused = (kind: 'dense' | 'lexical', raw: number): ScoreExplanation => ({
  [kind]: { raw, normalised: raw, weight: 1, contribution: raw },
});

/** Similarity as 0 (nothing in common) to 1 (the same). */
function closeness(metric: Metric, raw: number): number {
  if (metric === 'cosine') return Math.min(1, Math.max(0, raw));
  if (metric === 'l2') return 1 / (1 - raw);
  return 1 / (1 + Math.exp(-raw));
}

/** Scales by the best and the worst of the pool; what is below the pool is 0. */
function scaled(values: Float32Array, least?: number): (raw: number) => number {
  const pool = topPositions(values, POOL, least);
  const high = values[pool[0] ?? 0] ?? 0;
  const low = values[pool[pool.length - 1] ?? 0] ?? 0;
  return (raw) => (high > low ? Math.max(0, (raw - low) / (high - low)) : raw >= high ? 1 : 0);
}
