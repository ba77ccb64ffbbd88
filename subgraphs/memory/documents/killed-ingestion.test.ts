import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryWorld, user } from '../testing/memory-world.ts';

const COUNT = 200;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-killed-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs the process until a line satisfies `enough`, then kills it in the middle of whatever it is doing. */
async function runAndKill(userId: string, acknowledged: Set<string>, enough: (line: string) => boolean): Promise<void> {
  const script = path.join(import.meta.dirname, '../testing/ingesting-process.ts');
  const child = spawn(process.execPath, [script, directory, userId, String(COUNT)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  let killed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, id] = /^acknowledged (.+)$/.exec(line) ?? [];
    if (id) acknowledged.add(id);
    if (!killed && enough(line)) {
      killed = true;
      child.kill('SIGKILL');
    }
  }
  await exited;
  if (!killed) throw new Error(`the process ended before it was killed: ${errors}`);
}

const readyFrom = (least: number) => (line: string) => Number(/^ready (\d+)$/.exec(line)?.[1] ?? -1) >= least;

it('kill -9 during the ingestion of 200 documents: afterwards all are there, once', {
  timeout: 300_000,
}, async () => {
  const userId = randomUUID();
  const acknowledged = new Set<string>();
  // While documents come in, while they are worked on, and again after a restart.
  await runAndKill(userId, acknowledged, () => acknowledged.size >= COUNT / 2);
  await runAndKill(userId, acknowledged, readyFrom(20));
  await runAndKill(userId, acknowledged, readyFrom(COUNT / 2));
  const world = await MemoryWorld.open({}, directory);
  try {
    await world.idle();
    const documents = await world.db.document.findMany({ include: { passages: true } });
    expect(documents).toHaveLength(COUNT);
    const ids = new Set(documents.map((document) => document.id));
    for (const id of acknowledged) expect(ids).toContain(id);
    expect(new Set(documents.map((document) => document.status))).toEqual(new Set(['READY']));
    for (const { passages, done, total } of documents) {
      expect(passages).toHaveLength(total);
      expect(done).toBe(total);
    }
    const passages = documents.flatMap((document) => document.passages);
    expect((await world.indexed())['knowledge']).toBe(passages.length);
    const answer = await world.ask(
      user(userId),
      '{ searchKnowledge(input: { query: "harbour of town number 137", limit: 3 }) { matches { passage { citation { title } } } } }',
    );
    expect(answer.data.searchKnowledge.matches[0].passage.citation.title).toBe('Document 137');
    // Whatever a killed upload or ingestion wrote beside the rows would show here.
    expect(await world.db.job.count({ where: { state: { not: 'DONE' } } })).toBe(0);
  } finally {
    await world[Symbol.asyncDispose]();
  }
});
