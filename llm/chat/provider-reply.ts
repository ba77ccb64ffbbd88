import { NO_USAGE } from '../accounting/accounting.ts';
import { costOfUsage, type Prices } from '../accounting/prices.ts';
import type { Held, LimitKeeper } from '../budgets/limit-keeper.ts';
import { rulesFor } from '../budgets/limit-keeper.ts';
import type { Alias, Catalogue, Deployment } from '../catalogue/catalogue.ts';
import type { Clients } from '../provider/clients.ts';
import type { Delta, FinishReason } from '../provider/deltas.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { Gathering } from '../provider/gathering.ts';
import type { QuirkBook } from '../provider/quirks.ts';
import type { ReportedUsage } from '../provider/usage.ts';
import type { LlmCallRecord, Usage } from '../records/record.ts';
import type { CallContext, ChatRequest } from '../requests.ts';
import { needsOf } from '../routing/eligible.ts';
import type { Router, Trail } from '../routing/router.ts';
import { mostTokens, type TokenCounter } from '../tokens/count.ts';
import type { FitReport } from '../tokens/fit.ts';
import { roomOf } from '../tokens/room.ts';
import { type OpenReply, openReply } from './open-reply.ts';
import type { Preparer, Summariser } from './prepare.ts';

export interface ProviderReplyDependencies {
  readonly router: Router;
  readonly clients: Clients;
  readonly quirks: QuirkBook;
  readonly gathering: Gathering;
  readonly counter: TokenCounter;
  readonly prices: Prices;
  readonly preparer: Preparer;
  readonly limits: LimitKeeper;
  readonly summarise: Summariser;
}

export interface ReplyStart {
  readonly type: 'start';
  readonly alias: string;
  readonly deployment: string;
  readonly provider: string;
  readonly model: string;
  readonly context: FitReport | undefined;
}

export interface ReplyEnd {
  readonly type: 'end';
  readonly reason: FinishReason;
  /** As the provider told it. */
  readonly usage: ReportedUsage | undefined;
}

export type ReplyPart = ReplyStart | Delta | ReplyEnd;

/** The signal aborted. */
const STOPPED: ReplyEnd = { type: 'end', reason: 'stopped', usage: undefined };

/** A reply from a provider: reserved, routed and read. One call, or several equal calls together, read it once. */
export class ProviderReply {
  readonly trail: Trail = { retries: 0, fallbacks: 0 };
  readonly #deps: ProviderReplyDependencies;
  readonly #catalogue: Catalogue;
  readonly #alias: Alias;
  readonly #request: ChatRequest;
  readonly #call: CallContext;
  #held: Held | undefined;
  #reply: OpenReply | undefined;
  /** The part that came before the reply was this one's. */
  #first: OpenReply['first'] | undefined;
  readonly #text: string[] = [];
  #end: ReplyEnd | undefined;
  #usage: Promise<Usage> | undefined;

  constructor(
    deps: ProviderReplyDependencies,
    catalogue: Catalogue,
    alias: Alias,
    request: ChatRequest,
    call: CallContext,
  ) {
    this.#deps = deps;
    this.#catalogue = catalogue;
    this.#alias = alias;
    this.#request = request;
    this.#call = call;
  }

  /** Returns the deployment that answers, once that is certain. */
  get deployment(): Deployment | undefined {
    return this.#reply?.deployment;
  }

  get begun(): boolean {
    return this.#reply !== undefined;
  }

  /**
   * The next part: `start`, deltas, and one `end` after which there is none. Throws ProviderFailure, or a CodedError of
   * limits.
   *
   * @param signal the same with every call.
   */
  next(signal: AbortSignal): Promise<ReplyPart> {
    // Apart: what runs for every piece must not carry what runs once.
    return this.#reply ? this.#read(this.#reply) : this.#start(signal);
  }

  async #start(signal: AbortSignal): Promise<ReplyPart> {
    this.#reply = await this.#open(signal);
    if (!this.#reply) return STOPPED;
    const { alias, deployment, context, first } = this.#reply;
    this.#first = first;
    return {
      type: 'start',
      alias,
      deployment: deployment.id,
      provider: deployment.provider.id,
      model: deployment.model,
      context,
    };
  }

