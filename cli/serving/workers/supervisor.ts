import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Config } from '#platform/base/config/config.ts';
import { backoff } from '#platform/base/faults/backoff.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Json } from '#platform/base/json/json.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { SharedStores } from '#platform/host/stores.ts';
import { MemoryTopics } from '#platform/realtime/topics/memory-topics.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import { CommandError } from '../../report.ts';
import { runProcess } from '../process.ts';
import { onReloadSignal } from '../stop-signals.ts';
import { type Call, connectCalls } from './calls.ts';
import { handOver } from './handover.ts';
import { hangs } from './pulse.ts';
import { SharedMetrics, snapshotOf } from './shared-metrics.ts';
import { memoryStores, serveStores } from './shared-stores.ts';
import { serveTopics } from './shared-topics.ts';
import type { SupervisorCalls, WorkerCalls } from './worker-calls.ts';

interface Member {
  readonly worker: Worker;
  readonly call: Call<WorkerCalls>;
  /** Resolves to the URL when it serves, and to undefined when it has ended before. */
  readonly ready: Promise<string | undefined>;
  isServing: boolean;
  /** It was told to end. */
  isLeaving: boolean;
  /** Another one is started in its place. */
  isReplaced: boolean;
  /** It answered no more, and was killed for it. */
  isHung: boolean;
}

/** A worker that ends sooner is replaced after a pause that doubles, in milliseconds. */
const SHORT_LIFE_MS = 10_000;
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
/** A worker whose loop is held for longer does not answer. */
const CALL_PATIENCE_MS = 2_000;
/** Beyond what a worker gives itself to end. */
const PATIENCE_MS = 3_000;

/**
 * Runs a command as several processes behind one port. This process holds the port and hands each new connection to the
 * next worker, so neither a worker that dies nor one that is replaced loses a connection that no worker has taken yet.
 */
export async function supervise(root: string, count: number): Promise<void> {
  await runProcess(root, 'supervisor', async ({ config, log, metrics, lifecycle }) => {
    const stores = memoryStores(metrics);
    const topics = new MemoryTopics({ log, metrics });
    const url = await startWorkers({ count, config, log, metrics, lifecycle, stores, topics });
    log.info({ url, workers: count }, 'ready');
  });
}

/** The workers that a supervisor wants, and what it has for them. */
export interface WorkersOptions {
  readonly count: number;
  readonly config: Pick<Config, 'SHUTDOWN_TIMEOUT_MS' | 'HOST' | 'PORT' | 'publicUrl'>;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly lifecycle: AsyncDisposableStack;
  /** What they count and keep together where there is no Redis. */
  readonly stores: SharedStores;
  /** What all processes tell one another where there is no Redis. */
  readonly topics: Topics;
  /** Subgraphs that this process serves to them alone, by name; without, they find them by themselves. */
  readonly subgraphs?: Readonly<Record<string, string>> | undefined;
  /** The command that they run. Default: that of this process. */
  readonly command?: readonly string[] | undefined;
}

/** Starts the workers and follows SIGHUP. Resolves to their URL when all serve. */
export async function startWorkers(options: WorkersOptions): Promise<string> {
  const { config, log, lifecycle } = options;
  const port = config.PORT === 0 ? await freePort(config.HOST) : config.PORT;
  // What subgraphs here write into links and tokens is what the workers know as their own address.
  const env = { PORT: String(port), ...(options.subgraphs && { PUBLIC_URL: config.publicUrl }) };
  const workers = lifecycle.use(new Workers(options, env));
  const url = await workers.start();
  onReloadSignal(() => {
    log.info('told to replace the workers one by one');
    void workers.replaceAll();
  });
  return url;
}

