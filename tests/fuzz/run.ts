// `npm run fuzz -- <http|ws|operations> [--minutes 3] [--cases 100000] [--seed 1] [--from 0]`: hostile input against
// the product in a process of its own. A fault is printed with the seed and the number of its case, which repeat it:
// `--seed 1 --from 4711 --cases 1`.
import { parseArgs } from 'node:util';
import { type Fuzzer, fuzz, startTarget } from './fuzzer.ts';
import { http } from './http.ts';
import { operations } from './operations.ts';
import { ws } from './ws.ts';

const FUZZERS: Readonly<Record<string, Fuzzer>> = { http, ws, operations };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    from: { type: 'string', default: '0' },
  },
});
const fuzzer = FUZZERS[positionals[0] ?? ''];
if (!fuzzer) {
  console.error(`Name one of the fuzzers: ${Object.keys(FUZZERS).join(', ')}.`);
  process.exit(2);
}
const started = await startTarget();
console.log(`fuzzing ${positionals[0]}, seed ${values.seed}`);
const report = await fuzz(fuzzer, started, {
  seed: Number(values.seed),
  seconds: Number(values.minutes) * 60,
  cases: Number(values.cases),
  from: Number(values.from),
});
console.log(
  `FUZZ ${positionals[0]} seed=${values.seed} cases=${report.cases} faults=${report.faults.length} slowest_health_ms=${report.slowestHealthMs.toFixed(0)}`,
);
await started.graph[Symbol.asyncDispose]();
process.exit(report.faults.length > 0 ? 1 : 0);
