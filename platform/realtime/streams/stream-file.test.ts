import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { MemoryStreamLog } from './memory-stream-log.ts';
import { StreamFile } from './stream-file.ts';
import { assemble } from './stream-log.contract.ts';
import type { Chunk, StreamEvent } from './stream-log.ts';

let directory: string;
const closing = new AsyncDisposableStack();
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'streams-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (lifecycle: AsyncDisposableStack = closing) =>
  new MemoryStreamLog({ metrics: new Registry(), lifecycle, directory });
const snapshot = async (log: MemoryStreamLog, stream: string): Promise<StreamEvent> => {
  for await (const event of log.read(stream)) return event;
  throw new Error('nothing');
};
const sizes = async (): Promise<number[]> =>
  Promise.all((await readdir(directory)).map(async (name) => (await stat(path.join(directory, name))).size));

describe('streams that are written to files', () => {
  it('kill -9: the next process finds all that any reader saw, and goes on from there', async () => {
    const script = path.resolve(import.meta.dirname, 'testing/stream-process.ts');
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const seen = new Map<string, string>();
    for await (const line of createInterface(child.stdout)) {
      const { stream, text } = JSON.parse(line) as { stream: string; text: string };
      seen.set(stream, (seen.get(stream) ?? '') + text);
      if (seen.size === 20 && [...seen.values()].every(({ length }) => length > 500)) child.kill('SIGKILL');
    }
    await exited;
    const log = open();
    for (const [stream, text] of seen) {
      expect(await log.inspect(stream)).toMatchObject({ status: 'abandoned' });
      const writer = await log.open(stream);
      const left = writer.content().join('');
      expect(left.startsWith(text)).toBe(true);
      writer.append('!');
      await writer.finish({ status: 'INTERRUPTED' });
      const events: StreamEvent[] = [];
      for await (const event of log.read(stream)) events.push(event);
      expect(assemble(events)).toMatchObject({ text: `${left}!`, final: { status: 'INTERRUPTED' } });
    }
  }, 30_000);

  it('what is shown is in the file, whatever is appended, however often the process dies', async () => {
    const chunk = fc.oneof(fc.string({ unit: 'binary' }), fc.record({ kind: fc.constant('PART'), body: fc.string() }));
    const step = fc.record({ stream: fc.constantFrom('a', 'b', 'c'), chunk, dies: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await rm(directory, { recursive: true, force: true });
        const given = new Map<string, Chunk[]>();
        let log = open();
        for (const { stream, chunk: one, dies } of steps) {
          const writer = await log.open(stream);
          writer.append(one);
          given.set(stream, [...(given.get(stream) ?? []), one]);
          await writer.release();
          // Nothing is closed: the next log sees what a killed process leaves.
          if (dies) log = open();
        }
        log = open();
        for (const [stream, chunks] of given) {
          const text = chunks.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('');
          expect(assemble([await snapshot(log, stream)])).toMatchObject({ text, last: chunks.length });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a line that was cut short, by a killed process or a full disk, takes nothing else with it', async () => {
    const file = new StreamFile(directory);
    file.load();
    file.write([{ stream: 'a', epoch: 1, first: 1, chunks: ['one'] }]);
    await appendFile(path.join(directory, '1.jsonl'), '{"stream":"a","epoch":1,"first":2,"chu\n');
    file.write([{ stream: 'a', epoch: 1, first: 2, chunks: ['two'] }]);
    // Written again, because the writer did not know that it had arrived.
    file.write([{ stream: 'a', epoch: 1, first: 2, chunks: ['two', 'three'] }]);
    await appendFile(path.join(directory, '1.jsonl'), '{"stream":"b"');
    expect(new StreamFile(directory).load()).toEqual(new Map([['a', { epoch: 1, chunks: ['one', 'two', 'three'] }]]));
  });

  it('chunks after a gap are left out: readers were shown none of them', async () => {
    const line = (first: number) => `${JSON.stringify({ stream: 'a', epoch: 1, first, chunks: [`${first}`] })}\n`;
    await writeFile(path.join(directory, '7.jsonl'), line(1) + line(3) + line(2));
    expect(new StreamFile(directory).load().get('a')?.chunks).toEqual(['1', '2']);
  });

  it('readers see a chunk only when it is written', async () => {
    const log = open();
    const writer = await log.open('a');
    await writer.flush();
    writer.append('soon');
    expect(await snapshot(log, 'a')).toMatchObject({ snapshot: true, chunks: [] });
    await writer.flush();
    expect(await snapshot(log, 'a')).toMatchObject({ snapshot: true, chunks: ['soon'] });
  });

  it('the file is empty when no stream goes on, and gone when the next process starts', async () => {
    const log = open();
    const [one, two] = [await log.open('one'), await log.open('two')];
    one.append('x'.repeat(1_000));
    two.append('y'.repeat(1_000));
    await one.flush();
    expect((await sizes())[0]).toBeGreaterThan(2_000);
    await one.finish({});
    expect((await sizes())[0]).toBeGreaterThan(2_000);
    await two.finish({});
    expect(await sizes()).toEqual([0]);
    await open().inspect('one');
    expect(await sizes()).toEqual([]);
  });

  it('a stream that never ends does not keep the files of all that ended since', async () => {
    const log = open();
    const long = await log.open('long');
    long.append('first');
    await long.flush();
    for (let n = 0; n < 8; n++) {
      const writer = await log.open(`reply-${n}`);
      writer.append('z'.repeat(3_000_000));
      await writer.finish({});
      await writer.flush().catch(() => {});
      const next = await log.open(`more-${n}`);
      next.append('z'.repeat(3_000_000));
      await next.flush();
      await next.finish({});
    }
    expect((await sizes()).reduce((sum, size) => sum + size, 0)).toBeLessThan(14_000_000);
    expect((await open().inspect('long'))?.last).toBe(1);
  });
});
