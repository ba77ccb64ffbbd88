import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { backoff } from '../../base/faults/backoff.ts';
import { every } from '../../base/faults/every.ts';
import type { JsonObject } from '../../base/json/json.ts';
import type { Logger } from '../../base/log/log.ts';
import type { StoreMetrics } from '../../base/metrics/store-metrics.ts';
import type { RedisConnections } from '../redis/redis.ts';
import { LogBuffer } from './log-buffer.ts';
import { logKey } from './redis-stream-scripts.ts';
import { StreamUnknownError } from './stream-errors.ts';
import type { Chunk } from './stream-log.ts';

/** A stream as this process follows it: a mirror that all its local readers share. */
export interface Feed {
  readonly stream: string;
  readonly key: string;
  readonly born: string;
  readonly buffer: LogBuffer;
  cursor: string;
  holders: number;
  /** Whether a producer of this process tells what Redis has: then Redis is not asked. */
  isTold: boolean;
  lastSign: number;
  missingSince: number | undefined;
  suspectEpoch: number;
}

/** A producer of this process, as far as its readers here need to know it. */
export interface LocalProducer {
  readonly born: string;
  /** All its chunks, of which the first `confirmed` are in Redis. */
  readonly chunks: readonly Chunk[];
  readonly confirmed: number;
}

/** The state that the log knows of a stream in Redis. */
export interface RemoteState {
  readonly born: string;
  readonly epoch: number;
  readonly last: number;
  readonly alive: boolean;
  readonly final: JsonObject | undefined;
}

const BLOCK_MS = 1_000;
const CHECK_EVERY_MS = 1_000;
/** A stream that Redis lost is given up when its producer has not restored it for so long. */
const MISSING_MS = 15_000;

/**
 * The feeds of all streams that this process has readers of. What a producer of this process writes reaches its readers
 * here once Redis has confirmed it, and is not read back. All others come by one blocking XREAD on one connection. A
 * feed that is added while the read blocks wakes it through a stream of our own, which is part of every read.
 */
export class RedisStreamFeeds {
  readonly #redis: RedisConnections;
  readonly #inspect: (stream: string) => Promise<RemoteState | undefined>;
  readonly #log: Logger;
  readonly #metrics: StoreMetrics;
  readonly #feeds = new Map<string, Feed>();
  readonly #wakeKey: string;
  #wakeCursor = '0-0';
  #connection: Redis | undefined;
  #running = false;
  #closed = false;
  readonly #stopChecks: () => void;

