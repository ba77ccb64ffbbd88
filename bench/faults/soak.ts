import { median } from '../statistics.ts';
import { useEverything } from '../weight/mixed-load.ts';
import { Person } from '../weight/person.ts';
import { pssOf } from '../weight/process-memory.ts';
import type { World } from './world.ts';

/** People who use everything, beside the load of all faults. */
const PEOPLE = 2;
const SAMPLE_MS = 15_000;
const LAST_LINES = 10;
/** The first part is left out: caches fill, and V8 compiles what is hot. */
const WARM = 0.25;
/** A process may hold so much more at the end than after that, of it and in MB: the young generation comes and goes. */
const MAX_GROWTH = 1.15;
const MAX_GROWTH_MB = 20;

/**
 * Uses everything for so many minutes, while nothing is wrong.
 *
 * @throws what went wrong, or which process grew: the median of the last quarter against that of the second.
 */
export async function soak({ graph }: World, minutes: number): Promise<void> {
  const until = performance.now() + minutes * 60_000;
  const people = await Promise.all(Array.from({ length: PEOPLE }, () => Person.signUp(graph.url)));
  const sizes = new Map<string, number[]>();
  /** What those said last that are gone. */
  const ended = new Map<string, string>();
  const look = (): void => {
    for (const [name, process] of graph.processes) {
      try {
        sizes.set(name, [...(sizes.get(name) ?? []), pssOf(process.pid)]);
      } catch {
        ended.set(name, process.output.slice(-LAST_LINES).join('\n'));
      }
    }
  };
  const timer = setInterval(look, SAMPLE_MS);
  let errors: unknown[];
  try {
    errors = (await Promise.all(people.map((person) => useEverything(person, until)))).flat();
  } finally {
    clearInterval(timer);
  }
  for (const [name, output] of ended) throw new Error(`${name} ended, after:\n${output}`);
  const grown: string[] = [];
  for (const [name, samples] of sizes) {
    const quarter = Math.floor(samples.length * WARM);
    const [before, after] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)].map(median) as [
      number,
      number,
    ];
    console.log(`  ${name}: ${before.toFixed(0)} -> ${after.toFixed(0)} MB`);
    if (after > before * MAX_GROWTH && after > before + MAX_GROWTH_MB) grown.push(name);
  }
  if (grown.length > 0) throw new Error(`${grown.join(', ')} grew`);
  if (errors.length > 0) throw new Error(`${errors.length} uses failed, the first: ${String(errors[0])}`);
}
