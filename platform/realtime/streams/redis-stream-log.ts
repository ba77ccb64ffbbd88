import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { CancelSignal } from '../../base/cancellation/cancellation.ts';
import { Pull } from '../../base/iteration/pull.ts';
import { until } from '../../base/iteration/until.ts';
import type { JsonObject } from '../../base/json/json.ts';
import type { Logger } from '../../base/log/log.ts';
import { type StoreMetrics, storeMetrics } from '../../base/metrics/store-metrics.ts';
import { type RedisConnections, unavailable } from '../redis/redis.ts';
import { checkStreamName } from './chunks.ts';
import { LogBuffer, type LogCursor } from './log-buffer.ts';
import { type Feed, RedisStreamFeeds, type RemoteState } from './redis-stream-feeds.ts';
import { controlChannel, logKey, metaKey, type StreamScripts, streamScripts } from './redis-stream-scripts.ts';
import { RedisStreamWriter } from './redis-stream-writer.ts';
import { StreamFinishedError, StreamHeldError, StreamUnknownError } from './stream-errors.ts';
import {
  type Chunk,
  DEFAULT_STREAM_LIMITS,
  type OpenOptions,
  type ReadOptions,
  type StreamEvent,
  type StreamLimits,
  type StreamLog,
  type StreamState,
  type StreamWriter,
} from './stream-log.ts';

/** How long a reader waits at the start for what Redis says is there, in ms. */
const PATIENCE_MS = 2_000;

/** The streams shared by all processes of one Redis. */
export class RedisStreamLog implements StreamLog {
  readonly #redis: RedisConnections;
  readonly #scripts: StreamScripts;
  readonly #limits: StreamLimits;
  readonly #metrics: StoreMetrics;
  readonly #feeds: RedisStreamFeeds;
  readonly #writers = new Set<RedisStreamWriter>();
  /** Readers of streams that are not there yet, each with the stream. */
  readonly #awaiting = new Map<() => void, string>();

