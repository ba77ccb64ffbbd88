import { CodedError } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import {
  type Accounting,
  type CallEnd,
  firstDeployment,
  NO_USAGE,
  type OpenAccount,
} from '../accounting/accounting.ts';
import type { StoredReply } from '../cache/reply-cache.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { resolveAlias } from '../catalogue/resolve.ts';
import { type ChatPart, type ChatStream, collect } from '../chat-stream.ts';
import type { ChatMessage } from '../messages.ts';
import type { CountOptions, ModelsOptions } from '../models.ts';
import type { FinishReason } from '../provider/deltas.ts';
import { codedFailure, ProviderFailure } from '../provider/failure.ts';
import type { CacheState, LlmCallRecord } from '../records/record.ts';
import type { CallContext, ChatRequest } from '../requests.ts';
import { summaryPrompt } from '../tokens/fit.ts';
import { checkRequest } from './check-request.ts';
import { ProviderReply, type ProviderReplyDependencies, type ReplyPart } from './provider-reply.ts';
import type { ReplySource, ReplySources } from './reply-sources.ts';

export interface ChatDependencies extends Omit<ProviderReplyDependencies, 'summarise'> {
  readonly catalogue: () => Promise<Catalogue>;
  readonly sources: ReplySources;
  readonly accounting: Accounting;
  readonly embedForCache: ModelsOptions['embedForCache'];
  readonly log: Logger;
}

/** How one caller's share of a reply is read and ended. */
interface Reading {
  readonly source: ProviderReply;
  next(): Promise<ReplyPart>;
  /** What the cache did for this caller as far as the beginning tells. */
  readonly cache: CacheState;
  /** And at its end: of those who followed one call, one has paid. */
  finalCache(): CacheState;
  /** Ends the request when its reader leaves, unless others follow it. */
  stop(): void;
  /** After the record: whose it is depends on who is still there. */
  leave(): void;
}

const NEVER = new AbortController().signal;

/** The chat calls, from request to record. */
export class ChatCalls {
  readonly #deps: ChatDependencies;

  constructor(deps: ChatDependencies) {
    this.#deps = deps;
  }

  stream(request: ChatRequest, call: CallContext): ChatStream {
    const { promise, resolve } = Promise.withResolvers<LlmCallRecord | undefined>();
    const parts = this.#run(request, call, resolve);
    return { record: promise, [Symbol.asyncIterator]: () => parts };
  }