  constructor(options: {
    redis: RedisConnections;
    inspect: (stream: string) => Promise<RemoteState | undefined>;
    log: Logger;
    metrics: StoreMetrics;
    lifecycle: AsyncDisposableStack;
    processId: string;
  }) {
    this.#redis = options.redis;
    this.#inspect = options.inspect;
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.#wakeKey = `${options.redis.prefix}stream-wake:${options.processId}`;
    this.#stopChecks = every(CHECK_EVERY_MS, { where: 'stream', log: this.#log }, () => this.#checkAll());
    options.lifecycle.defer(() => this.#close());
  }

  /**
   * The feed of a stream, shared with other readers; give it back with `drop`.
   *
   * @param producer of this process, which calls `tell` from now on, and `leave` at the end.
   */
  hold(stream: string, born: string, producer?: LocalProducer): Feed {
    let feed = this.#feeds.get(stream);
    if (feed && feed.born !== born) {
      this.#fail(feed, 'was made again');
      feed = undefined;
    }
    if (!feed) {
      feed = {
        stream,
        key: logKey(this.#redis.prefix, stream),
        born,
        buffer: new LogBuffer(),
        cursor: '0-0',
        holders: 0,
        isTold: false,
        lastSign: performance.now(),
        missingSince: undefined,
        suspectEpoch: 0,
      };
      this.#feeds.set(stream, feed);
      if (!producer) this.#start();
    }
    if (producer) {
      feed.isTold = true;
      feed.buffer.abandon(0);
      this.tell(stream, producer);
    }
    feed.holders++;
    return feed;
  }

  /** Redis has confirmed more of a producer of this process. @param final what it has ended with, if it has. */
  tell(stream: string, { born, chunks, confirmed }: LocalProducer, final?: JsonObject): void {
    const feed = this.#feeds.get(stream);
    if (!feed?.isTold || feed.born !== born || feed.buffer.over) return;
    for (let at = feed.buffer.last; at < confirmed; at++) feed.buffer.append(chunks[at]!);
    feed.cursor = `${feed.buffer.last}-0`;
    if (final) feed.buffer.end(final);
  }

  /** A producer of this process tells no more: what follows, if anything does, is read from Redis. */
  leave(stream: string, born: string): void {
    const feed = this.#feeds.get(stream);
    if (!feed?.isTold || feed.born !== born) return;
    feed.isTold = false;
    feed.lastSign = performance.now();
    if (!feed.buffer.over && !this.#closed) this.#start();
  }

  drop(feed: Feed): void {
    feed.holders--;
    if (feed.holders === 0 && this.#feeds.get(feed.stream) === feed) this.#feeds.delete(feed.stream);
  }

  #start(): void {
    if (this.#running) {
      void this.#wake();
      return;
    }
    this.#running = true;
    void this.#run();
  }

  async #wake(): Promise<void> {
    try {
      const { commands } = this.#redis;
      await commands
        .pipeline()
        .xadd(this.#wakeKey, 'MAXLEN', '~', 1, '*', 'w', '1')
        .pexpire(this.#wakeKey, 60_000)
        .exec();
    } catch {
      // The read ends by itself within BLOCK_MS.
    }
  }

  async #run(): Promise<void> {
    this.#connection ??= this.#redis.blocking('streams');
    for (let failures = 0; !this.#closed; ) {
      const feeds = [...this.#feeds.values()].filter(({ buffer, isTold }) => !buffer.over && !isTold);
      if (feeds.length === 0) break;
      try {
        await this.#readOnce(this.#connection, feeds);
        failures = 0;
        // With many streams, let a few chunks gather: one read serves them all.
        const pauseMs = Math.min(10, feeds.length >> 4);
        if (pauseMs > 0) await sleep(pauseMs);
      } catch (error) {
        if (failures++ === 3) this.#log.warn({ err: error }, 'Streams cannot be read from Redis; trying again.');
        await sleep(backoff(failures, { firstMs: 100, maxMs: 500 }), undefined, { ref: false });
      }
    }
    this.#running = false;
  }

  async #readOnce(connection: Redis, feeds: Feed[]): Promise<void> {
    const keys = [this.#wakeKey, ...feeds.map((feed) => feed.key)];
    const cursors = [this.#wakeCursor, ...feeds.map((feed) => feed.cursor)];
    const reply = await connection.xread('COUNT', 500, 'BLOCK', BLOCK_MS, 'STREAMS', ...keys, ...cursors);
    const byKey = new Map(feeds.map((feed) => [feed.key, feed]));
    for (const [key, entries] of reply ?? []) {
      const feed = byKey.get(key);
      if (feed) for (const [id, fields] of entries) this.#take(feed, id, fields);
      else this.#wakeCursor = entries.at(-1)?.[0] ?? this.#wakeCursor;
    }
  }

  #take(feed: Feed, id: string, [field, value]: string[]): void {
    const { buffer } = feed;
    if (feed.isTold) return;
    feed.cursor = id;
    feed.lastSign = performance.now();
    feed.missingSince = undefined;
    if (buffer.over) return;
    const seq = Number.parseInt(id, 10);
    if (field === 'f') {
      if (seq === buffer.last) buffer.end(JSON.parse(value!) as JsonObject);
      else this.#fail(feed, `lacks chunks after ${buffer.last}`);
    } else if (seq === buffer.last + 1) buffer.append(JSON.parse(value!) as Chunk);
    else if (seq > buffer.last) this.#fail(feed, `lacks chunk ${buffer.last + 1}`);
  }

  /** Silence may mean a thinking model, a dead producer or a Redis that lost its memory: ask. */
  #checkAll(): void {
    const now = performance.now();
    for (const feed of this.#feeds.values()) {
      if (!feed.buffer.over && !feed.isTold && now - feed.lastSign > CHECK_EVERY_MS) {
        this.#checkOne(feed).catch(() => {
          // Redis is away: nothing is known, nothing changes.
        });
      }
    }
  }

  async #checkOne(feed: Feed): Promise<void> {
    const state = await this.#inspect(feed.stream);
    if (feed.buffer.over) return;
    if (!state) {
      feed.missingSince ??= performance.now();
      if (performance.now() - feed.missingSince > MISSING_MS) this.#fail(feed, 'has been lost');
      return;
    }
    feed.missingSince = undefined;
    if (state.born !== feed.born) this.#fail(feed, 'was made again');
    else if (state.alive || state.final) {
      feed.suspectEpoch = 0;
      feed.buffer.abandon(0);
    } else if (feed.suspectEpoch === state.epoch) {
      this.#metrics.streamAbandoned.inc();
      feed.buffer.abandon(state.epoch);
    }
    // Twice in a row: after an outage of Redis a living producer needs a moment to show itself.
    else feed.suspectEpoch = state.epoch;
  }

  #fail(feed: Feed, why: string): void {
    feed.buffer.fail(new StreamUnknownError(feed.stream, why));
    if (this.#feeds.get(feed.stream) === feed) this.#feeds.delete(feed.stream);
  }

  #close(): void {
    this.#closed = true;
    this.#stopChecks();
    for (const feed of [...this.#feeds.values()]) this.#fail(feed, 'is no longer followed: this process is closing');
  }
}
