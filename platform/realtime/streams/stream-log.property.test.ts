import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { fc, SEED } from '#platform/base/testing/generated.ts';
import { connectTestRedis, REDIS_SUITE, REDIS_TEST_URL, silentLog, testPrefix } from '../redis/testing/redis.ts';
import { MemoryStreamLog } from './memory-stream-log.ts';
import { RedisStreamLog } from './redis-stream-log.ts';
import { metaKey } from './redis-stream-scripts.ts';
import { StreamFencedError } from './stream-errors.ts';
import { assemble, freshStream, type StreamLogPair } from './stream-log.contract.ts';
import type { Chunk, StreamEvent, StreamWriter } from './stream-log.ts';

/** The logs of two processes; `lapse` ends the lease of a stream's producer where there are leases. */
type Logs = StreamLogPair & { readonly lapse?: (stream: string) => Promise<unknown> };

type Step =
  | { readonly do: 'append'; readonly chunk: Chunk; readonly stale: boolean }
  | { readonly do: 'flush' }
  | { readonly do: 'replace'; readonly there: boolean }
  | { readonly do: 'attach'; readonly there: boolean }
  | { readonly do: 'cut'; readonly reader: number }
  | { readonly do: 'pause' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      chunk: fc.oneof(fc.string({ maxLength: 8 }), fc.record({ tool: fc.nat(9) })),
      stale: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'flush' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), there: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('attach' as const), there: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), reader: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'pause' as const }) },
);

/** A client that comes and goes, and keeps what it was sent. */
class Client {
  readonly events: StreamEvent[] = [];
  #aborting = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  attach(log: StreamLogPair['here'], stream: string): void {
    this.#aborting = new AbortController();
    const last = this.events.findLast((event) => event.type === 'chunks')?.last ?? 0;
    this.#reading = (async () => {
      for await (const event of log.read(stream, { after: last, signal: this.#aborting.signal }))
        this.events.push(event);
    })();
  }
  async cut(): Promise<void> {
    this.#aborting.abort();
    await this.#reading;
  }
  get done(): Promise<void> {
    return this.#reading;
  }
}

async function play({ here, there, lapse }: Logs, steps: readonly Step[]): Promise<void> {
  const stream = freshStream();
  let writer = await here.open(stream);
  let stale: StreamWriter | undefined;
  const clients: Client[] = [];
  for (const step of steps) {
    if (step.do === 'append') {
      // A producer that does not know yet that it was replaced goes on talking: no reader may hear it.
      if (step.stale && stale) {
        try {
          stale.append('GHOST');
        } catch (error) {
          expect(error).toBeInstanceOf(StreamFencedError);
        }
      } else writer.append(step.chunk);
    } else if (step.do === 'flush') await writer.flush();
    else if (step.do === 'replace') {
      await writer.flush();
      const before = writer;
      // Where leases lapse, the one before lives on and does not know; in memory it has given the stream up.
      if (lapse) {
        await lapse(stream);
        stale = before;
      } else await before.release();
      writer = await (step.there ? there : here).open(stream);
      expect(writer.epoch).toBeGreaterThan(before.epoch);
      expect(writer.content()).toEqual(before.content());
    } else if (step.do === 'attach') {
      const client = new Client();
      client.attach(step.there ? there : here, stream);
      clients.push(client);
    } else if (step.do === 'cut') {
      const client = clients[step.reader];
      await client?.cut();
      client?.attach(step.reader % 2 ? there : here, stream);
    } else await sleep(3);
  }
  const said = writer.content();
  const { last } = writer;
  await writer.finish({ status: 'COMPLETED' });
  const late = new Client();
  late.attach(there, stream);
  for (const client of [...clients, late]) {
    await client.done;
    const text = said.map((chunk) => (typeof chunk === 'string' ? chunk : JSON.stringify(chunk))).join('');
    expect(assemble(client.events)).toEqual({ text, last, final: { status: 'COMPLETED' } });
  }
}

const property = (pair: () => Promise<Logs>, numRuns: number) =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => play(await pair(), steps)),
    { numRuns, seed: SEED },
  );

describe(`whatever producers and readers do, everybody ends with the same words (SEED=${SEED})`, () => {
  it('in memory', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle });
    await property(async () => ({ here: log, there: log }), 150);
  });

  it('in memory, written to files', async () => {
    await using lifecycle = new AsyncDisposableStack();
    const directory = await mkdtemp(path.join(tmpdir(), 'streams-'));
    lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
    const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle, directory });
    await property(async () => ({ here: log, there: log }), 150);
  });

  it.skipIf(!REDIS_TEST_URL)(`on ${REDIS_SUITE}`, async () => {
    await using lifecycle = new AsyncDisposableStack();
    const prefix = testPrefix(lifecycle);
    const redis = await connectTestRedis(lifecycle, prefix);
    const open = async (connections = redis) =>
      new RedisStreamLog({ redis: connections, log: silentLog, metrics: new Registry(), lifecycle });
    const pair = {
      here: await open(),
      there: await open(await connectTestRedis(lifecycle, prefix)),
      lapse: (stream: string) => redis.commands.hset(metaKey(prefix, stream), 'lease', 0),
    };
    await property(async () => pair, 60);
  });
});