  async *#run(
    request: ChatRequest,
    call: CallContext,
    recorded: (record: LlmCallRecord | undefined) => void,
  ): AsyncGenerator<ChatPart, void, undefined> {
    let account: OpenAccount | undefined;
    let reading: Reading | undefined;
    try {
      checkRequest(request);
      const catalogue = await this.#deps.catalogue();
      const alias = resolveAlias(catalogue, request.model, 'chat');
      account = this.#deps.accounting.begin('chat', alias.id, call);
      const { embedForCache } = this.#deps;
      const reply = await this.#deps.sources.find(
        alias,
        request,
        call,
        () => this.#ask(catalogue, alias.id, request, call),
        embedForCache && ((texts) => embedForCache(texts, call)),
      );
      if (reply.kind === 'kept') {
        yield* replay(reply.stored, reply.cache, catalogue, account, call);
        return;
      }
      reading = read(reply, call.signal ?? NEVER);
      // Flat on purpose: this loop runs for every piece of every reply.
      for (;;) {
        const part = await reading.next();
        if (part.type === 'start') {
          account.firstContent();
          yield { ...part, cache: reading.cache };
        } else if (part.type === 'end') {
          const record = await this.#finish(reading, account, part.reason);
          yield { type: 'finish', reason: part.reason, usage: record.usage, record };
          return;
        } else {
          yield part;
        }
      }
    } catch (error) {
      throw await this.#failed(error, account, reading);
    } finally {
      // Before anything is counted: the provider must not go on for it.
      reading?.stop();
      // Not closed yet: the consumer left the loop, which is as good as its signal.
      recorded(
        await (account?.closed ?? account?.end(await endOf(reading, { outcome: 'stopped', finishReason: 'stopped' }))),
      );
      await this.#leave(reading, account);
    }
  }

  async #finish(reading: Reading, account: OpenAccount, reason: FinishReason): Promise<LlmCallRecord> {
    const outcome = reason === 'stopped' ? 'stopped' : reason === 'content_filter' ? 'filtered' : 'ok';
    const record = await account.end(await endOf(reading, { outcome, finishReason: reason }));
    await this.#leave(reading, account);
    return record;
  }

  #ask(catalogue: Catalogue, alias: string, request: ChatRequest, call: CallContext): ProviderReply {
    const summarise = (summariser: string, messages: readonly ChatMessage[], maxTokens: number) =>
      this.#summarise(summariser, messages, maxTokens, call);
    return new ProviderReply({ ...this.#deps, summarise }, catalogue, catalogue.aliases.get(alias)!, request, call);
  }

  /** Settles what was reserved, once, with the record of the call that pays. */
  async #leave(reading: Reading | undefined, account: OpenAccount | undefined): Promise<void> {
    if (!reading) return;
    const record = await account?.closed;
    if (record && record.cache !== 'shared') await reading.source.settle(record);
    reading.leave();
  }

  async #failed(error: unknown, account: OpenAccount | undefined, reading: Reading | undefined): Promise<unknown> {
    const begun = reading?.source.begun ?? false;
    const phase = begun ? 'after_first_token' : 'before_first_token';
    if (begun) this.#deps.log.warn({ alias: account?.alias, err: error }, 'reply broke off');
    const coded = error instanceof ProviderFailure ? codedFailure(error, account?.alias ?? '', phase) : error;
    const errorCode = coded instanceof CodedError ? coded.code : 'INTERNAL_SERVER_ERROR';
    const outcome = begun ? 'interrupted' : errorCode === 'CONTENT_FILTERED' ? 'filtered' : 'failed';
    await account?.end(await endOf(reading, { outcome, errorCode }));
    return coded;
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

  /** What would be left out of a request, at the deployment that is asked first. */
  async leftOut(
    request: Pick<ChatRequest, 'model' | 'messages' | 'maxTokens' | 'tools'>,
    reserve: number,
  ): Promise<readonly string[]> {
    const { catalogue, quirks, preparer } = this.#deps;
    const alias = resolveAlias(await catalogue(), request.model, 'chat');
    const deployment = firstDeployment(alias);
    return deployment ? preparer.leftOut(request, deployment, quirks.of(deployment), reserve) : [];
  }

  /** Tokens of a prompt, for a model or the default one. */
  async count(messages: readonly ChatMessage[], options: CountOptions = {}): Promise<number> {
    const alias = resolveAlias(await this.#deps.catalogue(), options.model, 'chat');
    return this.#deps.counter.prompt(messages, options.tools, firstDeployment(alias)?.model ?? alias.id);
  }
}

function read(reply: Exclude<ReplySource, { kind: 'kept' }>, signal: AbortSignal): Reading {
  if (reply.kind === 'own') {
    const { source } = reply;
    return {
      source,
      next: () => source.next(signal),
      cache: 'off',
      finalCache: () => 'off',
      stop: () => source.close(),
      leave: () => undefined,
    };
  }
  const { shared, follower, cache } = reply;
  return {
    source: shared.source,
    next: shared.reader(signal),
    cache,
    finalCache: () => (shared.pays(follower) ? 'miss' : 'shared'),
    stop: () => undefined,
    leave: () => shared.leave(follower),
  };
}

async function endOf(
  reading: Reading | undefined,
  end: Pick<CallEnd, 'outcome' | 'finishReason' | 'errorCode'>,
): Promise<CallEnd> {
  if (!reading) return { ...end, deployment: undefined, usage: NO_USAGE, cache: 'off' };
  const { source } = reading;
  return {
    ...end,
    deployment: source.deployment,
    usage: await source.usage(),
    cache: reading.finalCache(),
    ...source.trail,
  };
}

/** A kept reply comes as a stream, piece by piece, and can be stopped as one. */
async function* replay(
  stored: StoredReply,
  cache: CacheState,
  catalogue: Catalogue,
  account: OpenAccount,
  call: CallContext,
): AsyncGenerator<ChatPart, void, undefined> {
  account.firstContent();
  const { alias, deployment, provider, model, usage } = stored;
  let reason: StoredReply['reason'] | 'stopped' = stored.reason;
  yield { type: 'start', alias, deployment, provider, model, cache, context: undefined };
  for (const delta of stored.deltas) {
    if (call.signal?.aborted) {
      reason = 'stopped';
      break;
    }
    yield delta;
  }
  const end: CallEnd = {
    outcome: reason === 'stopped' ? 'stopped' : 'ok',
    deployment: catalogue.deployments.get(deployment),
    usage,
    cache,
    finishReason: reason,
  };
  yield { type: 'finish', reason, usage, record: await account.end(end) };
}
