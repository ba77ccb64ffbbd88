export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** How many times as much `theirs` is, round by round: the median, and the least and the most of all rounds. */
export function ratioText(theirs: readonly number[], ours: readonly number[]): { ratio: string; spread: string } {
  const ratios = theirs.map((value, i) => value / ours[i]!);
  return {
    ratio: median(ratios).toFixed(2),
    spread: `${Math.min(...ratios).toFixed(2)}..${Math.max(...ratios).toFixed(2)}`,
  };
}
