/**
 * Durations as counts in logarithmic buckets, as in DDSketch (Masson et al., VLDB 2019): histograms of parts add up to
 * the histogram of the whole, and any percentile is right within 5 %.
 */
export const GROWTH = 1.1;

/**
 * Bucket i (from 1, as Postgres counts) holds durations above 1.1^(i-1) ms up to 1.1^i ms; the last holds the rest: 3
 * hours and more.
 */
export const BUCKETS = 170;

/**
 * Returns the bucket that a duration falls into.
 *
 * @param ms duration in milliseconds.
 */
export const bucketOf = (ms: number): number =>
  Math.min(BUCKETS, Math.max(1, Math.ceil(Math.log(ms) / Math.log(GROWTH))));

/** The middle of a bucket in milliseconds: 2·u·l/(u+l), whose relative error is the same at both ends. */
const middleOf = (bucket: number): number => (2 * GROWTH ** bucket) / (GROWTH + 1);

/**
 * Returns a percentile in milliseconds, or null when nothing was measured.
 *
 * @param counts number of durations by bucket.
 * @param share 0 to 1, e.g. 0.95.
 */
export function percentile(counts: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = Math.ceil(total * share);
  for (const bucket of [...counts.keys()].sort((a, b) => a - b)) {
    left -= counts.get(bucket)!;
    if (left <= 0) return Math.round(middleOf(bucket) * 10) / 10;
  }
  return null;
}
