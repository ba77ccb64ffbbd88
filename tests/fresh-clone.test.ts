import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { freePort } from './testing/sextant.ts';

const root = path.resolve(import.meta.dirname, '..');
/** Packages come from the registry of npm, or from what an install before has kept of it. */
const PATIENCE = { timeout: 280_000, interval: 100 };
const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();

let directory: string;
let clone: string;
const started: Started[] = [];

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  output: string;
}

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-clone-'));
  clone = path.join(directory, 'clone');
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 }).split('\0');
  for (const file of files.filter((name) => name !== '' && existsSync(path.join(root, name)))) {
    await mkdir(path.dirname(path.join(clone, file)), { recursive: true });
    await cp(path.join(root, file), path.join(clone, file));
  }
}, 60_000);
afterEach(async () => {
  for (const { child } of started.splice(0)) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

/** What a person types in the clone, on a machine where nothing is set. */
async function type(command: string, ...args: string[]): Promise<Started> {
  const port = await freePort();
  const child = spawn(command, args, {
    cwd: clone,
    env: {
      // The tests have the repository's own programs in front of those of the machine.
      PATH: process.env['PATH']!.split(path.delimiter)
        .filter((folder) => !folder.startsWith(root))
        .join(path.delimiter),
      HOME: directory,
      ...(process.env['NODE_EXTRA_CA_CERTS'] && { NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] }),
      npm_config_cache: cache,
      npm_config_prefer_offline: 'true',
      SEXTANT_DIR: path.join(directory, `data-${port}`),
      PORT: String(port),
      LOG_FORMAT: 'json',
      LLM_DISCOVERY: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const one: Started = { child, url: `http://127.0.0.1:${port}`, output: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => {
      one.output += piece.toString();
    });
  }
  started.push(one);
  return one;
}

/** Waits for a process that serves; one that ends instead fails the test with what it said. */
const ready = (one: Started) =>
  Promise.race([
    expect.poll(() => one.output, PATIENCE).toContain('"msg":"ready"'),
    once(one.child, 'close').then(([code]) => Promise.reject(new Error(`it ended with ${code}: ${one.output}`))),
  ]);
const has = (name: string): boolean => existsSync(path.join(clone, 'node_modules', name));
const INSTALLS = 'Installing what running needs';

describe('a fresh clone', () => {
  it('started twice at once installs once, only what running needs, and both serve; tools come when they are needed, beside what runs', async () => {
    const both = [await type('npm', 'start', '--', '--no-banner'), await type('npm', 'start', '--', '--no-banner')];
    await Promise.all(both.map(ready));
    expect(both.filter(({ output }) => output.includes(INSTALLS))).toHaveLength(1);
    for (const tool of [
      '@biomejs',
      'vitest',
      'graphiql',
      'monaco-editor',
      '@graphql-codegen',
      'prisma-cli',
      'esbuild',
    ]) {
      expect([tool, has(tool)]).toEqual([tool, false]);
    }
    const [{ url }] = both as [Started, Started];
    const user = await TestUser.signUp(url);
    const tools = await type('npm', 'run', 'prisma', '--', 'validate');
    const [code] = await once(tools.child, 'close');
    expect([code, tools.output]).toEqual([0, expect.stringContaining('is valid')]);
    expect(has('vitest') && has('typescript')).toBe(true);
    // What the product has not loaded before is still there: the embedder, the reader of documents.
    await user.run(
      'mutation { remember(input: { memories: [{ text: "The sextant is in the chart room." }] }) { memories { id } } }',
    );
    expect(
      JSON.stringify(
        await user.run(
          '{ searchMemories(input: { query: "Where is the instrument?" }) { matches { memory { text } } } }',
        ),
      ),
    ).toContain('chart room');
    // A start keeps the tools that are there.
    both[1]!.child.kill('SIGTERM');
    await once(both[1]!.child, 'close');
    const again = await type('npm', 'start', '--', '--no-banner');
    await ready(again);
    expect(again.output).not.toContain('Installing');
    expect(has('vitest')).toBe(true);
    expect(JSON.parse(await readFile(path.join(clone, 'package-lock.json'), 'utf8'))).toEqual(
      JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')),
    );
  }, 600_000);

  it('whose first start was told to stop, and whose second was killed, in the midst of installing, starts at the third try', async () => {
    const stopped = await type('npm', 'start', '--', '--no-banner');
    await expect.poll(() => has('graphql'), PATIENCE).toBe(true);
    stopped.child.kill('SIGTERM');
    expect((await once(stopped.child, 'close'))[0]).toBe(0);
    expect(existsSync(path.join(clone, '.installing'))).toBe(false);
    const killed = await type('node', 'cli/bootstrap.mjs', 'up', '--no-banner');
    // The package of the first try is replaced.
    await expect.poll(() => has('graphql'), PATIENCE).toBe(false);
    await expect.poll(() => has('graphql'), PATIENCE).toBe(true);
    killed.child.kill('SIGKILL');
    const next = await type('node', 'cli/bootstrap.mjs', 'up', '--no-banner');
    await ready(next);
    expect(next.output).toContain(INSTALLS);
    expect((await fetch(`${next.url}/health`)).status).toBe(200);
  }, 600_000);
});
