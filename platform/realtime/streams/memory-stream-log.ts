import type { Registry } from 'prom-client';
import { guarded } from '../../base/faults/guarded.ts';
import { Pull } from '../../base/iteration/pull.ts';
import { until } from '../../base/iteration/until.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { checkStreamName } from './chunks.ts';
import { nextEpoch } from './epoch.ts';
import { LogBuffer, type LogCursor } from './log-buffer.ts';
import { MemoryStreamWriter } from './memory-stream-writer.ts';
import { StreamFinishedError, StreamHeldError, StreamUnknownError } from './stream-errors.ts';
import { StreamFile } from './stream-file.ts';
import {
  DEFAULT_STREAM_LIMITS,
  type ReadOptions,
  type StreamEvent,
  type StreamLimits,
  type StreamLog,
  type StreamState,
  type StreamWriter,
} from './stream-log.ts';

interface Entry {
  readonly buffer: LogBuffer;
  epoch: number;
  producer: MemoryStreamWriter | undefined;
  expiry: NodeJS.Timeout | undefined;
}

/** How long a file system that refused is left alone, in ms. */
const RETRY_MS = 250;

/**
 * The streams of one process. A producer's lease never lapses here: a process that dies takes its readers with it.
 *
 * With a directory they are written to it before readers see them, so that what a reader saw outlives the process: the
 * next one finds the streams abandoned, with all their chunks.
 */
export class MemoryStreamLog implements StreamLog {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: StreamLimits;
  readonly #metrics: StoreMetrics;
  /** Readers of streams that are not there yet, each with the stream. */
  readonly #awaiting = new Map<() => void, string>();
  /** Finished streams, oldest first. */
  readonly #finished = new Set<string>();
  #finishedBytes = 0;
  readonly #file: StreamFile | undefined;
  readonly #log: Logger | undefined;
  #loaded = false;
  /** Streams that have chunks which readers are not shown yet. */
  readonly #waiting = new Map<string, Entry>();
  #flushing: NodeJS.Immediate | NodeJS.Timeout | undefined;

  /** @param options with `directory`, a folder that belongs to this log alone. It is read at the first use. */
  constructor(options: {
    metrics: Registry;
    lifecycle: AsyncDisposableStack;
    limits?: Partial<StreamLimits>;
    directory?: string;
    log?: Logger;
  }) {
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits };
    this.#metrics = storeMetrics(options.metrics);
    this.#log = options.log;
    if (options.directory !== undefined) this.#file = new StreamFile(options.directory);
    options.lifecycle.defer(() => {
      for (const { expiry } of this.#entries.values()) clearTimeout(expiry);
      this.#file?.close();
    });
  }

  async open(stream: string): Promise<StreamWriter> {
    checkStreamName(stream);
    this.#load();
    const entry = this.#entries.get(stream) ?? {
      buffer: new LogBuffer(this.#file !== undefined),
      epoch: 0,
      producer: undefined,
      expiry: undefined,
    };
    if (entry.buffer.final) throw new StreamFinishedError(stream);
    if (entry.producer) throw new StreamHeldError(stream);
    this.#entries.set(stream, entry);
    clearTimeout(entry.expiry);
    entry.epoch = nextEpoch(entry.epoch);
    entry.buffer.abandon(0);
    const { buffer, epoch } = entry;
    const flush = (now: boolean) => this.#flushSoon(stream, entry, now);
    entry.producer = new MemoryStreamWriter(stream, epoch, buffer, this.#limits, this.#metrics, flush, () => {
      entry.producer = undefined;
      if (buffer.final) this.#keepFinished(stream, entry);
      else {
        buffer.abandon(epoch);
        this.#expire(stream, entry, this.#limits.idleTtlMs);
      }
    });
    for (const [ask, wanted] of this.#awaiting) if (wanted === stream) ask();
    return entry.producer;
  }

