/**
 * Counts what is open, by key, up to a limit.
 *
 * @param limit of each key, where its caller names none.
 */
export function createOpenCounter(limit: number) {
  const counts = new Map<string, number>();
  return {
    /** Takes one more in, or says that the limit is reached. */
    enter(key: string, most = limit): boolean {
      const count = counts.get(key) ?? 0;
      if (count >= most) return false;
      counts.set(key, count + 1);
      return true;
    },
    leave(key: string): void {
      const count = (counts.get(key) ?? 1) - 1;
      if (count === 0) counts.delete(key);
      else counts.set(key, count);
    },
  };
}
