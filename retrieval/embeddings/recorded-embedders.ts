import type { Registry } from 'prom-client';
import { v7 as uuid } from 'uuid';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Outbox } from '#platform/data/outbox/outbox.ts';
import type { Embedder, Embedders, EmbeddingModel, TextUse } from './embedder.ts';
import { EmbeddingTelemetry } from './embedding-telemetry.ts';
import { estimateAll, Meter } from './meter.ts';
import { type EmbeddingCall, WaitingCalls } from './waiting-calls.ts';

/** The user in whose name something is embedded, and the purpose. */
export interface EmbeddingCaller {
  /** Absent: the installation itself. Usage belongs to users, so such a call is seen in metrics and traces only. */
  readonly userId: string | undefined;
  readonly apiKeyId?: string | undefined;
  /** The call's `operation` in analytics, e.g. `memory-search`. */
  readonly purpose: string;
}

const FLUSH_MS = 2_000;
/** Kinds of calls that are waited for with writing. */
const MAX_WAITING = 500;
/** Records of one transaction. */
const AT_ONCE = 200;
/** Calls kept for later while the database is away; beyond that they are dropped, with an error in the log. */
const MAX_UNWRITTEN = 10_000;

/**
 * The embedding models as the parts of a subgraph use them: no part embeds without saying in whose name, and every call
 * leaves an `embedding.called` event of that subgraph, a metric and a span.
 *
 * A request to an endpoint may cost money: its event is written before the vectors are given out. The offline model and
 * the cache cost nothing, and searches are not to wait for the database: their events are collected, those alike put
 * together, and written every two seconds and at the end. A killed process loses two seconds of them.
 */
export class RecordedEmbedders implements AsyncDisposable {
  readonly #embedders: Embedders;
  readonly #write: (calls: readonly EmbeddingCall[]) => Promise<void>;
  readonly #telemetry: EmbeddingTelemetry;
  readonly #log: Logger;
  readonly #waiting = new WaitingCalls();
  #unwritten: EmbeddingCall[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;

  /** @param options.write all or none of them; it may be given the same calls again after a failure. */
  constructor(options: {
    embedders: Embedders;
    write: (calls: readonly EmbeddingCall[]) => Promise<void>;
    log: Logger;
    metrics: Registry;
  }) {
    this.#embedders = options.embedders;
    this.#write = options.write;
    this.#log = options.log;
    this.#telemetry = new EmbeddingTelemetry(options.metrics);
  }

  get defaultId(): string {
    return this.#embedders.defaultId;
  }

  models(): readonly EmbeddingModel[] {
    return this.#embedders.models();
  }

  /**
   * What is known of a model, the default one without an id. An endpoint is asked once. Throws as Embedders.get does.
   */
  model(id?: string): Promise<Omit<Embedder, 'embed'>> {
    return this.#embedders.get(id);
  }

