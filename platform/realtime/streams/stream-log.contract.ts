import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamFinishedError, StreamHeldError, StreamLimitError, StreamUnknownError } from './stream-errors.ts';
import type { StreamEvent, StreamLimits, StreamLog } from './stream-log.ts';

/** Two processes' view of the same streams; one and the same where there is only one process. */
export interface StreamLogPair {
  readonly here: StreamLog;
  readonly there: StreamLog;
}

export const CONTRACT_LIMITS: Partial<StreamLimits> = {
  maxChunks: 5_000,
  maxBytes: 64 * 1024,
  finishedTtlMs: 1_500,
  idleTtlMs: 20_000,
};

let names = 0;
export const freshStream = (): string => `reply-${process.pid}-${names++}`;

export async function collect(events: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const all: StreamEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** What a reader has in hands: every chunk's number must follow the one before. */
export function assemble(events: StreamEvent[], after = 0): { text: string; last: number; final: unknown } {
  let last = after;
  let text = '';
  let final: unknown;
  for (const event of events) {
    if (event.type === 'chunks') {
      expect(event.first).toBe(last + 1);
      last = event.last;
      text += event.chunks.map((chunk) => (typeof chunk === 'string' ? chunk : JSON.stringify(chunk))).join('');
    } else if (event.type === 'end') {
      expect(event.last).toBe(last);
      final = event.final;
    }
  }
  return { text, last, final };
}

/** What every stream log promises. `open` makes one with CONTRACT_LIMITS. */
export function streamLogContract(open: (lifecycle: AsyncDisposableStack) => Promise<StreamLogPair>): void {
  const lifecycle = new AsyncDisposableStack();
  let here: StreamLog;
  let there: StreamLog;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  describe('reading', () => {
    it('gives a late reader everything so far as one snapshot, then what comes, then the end', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      for (const word of ['The ', 'sun ', 'is ']) writer.append(word);
      await writer.flush();
      const reader = there.read(stream)[Symbol.asyncIterator]();
      expect((await reader.next()).value).toEqual({
        type: 'chunks',
        snapshot: true,
        first: 1,
        last: 3,
        chunks: ['The sun is '],
      });
      writer.append('up.');
      expect((await reader.next()).value).toEqual({
        type: 'chunks',
        snapshot: false,
        first: 4,
        last: 4,
        chunks: ['up.'],
      });
      await writer.finish({ status: 'COMPLETED' });
      expect((await reader.next()).value).toEqual({ type: 'end', last: 4, final: { status: 'COMPLETED' } });
      expect((await reader.next()).done).toBe(true);
    });

    it('resumes after a given chunk with neither gap nor duplicate', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      for (let n = 1; n <= 20; n++) writer.append(`${n},`);
      await writer.finish({ status: 'COMPLETED' });
      for (const after of [0, 1, 19, 20]) {
        const events = await collect(there.read(stream, { after }));
        const expected = Array.from({ length: 20 - after }, (_, index) => `${after + index + 1},`).join('');
        expect(assemble(events, after)).toEqual({ text: expected, last: 20, final: { status: 'COMPLETED' } });
      }
    });

    it('keeps objects apart from the texts around them', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      for (const chunk of ['a', 'b', { tool: 'search' }, 'c', 'd']) writer.append(chunk);
      expect(writer.content()).toEqual(['ab', { tool: 'search' }, 'cd']);
      await writer.flush();
      const reader = there.read(stream)[Symbol.asyncIterator]();
      expect((await reader.next()).value).toMatchObject({
        first: 1,
        last: 5,
        chunks: ['ab', { tool: 'search' }, 'cd'],
      });
      await reader.return?.();
    });

    it('lets a reader slower than the writer have fewer and larger events, and does not slow the writer', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      const reader = there.read(stream)[Symbol.asyncIterator]();
      await reader.next();
      for (let n = 0; n < 2_000; n++) writer.append('x');
      await writer.flush();
      await sleep(100);
      const events: StreamEvent[] = [];
      await writer.finish({});
      for (let step = await reader.next(); !step.done; step = await reader.next()) events.push(step.value);
      expect(assemble(events).text).toHaveLength(2_000);
      expect(events.length).toBeLessThan(20);
    });

    it('sends the reader of an unknown stream to the database, after the wait it asked for', async () => {
      await expect(collect(there.read(freshStream()))).rejects.toThrow(StreamUnknownError);
      const stream = freshStream();
      const reading = collect(there.read(stream, { waitMs: 2_000 }));
      await sleep(50);
      const writer = await here.open(stream);
      writer.append('late');
      await writer.finish({});
      expect(assemble(await reading).text).toBe('late');
    });

    it('does not believe a position that lies ahead of the log', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      writer.append('one');
      await writer.flush();
      await expect(collect(there.read(stream, { after: 7 }))).rejects.toThrow(StreamUnknownError);
      await writer.finish({});
    });

    it('forgets a finished stream after its time', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      await writer.finish({});
      expect(await there.inspect(stream)).toMatchObject({ status: 'finished', last: 0, final: {} });
      await sleep(2_000);
      expect(await there.inspect(stream)).toBeUndefined();
      await expect(collect(there.read(stream))).rejects.toThrow(StreamUnknownError);
    });

    it('forgets what is discarded at once, but nothing that is being written', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      writer.append('said');
      await writer.flush();
      await there.discard(stream);
      expect((await here.inspect(stream))?.status).toBe('live');
      await writer.finish({ status: 'STOPPED' });
      await there.discard(stream);
      expect(await here.inspect(stream)).toBeUndefined();
      await expect(collect(here.read(stream))).rejects.toThrow(StreamUnknownError);
      await there.discard(stream);
    });

    it('lets go of a reader that leaves while nothing happens', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      const aborting = new AbortController();
      const reading = collect(there.read(stream, { signal: aborting.signal }));
      const reader = there.read(stream)[Symbol.asyncIterator]();
      await reader.next();
      const pending = reader.next();
      await reader.return?.();
      expect((await pending).done).toBe(true);
      await sleep(50);
      aborting.abort();
      expect(await reading).toHaveLength(1);
      await writer.finish({});
    });
  });

  describe('producing', () => {
    it('numbers chunks from 1 without gaps', async () => {
      const writer = await here.open(freshStream());
      expect([writer.append('a'), writer.append('b'), writer.append({ c: 1 })]).toEqual([1, 2, 3]);
      await writer.finish({});
    });

    it('has one producer at a time', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      await expect(there.open(stream)).rejects.toThrow(StreamHeldError);
      await writer.finish({});
      await expect(there.open(stream)).rejects.toThrow(StreamFinishedError);
      expect(() => writer.append('late')).toThrow(StreamFinishedError);
    });

    it('tells readers of a stream that was given up, and goes on with the next producer', async () => {
      const stream = freshStream();
      const first = await here.open(stream);
      first.append('half ');
      const reader = there.read(stream)[Symbol.asyncIterator]();
      await first.flush();
      await first.release();
      const events: StreamEvent[] = [];
      while (events.at(-1)?.type !== 'abandoned') events.push((await reader.next()).value!);
      expect(events.at(-1)).toEqual({ type: 'abandoned', last: 1, epoch: first.epoch });
      expect(await there.inspect(stream)).toMatchObject({ status: 'abandoned', last: 1 });
      const second = await there.open(stream);
      await second.finish({ status: 'INTERRUPTED' });
      for (let step = await reader.next(); !step.done; step = await reader.next()) events.push(step.value);
      expect(assemble(events)).toEqual({ text: 'half ', last: 1, final: { status: 'INTERRUPTED' } });
    });

    it('tells the producer to stop from another replica without its asking, and leaves the end to it', async () => {
      for (let round = 0; round < 5; round++) {
        const stream = freshStream();
        const writer = await here.open(stream);
        const { stopRequested } = writer;
        expect(await there.requestStop(stream)).toBe('requested');
        // Questions that follow it by another connection are the clock: a busy machine slows both down. A producer that
        // asks every second or so hears of it after thousands.
        for (let asked = 0; asked < 20 && !stopRequested.aborted; asked++) await there.inspect(stream);
        expect(stopRequested.aborted).toBe(true);
        writer.append('one last word');
        await writer.finish({ status: 'STOPPED' });
        expect(await there.requestStop(stream)).toBe('finished');
      }
      expect(await there.requestStop(freshStream())).toBe('unknown');
    });

    it('refuses more than a stream may hold, and can still end it', async () => {
      const stream = freshStream();
      const writer = await here.open(stream);
      writer.append('x'.repeat(60_000));
      expect(() => writer.append('x'.repeat(10_000))).toThrow(StreamLimitError);
      await writer.finish({ status: 'TRUNCATED' });
      expect(assemble(await collect(there.read(stream))).last).toBe(1);
    });

    it('refuses names that are none', async () => {
      for (const name of ['', 'a b', 'x'.repeat(201), 'a}b']) await expect(here.open(name)).rejects.toThrow(TypeError);
    });
  });
}
