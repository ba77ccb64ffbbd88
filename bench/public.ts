/**
 * The public benchmark of federated gateways, graphql-hive/graphql-gateways-benchmark, with its own graph, subgraphs
 * and operation (88 KB of answer out of four subgraphs) and its fifty users at once: our bundle with one worker and
 * with two, as a stranger starts it, beside Apollo Server with Apollo Gateway and the gateways of bench/rivals where
 * they are installed.
 *
 * `equal` is the load of that benchmark: all users send the same request, and a gateway that shares what is under way
 * does it once for many. `unique` is that of grafbase/graphql-federation-benchmarks: each that is under way has another
 * `authorization`, so that nothing can be shared.
 *
 * PUBLIC_BENCHMARK_DIR is the folder of a checkout. Its subgraphs serve on port 4200: where none do, the binary that
 * `cargo build --release` makes there is started. BENCH_OTHERS adds gateways that you have: a JSON list of
 * `{"name", "url", "command", "args"}`. CPU a request, of all processes of a gateway; Linux only (it reads /proc).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { bundle } from '../cli/bundle.ts';
import { compare } from './gateway/compare.ts';
import { OTHER_CORES, pin } from './gateway/pin.ts';
import { freePort, type Rival, rivalsOf, startRival } from './gateway/rivals.ts';
import { startTarget, type Target } from './gateway/targets.ts';

const checkout = process.env['PUBLIC_BENCHMARK_DIR'];
if (!checkout || !existsSync(path.join(checkout, 'k6.js'))) {
  console.error(
    [
      checkout ? `PUBLIC_BENCHMARK_DIR is ${checkout}, which has no k6.js.` : 'PUBLIC_BENCHMARK_DIR is not set.',
      'It is the folder of a checkout with its subgraphs built:',
      '  git clone https://github.com/graphql-hive/graphql-gateways-benchmark && cd graphql-gateways-benchmark',
      '  cargo build --release -p subgraphs',
      'Then: PUBLIC_BENCHMARK_DIR=… npm run bench -- public',
    ].join('\n'),
  );
  process.exit(2);
}

const SUBGRAPHS = 'http://127.0.0.1:4200';
const USERS = 50;
const PATIENCE_MS = 20_000;

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-public-'));
const targets: Target[] = [];
let subgraphs: ChildProcess | undefined;
try {
  subgraphs = await startSubgraphs(checkout);
  const [source] = globSync('{.,gateways/*}/supergraph.graphql', { cwd: checkout }).sort();
  if (source === undefined) throw new Error(`There is no supergraph.graphql in ${checkout} or its gateways.`);
  const file = path.join(folder, 'supergraph.graphql');
  copyFileSync(path.join(checkout, source), file);
  await bundle(path.join(folder, 'dist'));
  targets.push(await startRival(await ours(file, 1)), await startRival(await ours(file, 2)));
  targets.push(await startTarget('apollo', 'stock', file));
  const others = JSON.parse(process.env['BENCH_OTHERS'] ?? '[]') as Omit<Rival, 'env'>[];
  for (const rival of [...(await rivalsOf({ folder })), ...others.map((one) => ({ env: {}, ...one }))]) {
    targets.push(await startRival(rival));
  }
  const query = operationOf(readFileSync(path.join(checkout, 'k6.js'), 'utf8'));
  await compare('public', targets, {
    headers: async () => ({}),
    operations: { unique: () => ({ query }), equal: () => ({ query }) },
    own: { unique: (id) => ({ authorization: `Bearer ${id}` }) },
    connections: USERS,
  });
} finally {
  for (const target of targets) target.stop();
  subgraphs?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Our bundle, with no limit on how much one address may ask. */
async function ours(supergraph: string, workers: number): Promise<Omit<Rival, 'socketUrl'>> {
  const port = await freePort();
  return {
    name: workers === 1 ? 'ours' : `ours-${workers}-workers`,
    command: process.execPath,
    args: [path.join(folder, 'dist/cli/sextant.js'), 'gateway', '--supergraph', supergraph],
    env: {
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      PORT: String(port),
      WORKERS: String(workers),
      SEXTANT_DIR: path.join(folder, `data-${workers}`),
      RATE_LIMIT_ADDRESS: '100000000',
      RATE_LIMIT_IDENTITY: '100000000',
    },
    url: `http://127.0.0.1:${port}/graphql`,
  };
}

/** The one operation that the load sends, fragments included. @throws where it is not to be found. */
function operationOf(script: string): string {
  const query = /\bquery: `([^`]+)`/.exec(script)?.[1];
  if (query === undefined) throw new Error('k6.js of the checkout has no operation where it used to be.');
  return query;
}

/** Starts the subgraphs of a checkout, unless they serve already. */
async function startSubgraphs(home: string): Promise<ChildProcess | undefined> {
  const serves = (): Promise<boolean> =>
    fetch(`${SUBGRAPHS}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (await serves()) return undefined;
  const binary = path.join(home, 'target/release/subgraphs');
  if (!existsSync(binary)) throw new Error(`Nothing serves at ${SUBGRAPHS}, and there is no ${binary}.`);
  const child = spawn(binary, { stdio: 'ignore' });
  pin(child.pid!, OTHER_CORES);
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end && child.exitCode === null; await wait(100)) {
    if (await serves()) return child;
  }
  child.kill('SIGKILL');
  throw new Error('The subgraphs did not start.');
}
