import type { Registry } from 'prom-client';
import { guarded } from '../../base/faults/guarded.ts';
import { Pull } from '../../base/iteration/pull.ts';
import { until } from '../../base/iteration/until.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { checkStreamName } from './chunks.ts';
import { nextEpoch } from './epoch.ts';
import { LogBuffer, type LogCursor } from './log-buffer.ts';
import { MemoryStreamWriter } from './memory-stream-writer.ts';
import { StreamFinishedError, StreamHeldError, StreamUnknownError } from './stream-errors.ts';
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

/** The streams of one process. A producer's lease never lapses here: a process that dies takes its readers with it. */
export class MemoryStreamLog implements StreamLog {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: StreamLimits;
  readonly #metrics: StoreMetrics;
  /** Finished streams, oldest first. */
  readonly #finished = new Set<string>();
  #finishedBytes = 0;

  constructor(options: { metrics: Registry; lifecycle: AsyncDisposableStack; limits?: Partial<StreamLimits> }) {
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits };
    this.#metrics = storeMetrics(options.metrics);
    options.lifecycle.defer(() => {
      for (const { expiry } of this.#entries.values()) clearTimeout(expiry);
    });
  }

  async open(stream: string): Promise<StreamWriter> {
    checkStreamName(stream);
    const entry = this.#entries.get(stream) ?? {
      buffer: new LogBuffer(),
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
    entry.producer = new MemoryStreamWriter(stream, epoch, buffer, this.#limits, this.#metrics, () => {
      entry.producer = undefined;
      if (buffer.final) this.#keepFinished(stream, entry);
      else {
        buffer.abandon(epoch);
        this.#expire(stream, entry, this.#limits.idleTtlMs);
      }
    });
    return entry.producer;
  }

  read(stream: string, { after = 0, signal, waitMs = 0 }: ReadOptions = {}): AsyncIterable<StreamEvent> {
    checkStreamName(stream);
    let cursor: LogCursor | undefined;
    const reader: Pull<StreamEvent> = new Pull<StreamEvent>({
      signal,
      open: async (closing) => {
        const find = () => this.#entries.get(stream);
        const entry = await until(find, { waitMs, everyMs: 10, signal: closing });
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
    const entry = this.#entries.get(stream);
    if (!entry) return 'unknown';
    if (entry.buffer.final) return 'finished';
    entry.producer?.stop();
    return 'requested';
  }

  async inspect(stream: string): Promise<StreamState | undefined> {
    const entry = this.#entries.get(stream);
    if (!entry) return undefined;
    const { buffer, epoch } = entry;
    if (buffer.final) return { epoch, last: buffer.last, status: 'finished', final: buffer.final };
    return { epoch, last: buffer.last, status: entry.producer ? 'live' : 'abandoned' };
  }

  #keepFinished(stream: string, entry: Entry): void {
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
    if (this.#finished.delete(stream)) this.#finishedBytes -= entry.buffer.bytes;
    // Readers of a finished stream still take the rest and the end; those of an abandoned one must look elsewhere.
    else entry.buffer.fail(new StreamUnknownError(stream, 'has expired'));
  }
}
