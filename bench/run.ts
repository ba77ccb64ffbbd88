// `npm run bench -- <name>`: each benchmark says at its top what it measures, against whom, and how it reads.
import { readdirSync } from 'node:fs';

const NO_BENCHMARK = new Set(['run', 'statistics']);
const names = readdirSync(import.meta.dirname)
  .flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -'.ts'.length)] : []))
  .filter((name) => !NO_BENCHMARK.has(name));
const [name = ''] = process.argv.slice(2);
if (names.includes(name)) {
  await import(`./${name}.ts`);
  // What it started is ended by now; a connection that is kept open must not hold it.
  process.exit();
} else {
  console.error(`Name one of the benchmarks: ${names.join(', ')}.`);
  process.exitCode = 2;
}
