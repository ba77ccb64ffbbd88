/**
 * Returns a function that does the work for one call in each turn of the event loop, in the order of the calls: however
 * many come at once, what else waits has its turn in between. A call that comes alone is done at once.
 */
export function oneATurn<Args extends readonly unknown[]>(work: (...args: Args) => void): (...args: Args) => void {
  let waiting: Args[] = [];
  let next = 0;
  let isBusy = false;

  function turn(): void {
    if (next === waiting.length) {
      isBusy = false;
      waiting = [];
      next = 0;
      return;
    }
    const args = waiting[next]!;
    next++;
    setImmediate(turn);
    work(...args);
  }

  return (...args) => {
    waiting.push(args);
    if (isBusy) return;
    isBusy = true;
    turn();
  };
}