class Workers implements AsyncDisposable {
  readonly #options: WorkersOptions;
  readonly #members = new Set<Member>();
  readonly #shared = new SharedMetrics();
  readonly #stores: ReturnType<typeof serveStores>;
  readonly #ended: Counter<'reason'>;
  /** Aborted when the process ends. */
  readonly #stopping = new AbortController();
  #replacing: Promise<void> = Promise.resolve();
  /** Workers that ended soon after they had begun, one after another. */
  #shortLives = 0;

  readonly #env: Readonly<Record<string, string>>;

  constructor(options: WorkersOptions, env: Readonly<Record<string, string>>) {
    this.#options = options;
    this.#env = env;
    this.#stores = serveStores(options.stores);
    const registers = [options.metrics];
    this.#ended = new Counter({
      name: 'sextant_workers_ended_total',
      help: 'Worker processes that ended: because they died, hung, or were replaced by SIGHUP.',
      labelNames: ['reason'],
      registers,
    });
    for (const reason of ['died', 'hung', 'replaced']) this.#ended.inc({ reason }, 0);
    const members = this.#members;
    new Gauge({
      name: 'sextant_workers',
      help: 'Worker processes that serve.',
      registers,
      collect() {
        this.set([...members].filter(({ isServing }) => isServing).length);
      },
    });
    // Structured clones: JSON has neither NaN nor bytes.
    const { command } = options;
    cluster.setupPrimary({ serialization: 'advanced', ...(command && { args: [...command] }) });
    cluster.schedulingPolicy = cluster.SCHED_RR;
  }

  /**
   * Starts the workers, and resolves to their URL when all serve. The first one starts alone: what it finds wrong is
   * said once, and what it keeps on the disk makes the others start faster.
   *
   * @throws {CommandError} when it does not start.
   */
  async start(): Promise<string> {
    const url = await this.#fork().ready;
    if (url !== undefined && this.#stopping.signal.aborted) return url;
    if (url === undefined) throw new CommandError('The gateway’s first process did not start: the reason is above.');
    const others = Array.from({ length: this.#options.count - 1 }, () => this.#fork().ready);
    const missing = (await Promise.all(others)).filter((one) => one === undefined).length;
    for (let i = 0; i < missing; i++) void this.#replace();
    return url;
  }

  /** Replaces the workers one by one, each when another serves in its place. Stops where a new one does not start. */
  replaceAll(): Promise<void> {
    this.#replacing = this.#replacing
      .catch(() => undefined)
      .then(async () => {
        for (const member of [...this.#members]) {
          if (this.#stopping.signal.aborted) return;
          if (!this.#members.has(member) || member.isLeaving) continue;
          member.isReplaced = true;
          if ((await this.#fork().ready) === undefined) {
            if (this.#stopping.signal.aborted) return;
            member.isReplaced = false;
            if (!this.#members.has(member)) void this.#replace();
            this.#options.log.error('a new worker does not start: the earlier ones stay');
            return;
          }
          // It may have died meanwhile.
          if (!this.#members.has(member)) continue;
          await this.#end(member);
          this.#ended.inc({ reason: 'replaced' });
        }
        this.#options.log.info('all workers are replaced');
      });
    return this.#replacing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#members].map((member) => this.#end(member)));
  }

  #fork(): Member {
    const { log, topics, subgraphs } = this.#options;
    const worker = cluster.fork(this.#env);
    handOver(worker);
    const ready = Promise.withResolvers<string | undefined>();
    const ended = new AbortController();
    const tell = (topic: string, event: Json): void => void member.call('hear', topic, event).catch(() => undefined);
    const heard = serveTopics(topics, tell);
    const call = connectCalls<WorkerCalls>(
      {
        isOpen: () => worker.isConnected(),
        send: (message) => void worker.send(message),
        onMessage: (listener) => void worker.on('message', listener),
        onClose: (listener) => void worker.once('disconnect', listener),
      },
      {
        ...this.#stores,
        ...heard.calls,
        subgraphs: () => subgraphs,
        ready(url) {
          member.isServing = true;
          ready.resolve(url);
        },
        leaves: (last) => this.#shared.note(worker.id, last),
        metrics: () => this.#metrics(),
        hasCallback: async (id) => (await this.#holderOf(worker, id)) !== undefined,
        relayCallback: (id, message) => this.#relay(worker, id, message),
        count: () => ({
          serving: [...this.#members].filter(({ isServing }) => isServing).length,
          wanted: this.#options.count,
        }),
      } satisfies SupervisorCalls,
      CALL_PATIENCE_MS,
    );
    const member: Member = {
      worker,
      call,
      ready: ready.promise,
      isServing: false,
      isLeaving: false,
      isReplaced: false,
      isHung: false,
    };
    const since = performance.now();
    this.#members.add(member);
    void hangs(
      () => call('beat'),
      ended.signal,
      () => member.isServing,
    ).then((isHung) => {
      if (!isHung || member.isLeaving) return;
      log.error({ worker: worker.process.pid }, 'a worker hangs: it is killed');
      member.isHung = true;
      worker.process.kill('SIGKILL');
    });
    // What cannot be sent to it any more does not matter.
    worker.on('error', () => {});
    worker.on(
      'exit',
      guarded({ where: 'worker exit', log }, (code: number | null, signal: string | null) => {
        const hasServed = member.isServing;
        ended.abort();
        heard.close();
        member.isServing = false;
        this.#members.delete(member);
        ready.resolve(undefined);
        const kept = this.#shared.keep(worker.id);
        if (!hasServed && member.isHung) this.#ended.inc({ reason: 'hung' });
        if (!hasServed || member.isLeaving || this.#stopping.signal.aborted) return kept;
        this.#ended.inc({ reason: member.isHung ? 'hung' : 'died' });
        log.error({ worker: worker.process.pid, code, signal }, 'a worker died: another takes its place');
        this.#shortLives = performance.now() - since < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
        return member.isReplaced ? kept : Promise.all([kept, this.#replace()]);
      }),
    );
    return member;
  }

  /** Starts a worker in the place of one that has died, until one serves. */
  async #replace(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const pause = backoff(this.#shortLives, { firstMs: MIN_PAUSE_MS, maxMs: MAX_PAUSE_MS });
      if (this.#shortLives > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || (await this.#fork().ready) !== undefined) return;
      this.#shortLives++;
    }
  }

  async #end(member: Member): Promise<void> {
    if (!this.#members.has(member)) return;
    member.isLeaving = true;
    const { worker } = member;
    // Not by `once` of events, which an error of the pipe would end.
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.process.kill('SIGTERM');
    const late = setTimeout(
      () => worker.process.kill('SIGKILL'),
      this.#options.config.SHUTDOWN_TIMEOUT_MS + PATIENCE_MS,
    );
    await ended;
    clearTimeout(late);
  }

  async #relay(from: Worker, id: string, message: unknown): Promise<number> {
    const holder = await this.#holderOf(from, id);
    // One that does not answer may have it all the same: the subgraph sends it again.
    return (await holder?.call('receiveCallback', id, message).catch(() => 503)) ?? 404;
  }

  /** The other worker that has a subscription over callbacks. */
  async #holderOf(from: Worker, id: string): Promise<Member | undefined> {
    const others = [...this.#members].filter(({ worker, isServing }) => isServing && worker !== from);
    const held = await Promise.all(others.map(({ call }) => call('hasCallback', id).catch(() => false)));
    return others.find((_, n) => held[n]);
  }

  async #metrics(): Promise<string> {
    await Promise.all(
      [...this.#members].map(async ({ worker, call }) => {
        // Of one that does not answer counts what it said last.
        const snapshot = await call('snapshot').catch(() => undefined);
        if (snapshot && !worker.isDead()) this.#shared.note(worker.id, snapshot);
      }),
    );
    return this.#shared.text(await snapshotOf(this.#options.metrics));
  }
}

/** Workers that each ask for any port would get one each time that all are replaced. */
async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