  constructor(options: {
    redis: RedisConnections;
    log: Logger;
    metrics: Registry;
    lifecycle: AsyncDisposableStack;
    limits?: Partial<StreamLimits>;
  }) {
    this.#redis = options.redis;
    this.#scripts = streamScripts(options.redis);
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits };
    this.#metrics = storeMetrics(options.metrics);
    void options.redis.channels.listen(controlChannel(options.redis.prefix), (message) => this.#obey(message));
    const onReady = () => {
      for (const writer of this.#writers) writer.renew();
    };
    options.redis.commands.on('ready', onReady);
    options.lifecycle.defer(() => {
      options.redis.commands.off('ready', onReady);
      options.redis.channels.unlisten(controlChannel(options.redis.prefix));
      for (const writer of [...this.#writers]) writer.close();
    });
    // The last: it ends first, and does not begin to read what a producer that ends has told.
    this.#feeds = new RedisStreamFeeds({
      redis: options.redis,
      inspect: (stream) => this.#inspect(stream),
      log: options.log,
      metrics: this.#metrics,
      lifecycle: options.lifecycle,
      processId: randomUUID(),
    });
  }

  async open(stream: string, { leaseMs = 10_000 }: OpenOptions = {}): Promise<StreamWriter> {
    checkStreamName(stream);
    const keys = this.#keys(stream);
    const token = randomUUID();
    const channel = controlChannel(this.#redis.prefix);
    const { idleTtlMs } = this.#limits;
    const openedAt = performance.now();
    const opening = this.#scripts.open(keys.log, keys.meta, token, leaseMs, idleTtlMs, token, channel, stream);
    const reply = (await this.#redis.guard('streams', opening)) as
      | ['ok', epoch: number, last: number, born: string]
      | ['held' | 'finished'];
    if (reply[0] === 'held') throw new StreamHeldError(stream);
    if (reply[0] === 'finished') throw new StreamFinishedError(stream);
    const [, epoch, last, born] = reply as ['ok', number, number, string];
    const writer = new RedisStreamWriter({
      stream,
      epoch,
      token,
      born,
      leaseMs,
      openedAt,
      keys,
      buffer: await this.#load(keys.log, last),
      limits: this.#limits,
      scripts: this.#scripts,
      metrics: this.#metrics,
      onConfirmed: (confirmed, final) => this.#feeds.tell(stream, confirmed, final),
      onClose: (closed) => {
        this.#writers.delete(closed);
        if (!this.#writerOf(stream)) this.#feeds.leave(stream, born);
      },
    });
    this.#writers.add(writer);
    for (const [ask, wanted] of this.#awaiting) if (wanted === stream) ask();
    return writer;
  }

  read(stream: string, { after = 0, signal, waitMs = 0 }: ReadOptions = {}): AsyncIterable<StreamEvent> {
    checkStreamName(stream);
    let feed: Feed | undefined;
    let cursor: LogCursor | undefined;
    const reader: Pull<StreamEvent> = new Pull<StreamEvent>({
      signal,
      open: async (closing) => {
        let seen: RemoteState | undefined;
        const find = async () => {
          const own = this.#writerOf(stream);
          // A reader who comes from another process may have seen what Redis has not confirmed here yet.
          await own?.answered();
          if (own?.isHeld && own.confirmed >= after) return own;
          seen = await this.#inspect(stream);
          return seen && seen.last >= after ? seen : undefined;
        };
        const hurry = (ask: () => void) => this.#whenOpened(stream, ask);
        const found = await until(find, { waitMs, everyMs: 50, signal: closing, hurry });
        if (closing.aborted) return;
        if (!found) {
          throw new StreamUnknownError(stream, seen ? `ends at ${seen.last}, not ${after}` : 'is not in the log');
        }
        const own = found instanceof RedisStreamWriter ? found : undefined;
        feed = this.#feeds.hold(stream, found.born, own);
        this.#metrics.streamReaders.inc();
        if (!(found instanceof RedisStreamWriter)) {
          await reached(feed.buffer, found.last, found.final !== undefined, closing);
        }
        if (!closing.aborted) cursor = feed.buffer.attach(after, () => reader.wake());
      },
      take: () => cursor!.take(),
      close: () => {
        cursor?.detach();
        if (!feed) return;
        this.#feeds.drop(feed);
        this.#metrics.streamReaders.dec();
      },
    });
    return reader;
  }

  async requestStop(stream: string): Promise<'requested' | 'finished' | 'unknown'> {
    checkStreamName(stream);
    const local = [...this.#writers].filter((writer) => writer.stream === stream);
    for (const writer of local) writer.stop();
    const stopping = this.#scripts.stop(
      metaKey(this.#redis.prefix, stream),
      controlChannel(this.#redis.prefix),
      stream,
    );
    try {
      return (await this.#redis.guard('streams', stopping)) as 'requested' | 'finished' | 'unknown';
    } catch (error) {
      if (local.length > 0) return 'requested';
      throw error;
    }
  }

  async inspect(stream: string): Promise<StreamState | undefined> {
    checkStreamName(stream);
    const own = this.#writerOf(stream);
    if (own) return { epoch: own.epoch, last: own.confirmed, status: 'live' };
    const state = await this.#inspect(stream);
    if (!state) return undefined;
    const { epoch, last, final } = state;
    if (final) return { epoch, last, status: 'finished', final };
    return { epoch, last, status: state.alive ? 'live' : 'abandoned' };
  }

  /** The producer of a stream, if this process has it: what it knows need not be asked of Redis. */
  #writerOf(stream: string): RedisStreamWriter | undefined {
    let latest: RedisStreamWriter | undefined;
    for (const writer of this.#writers) {
      if (writer.stream === stream && writer.isHeld && !(latest && latest.epoch > writer.epoch)) latest = writer;
    }
    return latest;
  }

  /** Calls `ask` when this process becomes the producer of a stream. @returns what ends that. */
  #whenOpened(stream: string, ask: () => void): () => void {
    this.#awaiting.set(ask, stream);
    return () => this.#awaiting.delete(ask);
  }

  async discard(stream: string): Promise<void> {
    checkStreamName(stream);
    const { log, meta } = this.#keys(stream);
    await this.#redis.guard('streams', this.#scripts.discard(log, meta));
  }

  async #inspect(stream: string): Promise<RemoteState | undefined> {
    const asking = this.#scripts.inspect(metaKey(this.#redis.prefix, stream));
    const reply = (await this.#redis.guard('streams', asking)) as [string, number, number, number, string?] | null;
    if (!reply) return undefined;
    const [born, epoch, last, alive, final] = reply;
    return { born, epoch, last, alive: alive === 1, final: final ? (JSON.parse(final) as JsonObject) : undefined };
  }

  /** What earlier producers wrote: a new one goes on from there, and could restore it. */
  async #load(key: string, last: number): Promise<LogBuffer> {
    const buffer = new LogBuffer();
    while (buffer.last < last) {
      const reading = this.#redis.commands.xrange(key, `(${buffer.last}-0`, `${last}-0`, 'COUNT', 5_000);
      const entries = await this.#redis.guard('streams', reading);
      if (entries.length === 0) throw unavailable(new Error(`chunk ${buffer.last + 1} of ${last} is missing`));
      for (const [, fields] of entries) buffer.append(JSON.parse(fields[1]!) as Chunk);
    }
    return buffer;
  }

  #obey(message: string): void {
    const [what, epoch, stream] = message.split(' ') as [string, string, string];
    for (const writer of this.#writers) {
      if (writer.stream !== stream) continue;
      if (what === 'stop') writer.stop();
      else if (writer.epoch < Number(epoch)) writer.fence();
    }
  }

  #keys(stream: string): { log: string; meta: string } {
    return { log: logKey(this.#redis.prefix, stream), meta: metaKey(this.#redis.prefix, stream) };
  }
}

/** Resolves when the mirror holds what Redis had when the reader came, so that its snapshot is one event. */
async function reached(buffer: LogBuffer, last: number, finished: boolean, closing: CancelSignal): Promise<void> {
  const complete = () => buffer.over || (buffer.last >= last && !finished);
  if (complete()) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      watch.detach();
      outcome();
    };
    const watch = buffer.attach(0, () => complete() && settle(resolve));
    const timer = setTimeout(() => settle(() => reject(unavailable(new Error('no answer in time')))), PATIENCE_MS);
    closing.addEventListener('abort', () => settle(resolve));
  });
}
