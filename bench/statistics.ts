export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** The value that a share of all values does not exceed. @param share from 0 to 1. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
};

/** How many times as much `theirs` is, round by round: the median, and the middle half of all rounds. */
export function ratioText(theirs: readonly number[], ours: readonly number[]): { ratio: string; spread: string } {
  const ratios = theirs.map((value, i) => value / ours[i]!).sort((a, b) => a - b);
  const last = ratios.length - 1;
  const [low, high] = [ratios[Math.floor(last / 4)]!, ratios[Math.ceil((last * 3) / 4)]!];
  return { ratio: median(ratios).toFixed(2), spread: `${low.toFixed(2)}..${high.toFixed(2)}` };
}