  read(stream: string, { after = 0, signal, waitMs = 0 }: ReadOptions = {}): AsyncIterable<StreamEvent> {
    checkStreamName(stream);
    this.#load();
    let cursor: LogCursor | undefined;
    const reader: Pull<StreamEvent> = new Pull<StreamEvent>({
      signal,
      open: async (closing) => {
        const find = () => this.#entries.get(stream);
        const hurry = (ask: () => void) => {
          this.#awaiting.set(ask, stream);
          return () => this.#awaiting.delete(ask);
        };
        const entry = await until(find, { waitMs, everyMs: 10, signal: closing, hurry });
        if (closing.aborted) return;
        if (!entry) throw new StreamUnknownError(stream, 'is not in the log');
        if (after > entry.buffer.last)
          throw new StreamUnknownError(stream, `ends at ${entry.buffer.last}, not ${after}`);
        cursor = entry.buffer.attach(after, () => reader.wake());
        this.#metrics.streamReaders.inc();
      },
      take: () => cursor!.take(),
      close: () => {
        if (!cursor) return;
        cursor.detach();
        this.#metrics.streamReaders.dec();
      },
    });
    return reader;
  }

  async requestStop(stream: string): Promise<'requested' | 'finished' | 'unknown'> {
    this.#load();
    const entry = this.#entries.get(stream);
    if (!entry) return 'unknown';
    if (entry.buffer.final) return 'finished';
    entry.producer?.stop();
    return 'requested';
  }

  async inspect(stream: string): Promise<StreamState | undefined> {
    this.#load();
    const entry = this.#entries.get(stream);
    if (!entry) return undefined;
    const { buffer, epoch } = entry;
    if (buffer.final) return { epoch, last: buffer.last, status: 'finished', final: buffer.final };
    return { epoch, last: buffer.last, status: entry.producer ? 'live' : 'abandoned' };
  }

  async discard(stream: string): Promise<void> {
    this.#load();
    if (this.#entries.get(stream)?.producer === undefined) this.#forget(stream);
  }

  /** Takes over what an earlier process left. */
  #load(): void {
    if (this.#file === undefined || this.#loaded) return;
    this.#loaded = true;
    for (const [stream, { epoch, chunks }] of this.#file.load()) {
      const entry: Entry = { buffer: new LogBuffer(true), epoch, producer: undefined, expiry: undefined };
      for (const chunk of chunks) entry.buffer.append(chunk);
      entry.buffer.show();
      entry.buffer.abandon(epoch);
      this.#entries.set(stream, entry);
      this.#expire(stream, entry, this.#limits.idleTtlMs);
    }
  }

  /** Everything that is appended in this turn of the loop goes out together. */
  #flushSoon(stream: string, entry: Entry, now: boolean): void {
    if (this.#file === undefined) return;
    if (entry.buffer.hidden.length > 0) this.#waiting.set(stream, entry);
    if (now) this.#flush(this.#file);
    else this.#flushing ??= setImmediate(guarded({ where: 'stream' }, () => this.#flush(this.#file!)));
  }

  #flush(file: StreamFile): void {
    this.#flushing = undefined;
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    try {
      file.write(
        waiting.map(([stream, { epoch, buffer }]) => {
          const chunks = buffer.hidden;
          return { stream, epoch, first: buffer.last - chunks.length + 1, chunks };
        }),
      );
    } catch (error) {
      this.#log?.warn(
        { err: error, streams: waiting.length },
        'replies could not be written to their file; trying again',
      );
      this.#flushing = setTimeout(
        guarded({ where: 'stream' }, () => this.#flush(file)),
        RETRY_MS,
      ).unref();
      return;
    }
    this.#waiting.clear();
    for (const [, { buffer }] of waiting) buffer.show();
  }

  #keepFinished(stream: string, entry: Entry): void {
    this.#waiting.delete(stream);
    this.#file?.forget(stream);
    this.#finished.add(stream);
    this.#finishedBytes += entry.buffer.bytes;
    this.#expire(stream, entry, this.#limits.finishedTtlMs);
    for (const oldest of this.#finished) {
      if (this.#finishedBytes <= this.#limits.maxFinishedBytes) break;
      this.#metrics.streamEvicted.inc();
      this.#forget(oldest);
    }
  }

  #expire(stream: string, entry: Entry, ttlMs: number): void {
    entry.expiry = setTimeout(
      guarded({ where: 'stream' }, () => this.#forget(stream)),
      ttlMs,
    ).unref();
  }

  #forget(stream: string): void {
    const entry = this.#entries.get(stream);
    if (!entry) return;
    clearTimeout(entry.expiry);
    this.#entries.delete(stream);
    this.#file?.forget(stream);
    if (this.#finished.delete(stream)) this.#finishedBytes -= entry.buffer.bytes;
    // Readers of a finished stream still take the rest and the end; those of an abandoned one must look elsewhere.
    else entry.buffer.fail(new StreamUnknownError(stream, 'has expired'));
  }
}
