import type { CodedError } from '#platform/errors/errors.ts';
import type { Logger } from '#platform/log/log.ts';
import { type Accounting, type CallEnd, firstDeployment, NO_USAGE, type OpenAccount } from '../accounting.ts';
import type { Alias, Catalogue, Deployment } from '../catalogue/catalogue.ts';
import { resolveAlias } from '../catalogue/resolve.ts';
import { type ChatPart, type ChatStream, collect } from '../chat-stream.ts';
import type { ChatMessage } from '../messages.ts';
import type { CallContext, ChatRequest, CountOptions, FitOptions } from '../models.ts';
import { costOfUsage, type Prices } from '../prices.ts';
import type { Clients } from '../provider/clients.ts';
import { codedFailure, ProviderFailure } from '../provider/failure.ts';
import { QuirkBook } from '../provider/quirks.ts';
import type { LlmCallRecord, Usage } from '../record.ts';
import { needsOf } from '../routing/eligible.ts';
import type { Router, Trail } from '../routing/router.ts';
import { mostTokens, type TokenCounter } from '../tokens/count.ts';
import { type Fitted, summaryPrompt } from '../tokens/fit.ts';
import { checkRequest } from './check-request.ts';
import { type OpenReply, openReply } from './open-reply.ts';
import { inputLimit, Preparer } from './prepare.ts';

export interface ChatDependencies {
  readonly catalogue: () => Promise<Catalogue>;
  readonly router: Router;
  readonly clients: Clients;
  readonly counter: TokenCounter;
  readonly prices: Prices;
  readonly accounting: Accounting;
  readonly log: Logger;
}

/** What became of a reply so far; read for its record. */
interface Progress {
  reply: OpenReply | undefined;
  text: string;
  readonly trail: Trail;
}

const NEVER = new AbortController().signal;

/** Chat calls from request to record. */
export class ChatCalls {
  readonly #deps: ChatDependencies;
  readonly #quirks = new QuirkBook();
  readonly #preparer: Preparer;

  constructor(deps: ChatDependencies) {
    this.#deps = deps;
    this.#preparer = new Preparer(deps.counter);
  }

  stream(request: ChatRequest, call: CallContext): ChatStream {
    const { promise, resolve } = Promise.withResolvers<LlmCallRecord | undefined>();
    const parts = this.#run(request, call, resolve);
    return { record: promise, [Symbol.asyncIterator]: () => parts };
  }

  /** Tokens of a prompt, for a model or the default one. */
  async count(messages: readonly ChatMessage[], options: CountOptions = {}): Promise<number> {
    const alias = resolveAlias(await this.#deps.catalogue(), options.model, 'chat');
    return this.#deps.counter.prompt(messages, options.tools, firstDeployment(alias)?.model ?? alias.id);
  }

  async fit(messages: readonly ChatMessage[], options: FitOptions, call: CallContext): Promise<Fitted> {
    const alias = resolveAlias(await this.#deps.catalogue(), options.model, 'chat');
    const deployment = firstDeployment(alias)!;
    const request = { messages, ...(options.tools && { tools: options.tools }) };
    try {
      const prepared = await this.#preparer.prepare({
        request,
        alias,
        deployment,
        wantedTokens: options.maxTokens,
        mayShorten: true,
        learntWindow: this.#quirks.of(deployment).window,
        summarise: (summariser, older, maxTokens) => this.#summarise(summariser, older, maxTokens, call),
      });
      if (prepared.context) return { messages: prepared.messages, report: prepared.context };
      const inputTokens = await this.#deps.counter.prompt(messages, options.tools, deployment.model);
      const kept = messages.map((message, index) => message.id ?? `#${index}`);
      const limit = inputLimit(deployment, options.maxTokens, this.#quirks.of(deployment).window);
      return {
        messages,
        report: { inputTokens, inputLimit: limit ?? Number.MAX_SAFE_INTEGER, kept, dropped: [], summarised: [] },
      };
    } catch (error) {
      throw error instanceof ProviderFailure ? codedFailure(error, alias.id, 'before_first_token') : error;
    }
  }

  async *#run(
    request: ChatRequest,
    call: CallContext,
    recorded: (record: LlmCallRecord | undefined) => void,
  ): AsyncGenerator<ChatPart, void, undefined> {
    let account: OpenAccount | undefined;
    const progress: Progress = { reply: undefined, text: '', trail: { retries: 0, fallbacks: 0 } };
    try {
      checkRequest(request);
      const catalogue = await this.#deps.catalogue();
      const alias = resolveAlias(catalogue, request.model, 'chat');
      account = this.#deps.accounting.begin('chat', alias.id, call);
      yield* this.#reply(request, call, catalogue, alias, account, progress);
    } catch (error) {
      throw await this.#failed(error, request, account, progress);
    } finally {
      progress.reply?.close();
      // Not closed yet: the consumer left the loop, which is as good as its signal.
      recorded(await (account?.closed ?? account?.end(await this.#stopped(request, progress))));
    }
  }

  async *#reply(
    request: ChatRequest,
    call: CallContext,
    catalogue: Catalogue,
    alias: Alias,
    account: OpenAccount,
    progress: Progress,
  ): AsyncGenerator<ChatPart, void, undefined> {
    const reply = await this.#open(request, call, catalogue, alias, progress.trail);
    if (!reply) {
      const end: CallEnd = {
        outcome: 'stopped',
        deployment: undefined,
        usage: NO_USAGE,
        cache: 'off',
        ...progress.trail,
        finishReason: 'stopped',
      };
      yield { type: 'finish', reason: 'stopped', usage: NO_USAGE, record: await account.end(end) };
      return;
    }
    progress.reply = reply;
    account.firstContent();
    const { deployment, context } = reply;
    yield {
      type: 'start',
      alias: reply.alias,
      provider: deployment.provider.id,
      deployment: deployment.id,
      model: deployment.model,
      cache: 'off',
      context,
    };
    for await (const part of reply.parts()) {
      if (part.type !== 'end') {
        progress.text += part.type === 'tool-call' ? (part.name ?? '') + part.arguments : part.text;
        yield part;
        continue;
      }
      const usage = part.usage ?? (await this.#estimate(request, progress));
      const outcome = part.reason === 'stopped' ? 'stopped' : part.reason === 'content_filter' ? 'filtered' : 'ok';
      const record = await account.end({
        outcome,
        deployment,
        usage,
        cache: 'off',
        ...progress.trail,
        finishReason: part.reason,
      });
      yield { type: 'finish', reason: part.reason, usage, record };
    }
  }

  async #open(
    request: ChatRequest,
    call: CallContext,
    catalogue: Catalogue,
    alias: Alias,
    trail: Trail,
  ): Promise<OpenReply | undefined> {
    const inputTokens = Math.ceil(mostTokens(request.messages, request.tools) / 3);
    const priceOf = await this.#expectedPrices(alias, inputTokens, request.maxTokens);
    const { clients, router } = this.#deps;
    return router.open<OpenReply>(
      {
        catalogue,
        alias,
        needs: needsOf(request, inputTokens),
        signal: call.signal ?? NEVER,
        priceOf,
        discard: (reply) => reply.close(),
        open: (attempt) =>
          openReply(attempt, {
            clients,
            quirks: this.#quirks,
            request,
            wantedTokens: request.maxTokens,
            inputTokens,
            prepare: ({ deployment, mayShorten }, learntWindow) =>
              this.#preparer.prepare({
                request,
                alias,
                deployment,
                wantedTokens: request.maxTokens,
                mayShorten,
                learntWindow,
                summarise: (summariser, messages, maxTokens) => this.#summarise(summariser, messages, maxTokens, call),
              }),
          }),
      },
      trail,
    );
  }

