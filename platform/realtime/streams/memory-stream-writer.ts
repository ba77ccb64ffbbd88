import type { JsonObject } from '../../base/json/json.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import { checkFinal, joinChunks } from './chunks.ts';
import type { LogBuffer } from './log-buffer.ts';
import { StreamFinishedError } from './stream-errors.ts';
import type { Chunk, StreamLimits, StreamWriter } from './stream-log.ts';

/**
 * The producer of a stream in memory: what it appends goes out with what others append in the same turn of the loop.
 */
export class MemoryStreamWriter implements StreamWriter {
  readonly stream: string;
  readonly epoch: number;
  readonly #buffer: LogBuffer;
  readonly #limits: StreamLimits;
  readonly #metrics: StoreMetrics;
  readonly #flush: (now: boolean) => void;
  readonly #onClose: () => void;
  readonly #stop = new AbortController();
  #closed = false;

  constructor(
    stream: string,
    epoch: number,
    buffer: LogBuffer,
    limits: StreamLimits,
    metrics: StoreMetrics,
    flush: (now: boolean) => void,
    onClose: () => void,
  ) {
    this.stream = stream;
    this.epoch = epoch;
    this.#buffer = buffer;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#flush = flush;
    this.#onClose = onClose;
    metrics.streamProducers.inc();
  }

  get last(): number {
    return this.#buffer.last;
  }
  get stopRequested(): AbortSignal {
    return this.#stop.signal;
  }

  append(chunk: Chunk): number {
    if (this.#closed) throw new StreamFinishedError(this.stream);
    this.#buffer.checkLimits(this.stream, chunk, this.#limits);
    this.#metrics.streamChunks.inc();
    const seq = this.#buffer.append(chunk);
    this.#flush(false);
    return seq;
  }

  content(): Chunk[] {
    return joinChunks(this.#buffer.chunks);
  }

  async flush(): Promise<void> {
    this.#flush(true);
  }

  async finish(final: JsonObject): Promise<void> {
    checkFinal(final);
    if (this.#closed) return;
    this.#buffer.end(final);
    this.#close();
    this.#onClose();
  }

  async release(): Promise<void> {
    if (this.#closed) return;
    this.#flush(true);
    this.#close();
    this.#onClose();
  }

  stop(): void {
    this.#stop.abort();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#metrics.streamProducers.dec();
  }
}