  /**
   * One vector a text, as Embedder.embed gives them.
   *
   * @param model the default one when undefined.
   */
  async embed(
    model: string | undefined,
    texts: readonly string[],
    by: EmbeddingCaller,
    { signal, use }: { readonly signal?: AbortSignal | undefined; readonly use?: TextUse } = {},
  ): Promise<Float32Array[]> {
    const id = model ?? this.defaultId;
    const meter = new Meter();
    const begun = { at: new Date().toISOString(), from: performance.now() };
    let vectors: Float32Array[];
    try {
      vectors = await (await this.#embedders.get(id)).embed(texts, { signal, meter, use });
    } catch (error) {
      await this.#failed(id, texts, by, meter, begun, signal?.aborted ? 'stopped' : error);
      throw error;
    }
    await this.#note(this.#callOf(id, texts, by, meter, begun), meter);
    return vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush();
    clearTimeout(this.#timer);
    if (this.#unwritten.length > 0)
      this.#log.error(
        { calls: this.#unwritten.length },
        'Records of embedding calls could not be written and are lost.',
      );
  }

  async #failed(
    id: string,
    texts: readonly string[],
    by: EmbeddingCaller,
    meter: Meter,
    begun: Begin,
    reason: unknown,
  ): Promise<void> {
    const code = reason instanceof CodedError ? reason.code : undefined;
    // Refused before anybody was asked: no call. An endpoint that does not even tell its dimensions was asked.
    if (meter.requests === 0 && code !== 'PROVIDER_UNAVAILABLE') return;
    const call = this.#callOf(id, texts, by, meter, begun);
    const end =
      reason === 'stopped'
        ? { outcome: 'stopped' as const }
        : { outcome: 'error' as const, errorCode: code ?? 'INTERNAL_SERVER_ERROR' };
    const tokens = { ...call.tokens, input: meter.tokens };
    await this.#note({ ...call, ...end, tokens, cacheHit: false }, meter);
  }

  #callOf(id: string, texts: readonly string[], by: EmbeddingCaller, meter: Meter, begun: Begin) {
    const provider = this.#embedders.models().find((model) => model.id === id)?.provider ?? 'local';
    const cacheHit = meter.requests === 0;
    return {
      id: uuid(),
      userId: by.userId,
      ...(by.apiKeyId !== undefined && { apiKeyId: by.apiKeyId }),
      operation: by.purpose,
      provider,
      model: id,
      deployment: id,
      // Of what the cache had: those that it once took, as with replies.
      tokens: { input: cacheHit ? estimateAll(texts) : meter.tokens, cached: 0, output: 0, reasoning: 0 },
      inputs: texts.length,
      estimated: cacheHit || meter.estimated,
      // What an endpoint takes is not known here; a model of your own takes nothing.
      ...((provider === 'local' || cacheHit) && { cost: '0' }),
      currency: 'USD',
      latencyMs: performance.now() - begun.from,
      retries: 0,
      fallbacks: 0,
      cacheHit,
      outcome: 'ok' as EmbeddingCall['outcome'],
      at: begun.at,
    };
  }

  async #note(call: Omit<EmbeddingCall, 'userId'> & { userId: string | undefined }, meter: Meter): Promise<void> {
    if (!call.cacheHit) this.#telemetry.called(call);
    const { userId } = call;
    if (userId === undefined) return;
    const owned = { ...call, userId };
    if (meter.requests > 0 && call.provider !== 'local') return this.#keep([owned]);
    this.#waiting.add(owned);
    if (this.#waiting.size >= MAX_WAITING) void this.#flush();
    else this.#timer ??= setTimeout(() => void this.#flush(), FLUSH_MS).unref();
  }

  /** Never rejects. One at a time, so that a slow database is not asked more and more. */
  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#flushing ?? Promise.resolve();
    const run = before.then(async () => {
      const calls = [...this.#unwritten, ...this.#waiting.take()];
      this.#unwritten = [];
      for (let at = 0; at < calls.length; at += AT_ONCE) await this.#keep(calls.slice(at, at + AT_ONCE));
    });
    this.#flushing = run;
    return run;
  }

  /** A search does not fail because its record cannot be written: that is tried again with the next ones. */
  async #keep(calls: readonly EmbeddingCall[]): Promise<void> {
    try {
      await this.#write(calls);
    } catch (error) {
      this.#log.error({ err: error, calls: calls.length }, 'Records of embedding calls could not be written yet.');
      this.#unwritten.push(...calls);
      const dropped = this.#unwritten.splice(MAX_UNWRITTEN).length;
      if (dropped > 0) this.#log.error({ calls: dropped }, 'Records of embedding calls are lost: too many wait.');
      this.#timer ??= setTimeout(() => void this.#flush(), FLUSH_MS).unref();
    }
  }
}

interface Begin {
  readonly at: string;
  /** Of performance.now(). */
  readonly from: number;
}

/** Returns the embedding models of a process for one subgraph, which records their calls in its own outbox. */
export function recordEmbeddings(options: {
  embedders: Embedders;
  outbox: Outbox;
  log: Logger;
  metrics: Registry;
  /** Register it before what embeds: it is closed after them. */
  lifecycle: AsyncDisposableStack;
}): RecordedEmbedders {
  const { outbox, lifecycle } = options;
  const write = (calls: readonly EmbeddingCall[]): Promise<void> =>
    outbox.recordAlone(calls.map((payload) => ({ type: 'embedding.called', payload })));
  return lifecycle.use(new RecordedEmbedders({ ...options, write }));
}