  /** Only the strategy `cheapest` asks, and only it pays for loading the price table. */
  async #expectedPrices(
    alias: Alias,
    inputTokens: number,
    maxTokens: number | undefined,
  ): Promise<(deployment: Deployment) => bigint | undefined> {
    if (alias.strategy !== 'cheapest') return () => undefined;
    const usage: Usage = {
      ...NO_USAGE,
      inputTokens,
      outputTokens: maxTokens ?? Math.max(200, Math.ceil(inputTokens / 4)),
    };
    const costs = new Map<Deployment, bigint | undefined>();
    for (const { deployment } of alias.targets) {
      const price = await this.#deps.prices.of(deployment);
      costs.set(deployment, price && costOfUsage(price, usage));
    }
    return (deployment) => costs.get(deployment);
  }

  async #summarise(
    alias: string,
    messages: readonly ChatMessage[],
    maxTokens: number,
    call: CallContext,
  ): Promise<string | undefined> {
    try {
      const request: ChatRequest = {
        model: alias,
        messages: summaryPrompt(messages, maxTokens),
        maxTokens,
        overflow: 'fail',
      };
      const { text } = await collect(this.stream(request, { ...call, purpose: 'summary' }));
      return text.trim() || undefined;
    } catch (error) {
      this.#deps.log.warn({ err: error, alias }, 'no summary of older messages; they are dropped');
      return undefined;
    }
  }

  async #failed(
    error: unknown,
    request: ChatRequest,
    account: OpenAccount | undefined,
    progress: Progress,
  ): Promise<unknown> {
    const begun = progress.reply !== undefined;
    const coded: CodedError | undefined =
      error instanceof ProviderFailure
        ? codedFailure(error, account?.alias ?? '', begun ? 'after_first_token' : 'before_first_token')
        : undefined;
    if (begun && error instanceof ProviderFailure)
      this.#deps.log.warn({ alias: account?.alias, kind: error.kind, err: error }, 'reply broke off');
    const code = coded?.code ?? (error as { code?: unknown }).code;
    await account?.end({
      outcome: begun ? 'interrupted' : code === 'CONTENT_FILTERED' ? 'filtered' : 'failed',
      deployment: progress.reply?.deployment,
      usage: begun ? await this.#estimate(request, progress) : NO_USAGE,
      cache: 'off',
      ...progress.trail,
      errorCode: typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR',
    });
    return coded ?? error;
  }

  async #stopped(request: ChatRequest, progress: Progress): Promise<CallEnd> {
    const usage = progress.reply ? await this.#estimate(request, progress) : NO_USAGE;
    return {
      outcome: 'stopped',
      deployment: progress.reply?.deployment,
      usage,
      cache: 'off',
      ...progress.trail,
      finishReason: 'stopped',
    };
  }

  /** For replies whose provider told no usage: it never does when the request was aborted (openai-node #1505). */
  async #estimate(request: ChatRequest, { reply, text }: Progress): Promise<Usage> {
    if (!reply) return { ...NO_USAGE, estimated: true };
    const { counter } = this.#deps;
    const { model } = reply.deployment;
    const inputTokens = await counter.prompt(reply.messages, request.tools, model);
    return { ...NO_USAGE, inputTokens, outputTokens: await counter.text(text, model), estimated: true };
  }
}
