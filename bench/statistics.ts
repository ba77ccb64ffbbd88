export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** A value that this share of all are below. */
const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.round((values.length - 1) * share)]!;

/** How many times as much `theirs` is, round by round: the median, and the middle half of all rounds. */
export function ratioText(theirs: readonly number[], ours: readonly number[]): { ratio: string; spread: string } {
  const ratios = theirs.map((value, i) => value / ours[i]!);
  return {
    ratio: median(ratios).toFixed(2),
    spread: `${quantile(ratios, 0.25).toFixed(2)}..${quantile(ratios, 0.75).toFixed(2)}`,
  };
}