  async #read(reply: OpenReply): Promise<ReplyPart> {
    let part: Delta | ReplyEnd | undefined = this.#first;
    this.#first = undefined;
    try {
      part ??= (await reply.stream.next()) ?? STOPPED;
    } catch (error) {
      if (error instanceof ProviderFailure) reply.failed(error);
      throw error;
    }
    if (part.type === 'end') this.#end = part;
    else if (part.type === 'tool-call') this.#text.push(part.name ?? '', part.arguments);
    else if (part.type !== 'citation') this.#text.push(part.text);
    return part;
  }

  /** Ends the request if it still runs. */
  close(): void {
    this.#reply?.close();
  }

  /**
   * What was used so far: the provider's word where it can be believed, or counted here. It never tells after an abort
   * (openai-node #1505), and many servers never do.
   */
  async usage(): Promise<Usage> {
    if (!this.#reply) return NO_USAGE;
    this.#usage ??= this.#count(this.#reply, this.#end?.usage);
    return this.#usage;
  }

  /** Replaces the reservation by what the call came to. */
  async settle(record: LlmCallRecord): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.settle(record);
  }

  async #count(reply: OpenReply, told: ReportedUsage | undefined): Promise<Usage> {
    const { counter } = this.#deps;
    const { model } = reply.deployment;
    const text = this.#text.join('');
    // A reply with words has tokens, whatever is said.
    const output = told?.outputTokens === 0 && text !== '' ? undefined : told?.outputTokens;
    const inputTokens = told?.inputTokens ?? (await counter.prompt(reply.messages, this.#request.tools, model));
    return {
      inputTokens,
      cachedInputTokens: told?.cachedInputTokens ?? 0,
      ...(told?.cacheWriteTokens !== undefined && { cacheWriteTokens: told.cacheWriteTokens }),
      outputTokens: output ?? (await counter.text(text, model)),
      reasoningTokens: told?.reasoningTokens ?? 0,
      estimated: told?.inputTokens === undefined || output === undefined,
    };
  }

  async #open(signal: AbortSignal): Promise<OpenReply | undefined> {
    const { router, clients, quirks, gathering } = this.#deps;
    const [alias, request] = [this.#alias, this.#request];
    const inputTokens = await this.#inputTokens();
    this.#held = await this.#deps.limits.hold({
      catalogue: this.#catalogue,
      alias,
      identity: this.#call.identity,
      inputTokens,
      maxTokens: request.maxTokens,
    });
    const heldTokens = this.#held.maxTokens;
    return router.open<OpenReply>(
      {
        catalogue: this.#catalogue,
        alias,
        needs: needsOf(request, inputTokens),
        signal,
        priceOf: await this.#expectedPrices(inputTokens),
        discard: (reply) => reply.close(),
        open: (attempt) =>
          openReply(attempt, {
            clients,
            quirks,
            gathering,
            request,
            inputTokens,
            count: (messages, { model }) => this.#deps.counter.prompt(messages, request.tools, model),
            prepare: ({ deployment, mayShorten }, learnt) =>
              this.#deps.preparer.prepare({
                request,
                alias,
                deployment,
                heldTokens,
                mayShorten,
                quirks: learnt,
                summarise: this.#deps.summarise,
              }),
          }),
      },
      this.trail,
    );
  }

  /**
   * Counted where something is reserved by it; else a guess that is good enough to route by, because counting costs.
   */
  async #inputTokens(): Promise<number> {
    const { messages, tools, overflow } = this.#request;
    const most = mostTokens(messages, tools);
    if (rulesFor({ catalogue: this.#catalogue, alias: this.#alias, identity: this.#call.identity }).length === 0)
      return Math.ceil(most / 3);
    const models = this.#alias.targets.map(({ deployment }) => deployment);
    const counted = await this.#deps.counter.prompt(messages, tools, models[0]!.model);
    // What does not fit will be dropped, and need not be paid.
    const limits =
      overflow === 'fail'
        ? []
        : models.map((deployment) => roomOf(deployment, {}, this.#request.maxTokens, undefined).input ?? Infinity);
    return Math.min(counted, Math.max(0, ...limits, limits.length === 0 ? Infinity : 0));
  }

  /** Only the strategy `cheapest` asks, and only it pays for loading the price table. */
  async #expectedPrices(inputTokens: number): Promise<(deployment: Deployment) => bigint | undefined> {
    const { strategy, targets } = this.#alias;
    if (strategy !== 'cheapest') return () => undefined;
    const outputTokens = this.#request.maxTokens ?? Math.max(200, Math.ceil(inputTokens / 4));
    const costs = new Map<Deployment, bigint | undefined>();
    for (const { deployment } of targets) {
      const price = await this.#deps.prices.of(deployment);
      costs.set(deployment, price && costOfUsage(price, { ...NO_USAGE, inputTokens, outputTokens }));
    }
    return (deployment) => costs.get(deployment);
  }
}

/** Returns whether the messages of a request are all that the answer depends on, so that it may be kept. */
export const keepable = (parts: readonly ReplyPart[]): boolean => {
  const end = parts.at(-1);
  return end?.type === 'end' && (end.reason === 'stop' || end.reason === 'length' || end.reason === 'tool_calls');
};
