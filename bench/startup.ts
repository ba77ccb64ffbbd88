/**
 * How long the bundle takes to start, with the memory it then holds: the gateway alone against Apollo Server with
 * Apollo Gateway (as its documentation sets it up, and bundled like ours) and the gateways of bench/rivals where they
 * are installed, all on the same supergraph; and the whole, gateway with six subgraphs, on a warm data folder.
 *
 * `ready` is when the process says that it serves, `answered` when the first operation has its answer: our planner is
 * made after the start, so the first operation pays for it. The whole is then asked for what is in the database, whose
 * client is loaded after the start too. Everyone has a warm file cache and a warm compile cache but for the documented
 * set-up. Linux only (it reads /proc). BENCH_ROUNDS makes it longer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { bundle } from '../cli/bundle.ts';
import { SCHEMAS, supergraphOf } from './gateway/graph.ts';
import { rivalsOf } from './gateway/rivals.ts';
import { measure, type Start, type Starter } from './startup/process.ts';
import { median, ratioText } from './statistics.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7);
const STOCK = path.join(import.meta.dirname, 'gateway', 'stock.ts');

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-startup-'));
const supergraph = path.join(folder, 'supergraph.graphql');
// No subgraph is there: the operation that is asked needs no subgraph.
const urls = Object.fromEntries(Object.keys(SCHEMAS).map((name) => [name, 'http://127.0.0.1:1/graphql']));
writeFileSync(supergraph, supergraphOf(urls));

/** Inside of this repository, because it leaves its packages where they are. */
const stockBundle = path.join(import.meta.dirname, '../node_modules/.cache/sextant/bench-stock.mjs');

async function prepare(): Promise<string> {
  const dist = path.join(folder, 'dist');
  await bundle(dist);
  await build({
    entryPoints: [STOCK],
    outfile: stockBundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['main'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return path.join(dist, 'cli', 'sextant.js');
}

/** Takes turns, after one turn that is not counted. */
async function rounds(starters: readonly Starter[]): Promise<Start[][]> {
  const starts = starters.map((): Start[] => []);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [i, starter] of starters.entries()) {
      const start = await measure(starter);
      if (round >= 0) starts[i]!.push(start);
    }
  }
  return starts;
}

const of = (starts: readonly Start[], key: keyof Start): number[] => starts.map((start) => start[key] ?? Number.NaN);
const ms = (values: readonly number[]): string => median(values).toFixed(0);

function print(name: string, starts: readonly Start[]): void {
  const ready = starts[0]!.ready === undefined ? 'never says so' : `${ms(of(starts, 'ready'))} ms`;
  const answered = starts[0]!.answered === undefined ? '' : `, answered ${ms(of(starts, 'answered'))} ms`;
  const stored = starts[0]!.stored === undefined ? '' : `, out of the database ${ms(of(starts, 'stored'))} ms`;
  const least = starts[0]!.ready === undefined ? '' : ` (best ${Math.min(...of(starts, 'ready')).toFixed(0)})`;
  console.log(
    `  ${name}: ready ${ready}${least}${answered}${stored}, ${ms(of(starts, 'cpu'))} ms CPU, ${ms(of(starts, 'memory'))} MB`,
  );
}

try {
  const sextant = await prepare();
  const compiled = path.join(folder, 'compiled');
  const own = { SEXTANT_DIR: path.join(folder, 'data'), PORT: '0', NODE_COMPILE_CACHE: compiled };
  console.log(
    `${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}, Node ${process.version}, ${ROUNDS} rounds`,
  );

  const gateways: Starter[] = [
    { name: 'ours', args: [sextant, 'gateway', '--supergraph', supergraph], env: own, ask: true },
    { name: 'apollo', args: [STOCK, supergraph], ask: true },
    { name: 'apollo-bundled', args: [stockBundle, supergraph], env: { NODE_COMPILE_CACHE: compiled }, ask: true },
  ];
  for (const rival of await rivalsOf({ folder, schemas: SCHEMAS, urls })) {
    gateways.push({ ...rival, env: { ...rival.env, NODE_COMPILE_CACHE: compiled }, ask: true });
  }
  const [ours, ...others] = await rounds(gateways);
  for (const [i, { name }] of gateways.entries()) print(name, [ours!, ...others][i]!);
  for (const [i, starts] of others.entries()) {
    const { name } = gateways[i + 1]!;
    const key = starts[0]!.ready === undefined ? 'answered' : 'ready';
    const { ratio, spread } = ratioText(of(starts, key), of(ours!, key));
    const value = `value=${ms(of(ours!, key))} unit=ms memory=${ms(of(ours!, 'memory'))}MB`;
    console.log(`BENCH startup-gateway ratio=${ratio} spread=${spread} against=${name} until=${key} ${value}`);
  }

  const whole = { args: [sextant, 'up', '--no-banner'], env: own, ask: true, stored: '/.well-known/jwks.json' };
  const [all] = await rounds([{ name: 'all', ...whole }]);
  print('gateway and six subgraphs', all!);
  console.log(`BENCH startup-all value=${ms(of(all!, 'ready'))} unit=ms memory=${ms(of(all!, 'memory'))}MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(stockBundle, { force: true });
}
