import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MODULE = path.join(import.meta.dirname, 'turn.mjs');
const PATIENCE = { timeout: 20_000, interval: 20 };

let folder: string;
let file: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sextant-turn-'));
  file = path.join(folder, 'turn');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Runs a script that has `turn`, `sleep` and `appendFileSync` in a process of its own. */
function run(script: string): ChildProcess {
  const text = `
    const { Turn } = await import(${JSON.stringify(MODULE)});
    const { appendFileSync } = await import('node:fs');
    const { spawn } = await import('node:child_process');
    const { setTimeout: sleep } = await import('node:timers/promises');
    const turn = new Turn(${JSON.stringify(file)});
    const log = (word) => appendFileSync(${JSON.stringify(path.join(folder, 'log'))}, word + '\\n');
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: 'inherit' });
  children.push(child);
  return child;
}
const words = async () =>
  (await readFile(path.join(folder, 'log'), 'utf8').catch(() => '')).split('\n').filter(Boolean);
const ended = (all: ChildProcess[]) => Promise.all(all.map((child) => once(child, 'exit')));

describe('a turn', () => {
  it('is had by one process at a time, and everyone gets it', async () => {
    const all = Array.from({ length: 6 }, () =>
      run(
        `for (let i = 0; i < 5; i++) { await turn.take(() => {}); log('in'); await sleep(5); log('out'); turn.give(); }`,
      ),
    );
    await ended(all);
    expect((await words()).join(' ')).toBe(Array(30).fill('in out').join(' '));
    expect(await readdir(folder)).toEqual(['log']);
  }, 60_000);

  it('of a process that was killed is passed on, to one of those who wait', async () => {
    const killed = run(`await turn.take(() => {}); log('taken'); await sleep(60_000)`);
    await expect.poll(words, PATIENCE).toContain('taken');
    const all = Array.from({ length: 6 }, () =>
      run(`await turn.take(() => log('waits')); log('in'); await sleep(5); log('out'); turn.give();`),
    );
    await expect.poll(async () => (await words()).filter((word) => word === 'waits').length, PATIENCE).toBe(6);
    killed.kill('SIGKILL');
    await ended(all);
    expect((await words()).filter((word) => /in|out/.test(word) && word !== 'waits').join(' ')).toBe(
      Array(6).fill('in out').join(' '),
    );
  }, 60_000);

  it('is passed on where another process has got the number of its holder', async () => {
    await writeFile(file, `${process.pid}:12@another`);
    await ended([run(`await turn.take(() => log('waits')); log('in'); turn.give();`)]);
    expect(await words()).toEqual(['in']);
    // An earlier version told the number alone.
    await writeFile(file, String(process.pid));
    const waiting = run(`await turn.take(() => log('waits')); log('in again'); turn.give();`);
    await expect.poll(words, PATIENCE).toEqual(['in', 'waits']);
    await rm(file);
    await ended([waiting]);
    expect(await words()).toEqual(['in', 'waits', 'in again']);
  }, 60_000);

  it('is not passed on while what its holder has started still runs', async () => {
    const killed = run(`
      await turn.take(() => {});
      const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore', detached: true });
      turn.also(child.pid);
      log('child ' + child.pid);
      await sleep(60_000)`);
    await expect.poll(async () => (await words())[0], PATIENCE).toMatch(/^child \d+$/);
    const orphan = Number((await words())[0]!.split(' ')[1]);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const waiting = run(`await turn.take(() => log('waits')); log('in'); turn.give();`);
    await expect.poll(words, PATIENCE).toContain('waits');
    expect(await words()).not.toContain('in');
    process.kill(orphan, 'SIGKILL');
    await ended([waiting]);
    expect(await words()).toContain('in');
  }, 60_000);

  it('is given back by a process that ends without saying so', async () => {
    await ended([run(`await turn.take(() => {}); process.exit(3)`)]);
    expect(existsSync(file)).toBe(false);
  });

  it('that says nothing readable is passed on', async () => {
    await writeFile(file, '');
    await ended([run(`await turn.take(() => {}); log('in'); turn.give();`)]);
    expect(await words()).toEqual(['in']);
  }, 30_000);
});
