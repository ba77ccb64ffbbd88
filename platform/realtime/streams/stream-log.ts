import type { JsonObject } from '../../base/json/json.ts';

/**
 * A stream log: the numbered chunks of one stream (a reply), appended by one producer and followed by any number of
 * readers in any process. It is short-lived by design: the database has the last word, the log carries the words while
 * they are being spoken and lets a reader that lost its connection continue without gap or duplicate.
 *
 * Two faces: the memory of one process, with a file beside it that outlives it, and Redis Streams.
 * stream-log.contract.ts is their common definition.
 */
export interface StreamLog {
  /**
   * Becomes the producer of a stream, which is created if need be. Its holder is alone: an older producer that
   * still believes in its right gets StreamFencedError.
   *
   * @param stream name, 1 to 200 characters of `A-Z a-z 0-9 _ . : -`; for replies the message id.
   * @throws {StreamHeldError} another producer holds the stream and its lease has not lapsed.
   * @throws {StreamFinishedError} the stream has ended.
   */
  open(stream: string, options?: OpenOptions): Promise<StreamWriter>;

  /**
   * Follows a stream: first one `chunks` event with `snapshot: true` (everything after `after`, empty when there is
   * nothing), then live `chunks`, then one `end`, after which the iteration is over.
   *
   * A reader takes what has gathered since its last step, adjacent texts joined, so a slow one gets fewer and larger
   * events, holds no queue of its own and never slows the producer.
   *
   * `abandoned` says that the producer's lease has lapsed without an end (its process died). It comes once an epoch;
   * the iteration goes on, and ends when another process takes the stream over and finishes it: `open` + `finish`.
   *
   * When `signal` aborts, the iteration ends without an error.
   *
   * @throws {StreamUnknownError} never opened, expired, or `after` is ahead of what the log holds: read the database.
   * @throws {CodedError} SERVICE_UNAVAILABLE when Redis cannot be reached at the start; a reader that is under way
   *   waits for it to return and loses nothing.
   */
  read(stream: string, options?: ReadOptions): AsyncIterable<StreamEvent>;

  /**
   * Asks the producer, wherever it runs, to stop: its `stopRequested` aborts within about 50 ms. The producer still
   * finishes the stream itself, with the status of its choice.
   *
   * @returns `requested`; `finished` when it has ended already; `unknown` when there is no such stream.
   */
  requestStop(stream: string): Promise<'requested' | 'finished' | 'unknown'>;

  /** What is known of a stream now, or undefined: never opened or expired. */
  inspect(stream: string): Promise<StreamState | undefined>;

  /**
   * Forgets a stream that no producer writes any more, with all its chunks: what was said in it is to be gone at once.
   * A stream that is being written, or unknown, stays as it is.
   *
   * @throws {CodedError} SERVICE_UNAVAILABLE when Redis cannot be reached: the stream expires by itself.
   */
  discard(stream: string): Promise<void>;
}

/** The content of one append: a piece of text, or anything else as an object (a tool call, a citation). */
export type Chunk = string | JsonObject;

export interface OpenOptions {
  /** How long the stream stays this producer's without a sign of life, in ms; renewed by itself. Default 10 000. */
  readonly leaseMs?: number;
}

export interface ReadOptions {
  /** Sequence number of the last chunk that the reader has; 0 (default) from the beginning. */
  readonly after?: number;
  readonly signal?: AbortSignal;
  /** How long to wait for a stream that does not exist (yet), in ms, before StreamUnknownError. Default 0. */
  readonly waitMs?: number;
}

export type StreamEvent =
  /** Chunks `first` to `last`, adjacent texts joined into one. An empty snapshot has `last === first - 1`. */
  | {
      readonly type: 'chunks';
      readonly snapshot: boolean;
      readonly first: number;
      readonly last: number;
      readonly chunks: readonly Chunk[];
    }
  | { readonly type: 'abandoned'; readonly last: number; readonly epoch: number }
  | { readonly type: 'end'; readonly last: number; readonly final: JsonObject };

export interface StreamState {
  readonly epoch: number;
  /** Sequence number of the last chunk; 0 when there is none. */
  readonly last: number;
  readonly status: 'live' | 'abandoned' | 'finished';
  /** What `finish` was given. */
  readonly final?: JsonObject;
}

/** The producer's end of a stream. */
export interface StreamWriter {
  readonly stream: string;
  /** Fencing epoch, larger than that of every earlier producer of this stream. */
  readonly epoch: number;
  /** Sequence number of the last chunk appended, those of earlier producers included. */
  readonly last: number;
  /** Aborts when a client asked to stop, or (with StreamFencedError as reason) when the stream is no longer ours. */
  readonly stopRequested: AbortSignal;

  /**
   * Appends one chunk and returns its sequence number: 1, 2, 3 … without gaps. It never waits: chunks go out in batches
   * in the background, through an outage of Redis too (a restart that lost the data is filled in again).
   *
   * @throws {StreamFencedError} another process has taken the stream. It is known at the latest when `flush` rejects.
   * @throws {StreamLimitError} the stream would exceed its limit of chunks or bytes: finish it.
   */
  append(chunk: Chunk): number;

  /** Everything appended so far, as chunks with adjacent texts joined: what a checkpoint stores. */
  content(): Chunk[];

  /**
   * Resolves when every chunk appended before is where all readers see it.
   *
   * @throws {StreamFencedError}
   * @throws {CodedError} SERVICE_UNAVAILABLE after 2 s; the writer goes on trying in the background.
   */
  flush(): Promise<void>;

  /**
   * Ends the stream. Readers get `final` (status and the like, at most 64 KB) as their last event. Idempotent.
   *
   * @throws {StreamFencedError}
   * @throws {CodedError} SERVICE_UNAVAILABLE after 2 s; the writer goes on trying for a minute in the background.
   */
  finish(final: JsonObject): Promise<void>;

  /** Gives the stream up without an end, so that another producer can open it at once. */
  release(): Promise<void>;
}

export interface StreamLimits {
  /** Chunks of one stream. Default 100 000. */
  readonly maxChunks: number;
  /** Bytes (UTF-8 of texts, JSON of objects) of one stream. Default 4 MiB. */
  readonly maxBytes: number;
  /** How long a finished stream can still be read, in ms. Default 5 minutes. */
  readonly finishedTtlMs: number;
  /** How long a stream without any sign of life is kept, in ms. Default 15 minutes. */
  readonly idleTtlMs: number;
  /** Memory face only: bytes of all finished streams together; the oldest go first. Default 64 MiB. */
  readonly maxFinishedBytes: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  maxChunks: 100_000,
  maxBytes: 4 * 1024 * 1024,
  finishedTtlMs: 5 * 60_000,
  idleTtlMs: 15 * 60_000,
  maxFinishedBytes: 64 * 1024 * 1024,
};
