// The public federation gateway audit (graphql-hive/federation-gateway-audit) against `sextant gateway --supergraph
// FILE`.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

const PATIENCE_MS = 60_000;
const ROOT = path.resolve(import.meta.dirname, '../..');

/** One case of the audit: `errors` says whether there must be some; absent, it does not matter. */
interface Case {
  readonly query: string;
  readonly expected: { readonly data?: unknown; readonly errors?: boolean };
}

const checkout = process.env.FEDERATION_AUDIT_DIR;
const only = process.argv[3];
if (!checkout || !existsSync(path.join(checkout, 'src/cli.ts'))) {
  console.error(
    [
      checkout ? `FEDERATION_AUDIT_DIR is ${checkout}, which has no src/cli.ts.` : 'FEDERATION_AUDIT_DIR is not set.',
      'It is the folder of a checkout of graphql-hive/federation-gateway-audit with its dependencies installed:',
      '  git clone https://github.com/graphql-hive/federation-gateway-audit && cd federation-gateway-audit && npm install',
      'Its dependencies wgc, @graphql-hive/gateway and @graphql-hive/router-runtime serve other gateways; they can be left out.',
      'Then: FEDERATION_AUDIT_DIR=… npm run audit -- federation [suite]',
    ].join('\n'),
  );
  process.exit(2);
}

const folder = await mkdtemp(path.join(tmpdir(), 'federation-audit-'));
const running: ChildProcess[] = [];
let passed = 0;
let failed = 0;
try {
  const subgraphs = await startSubgraphs(checkout);
  const suites = ((await (await fetch(`${subgraphs}/ids`)).json()) as string[]).filter((id) => !only || id === only);
  for (const suite of suites) await runSuite(suite, `${subgraphs}/${suite}`);
} finally {
  for (const child of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

async function runSuite(suite: string, base: string): Promise<void> {
  const file = path.join(folder, `${suite}.graphql`);
  await writeFile(file, await (await fetch(`${base}/supergraph`)).text());
  const cases = (await (await fetch(`${base}/tests`)).json()) as Case[];
  const gateway = await startGateway(file);
  for (const [i, { query, expected }] of cases.entries()) {
    const answer = await ask(gateway.url, query);
    const mustFail = expected.errors;
    const wanted = { data: expected.data ?? null, ...(mustFail !== undefined && { errors: mustFail }) };
    const got = {
      data: answer.data ?? null,
      ...(mustFail !== undefined && { errors: Boolean(answer.errors?.length) }),
    };
    const isRight = isDeepStrictEqual(got, wanted);
    if (isRight) passed++;
    else failed++;
    console.log(`${isRight ? 'ok    ' : 'FAILED'} ${suite} ${i}`);
    if (!isRight) console.log(`  ${query}\n  wanted ${JSON.stringify(wanted)}\n  got    ${JSON.stringify(answer)}`);
  }
  gateway.process.kill('SIGTERM');
  await once(gateway.process, 'exit');
}

async function ask(url: string, query: string): Promise<{ data?: unknown; errors?: unknown[] }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(10_000),
  });
  return (await response.json()) as { data?: unknown; errors?: unknown[] };
}

/** All subgraphs of the audit, in one process of its own checkout. Resolves to its address. */
async function startSubgraphs(cwd: string): Promise<string> {
  const port = await freePort();
  // Not by its command line, which runs a process within a process that a signal would leave behind.
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'serve', '--port', String(port)], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.push(child);
  const url = `http://localhost:${port}`;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await wait(200)) {
    if (child.exitCode !== null) break;
    if (
      await fetch(`${url}/ids`).then(
        (r) => r.ok,
        () => false,
      )
    )
      return url;
  }
  throw new Error('The audit’s subgraphs did not start; run `npx tsx src/cli.ts serve` there to see why.');
}

async function startGateway(file: string): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(process.execPath, ['cli/sextant.ts', 'gateway', '--supergraph', file], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', LOG_FORMAT: 'json', LOG_LEVEL: 'info', NODE_ENV: 'test' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const lines = createInterface({ input: child.stdout! });
  const said: string[] = [];
  for await (const line of lines) {
    said.push(line);
    const entry = asLogLine(line);
    if (entry?.msg !== 'ready' || typeof entry.url !== 'string') continue;
    lines.close();
    child.stdout!.resume();
    return { url: entry.url, process: child };
  }
  throw new Error(`The gateway did not start:\n${said.join('\n')}`);
}

function asLogLine(line: string): { msg?: unknown; url?: unknown } | undefined {
  try {
    return JSON.parse(line) as { msg?: unknown; url?: unknown };
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
