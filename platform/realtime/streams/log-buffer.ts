import { DONE, WAIT } from '../../base/iteration/pull.ts';
import type { JsonObject } from '../../base/json/json.ts';
import { chunkBytes, joinChunks } from './chunks.ts';
import { StreamLimitError } from './stream-errors.ts';
import type { Chunk, StreamEvent, StreamLimits } from './stream-log.ts';

/**
 * The chunks of one stream in this process, and those who read them. The memory face keeps its streams in it, the Redis
 * face mirrors into it what it reads, and the Redis producer keeps its own copy in one.
 */
export class LogBuffer {
  readonly chunks: Chunk[] = [];
  bytes = 0;
  #final: JsonObject | undefined;
  /** Epoch whose producer is gone without an end; 0 while there is a living one. */
  #abandonedEpoch = 0;
  #failure: Error | undefined;
  readonly #readers = new Set<() => void>();
  readonly #held: boolean;
  /** How many chunks readers are shown. */
  #shown = 0;

  /** @param held whether readers are shown what was appended only after `show`. */
  constructor(held = false) {
    this.#held = held;
  }

  get last(): number {
    return this.chunks.length;
  }
  get readers(): number {
    return this.#readers.size;
  }
  get final(): JsonObject | undefined {
    return this.#final;
  }
  get over(): boolean {
    return this.#final !== undefined || this.#failure !== undefined;
  }

  append(chunk: Chunk): number {
    this.chunks.push(chunk);
    this.bytes += chunkBytes(chunk);
    if (!this.#held) this.show();
    return this.chunks.length;
  }

  /** Chunks that readers are not shown yet. */
  get hidden(): readonly Chunk[] {
    return this.chunks.slice(this.#shown);
  }

  /** Shows readers all that was appended. */
  show(): void {
    this.#shown = this.chunks.length;
    this.#wake();
  }

  /** @throws {StreamLimitError} when `chunk` would exceed a limit. */
  checkLimits(stream: string, chunk: Chunk, limits: StreamLimits): void {
    if (this.chunks.length >= limits.maxChunks) throw new StreamLimitError(stream, `${limits.maxChunks} chunks`);
    if (this.bytes + chunkBytes(chunk) > limits.maxBytes)
      throw new StreamLimitError(stream, `${limits.maxBytes} bytes`);
  }

  end(final: JsonObject): void {
    this.#final = final;
    this.show();
  }

  /** @param epoch of the producer that is gone, or 0 when there is a new one. */
  abandon(epoch: number): void {
    if (this.#abandonedEpoch === epoch) return;
    this.#abandonedEpoch = epoch;
    this.#wake();
  }

  /** The stream is gone: readers get `error`. */
  fail(error: Error): void {
    this.#failure = error;
    this.#wake();
  }

  /**
   * A reader's place in the buffer. It is a position and nothing else, so a slow reader costs what a quick one costs.
   *
   * @param wake called when there may be something to take.
   */
  attach(after: number, wake: () => void): LogCursor {
    let position = after;
    let snapshot = true;
    let abandonedSeen = 0;
    let ended = false;
    this.#readers.add(wake);
    return {
      take: () => {
        if (ended) return DONE;
        if (this.#failure) throw this.#failure;
        const last = this.#shown;
        if (snapshot || last > position) {
          const chunks = joinChunks(this.chunks, position, last);
          const event: StreamEvent = { type: 'chunks', snapshot, first: position + 1, last, chunks };
          snapshot = false;
          position = last;
          return event;
        }
        if (this.#final) {
          ended = true;
          return { type: 'end', last, final: this.#final };
        }
        if (this.#abandonedEpoch > abandonedSeen) {
          abandonedSeen = this.#abandonedEpoch;
          return { type: 'abandoned', last, epoch: abandonedSeen };
        }
        return WAIT;
      },
      detach: () => this.#readers.delete(wake),
    };
  }

  #wake(): void {
    for (const wake of this.#readers) wake();
  }
}

export interface LogCursor {
  take(): StreamEvent | typeof WAIT | typeof DONE;
  detach(): void;
}
