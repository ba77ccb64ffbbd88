import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { freePort } from './testing/sextant.ts';

const root = path.resolve(import.meta.dirname, '..');
const PATIENCE = { timeout: 60_000, interval: 50 };

let directory: string;
let env: Record<string, string>;
let started: ChildProcess | undefined;
let output: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-bootstrap-'));
  env = {
    PATH: process.env['PATH']!,
    HOME: directory,
    SEXTANT_DIR: path.join(directory, 'data'),
    PORT: String(await freePort()),
    LOG_FORMAT: 'json',
    LLM_DISCOVERY: 'false',
    // What is told to stop while it starts waits for its start for half of this: its database is made in that time.
    SHUTDOWN_TIMEOUT_MS: '60000',
  };
});
afterEach(async () => {
  started?.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** Starts what a person types, in the folder of the sources. */
function start(command: string, ...args: string[]): ChildProcess {
  output = '';
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const heard = (piece: Buffer) => {
    output += piece.toString();
  };
  child.stdout.on('data', heard);
  child.stderr.on('data', heard);
  started = child;
  return child;
}

const count = (text: string): number => output.split(text).length - 1;
const ready = (times = 1) => expect.poll(() => count('"msg":"ready"'), PATIENCE).toBe(times);
const ended = async (child: ChildProcess): Promise<unknown> => (await once(child, 'close'))[0] ?? child.signalCode;
const isServed = () =>
  fetch(`http://127.0.0.1:${env['PORT']}/health`).then(
    () => true,
    () => false,
  );
/** What a process that has ended in order leaves. */
const expectNothingLeft = async () => {
  expect(await isServed()).toBe(false);
  expect(existsSync(path.join(env['SEXTANT_DIR']!, 'lock.pid'))).toBe(false);
};

describe('starting from a clone', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s to what was started, and to it alone, stops the product in order with code 0',
    async (signal) => {
      const child = start('node', 'cli/bootstrap.mjs', 'up', '--no-banner');
      await ready();
      child.kill(signal);
      expect(await ended(child)).toBe(0);
      expect(output).toContain('"msg":"stopped"');
      await expectNothingLeft();
    },
    90_000,
  );

  it('`npm start` passes on that it is told to stop, and ends when the product has stopped', async () => {
    const child = start('npm', 'start', '--', '--no-banner');
    await ready();
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(output).toContain('"msg":"stopped"');
    await expectNothingLeft();
  }, 90_000);

  it('one Ctrl-C that arrives several times, from the terminal and from npm, is one wish', async () => {
    const child = start('node', 'cli/bootstrap.mjs', 'up', '--no-banner');
    await ready();
    const all = [child.pid!, await childOf(child.pid!)];
    for (let times = 0; times < 3; times++) for (const pid of all) process.kill(pid, 'SIGINT');
    expect(await ended(child)).toBe(0);
    expect(output).toContain('"msg":"stopped"');
    await expectNothingLeft();
  }, 90_000);

  it.each([0, 100, 300, 600, 1_000, 1_500, 2_500])(
    'told to stop %i ms after it was started, it ends with code 0 and leaves nothing, however far it was',
    async (ms) => {
      const child = start('node', 'cli/bootstrap.mjs', 'up', '--no-banner');
      await expect.poll(() => catchesHangup(child.pid!), PATIENCE).toBe(true);
      await sleep(ms);
      child.kill('SIGTERM');
      expect(await ended(child)).toBe(0);
      expect(output).not.toMatch(/^\s+at /m);
      await expectNothingLeft();
    },
    90_000,
  );

  it('a command that has an end, cut short, does not say that it was done', async () => {
    const child = start(
      'node',
      'cli/bootstrap.mjs',
      'run',
      'node',
      '-e',
      'console.log("on"); setTimeout(() => {}, 60_000)',
    );
    await expect.poll(() => output, PATIENCE).toContain('on');
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(128 + 15);
  }, 30_000);

  it('`npm run dev` serves, and starts again when a source changes', async () => {
    const child = start('node', 'cli/bootstrap.mjs', 'dev', '--no-banner');
    await ready();
    const user = await TestUser.signUp(`http://127.0.0.1:${env['PORT']}`);
    // Each takes a thread: of the database, of the embedder, of the vector store.
    const memory = 'The sextant is in the chart room.';
    await user.run(`mutation { remember(input: { memories: [{ text: "${memory}" }] }) { memories { id } } }`);
    // A search does not wait for ever for a model that is being loaded: it says that it went by words.
    const found = async (): Promise<string> =>
      JSON.stringify(
        await user.run<object, never>(
          '{ searchMemories(input: { query: "Where is the instrument?" }) { matches { memory { text } } } }',
        ),
      );
    await expect.poll(found, PATIENCE).toContain(memory);
    const now = new Date();
    await utimes(path.join(root, 'platform/base/log/log.ts'), now, now);
    await ready(2);
    await user.signIn();
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    await expectNothingLeft();
  }, 150_000);
});

/** Whether a process has come so far that it listens to signals. Node itself leaves this one to the system. */
async function catchesHangup(pid: number): Promise<boolean> {
  const [, caught] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

/** The process that a process has started. */
async function childOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0]);
}
