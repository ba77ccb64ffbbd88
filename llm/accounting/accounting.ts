import type { Span } from '@opentelemetry/api';
import { v7 as uuidv7 } from 'uuid';
import type { Logger } from '#platform/base/log/log.ts';
import type { Alias, Deployment } from '../catalogue/catalogue.ts';
import type { ModelsOptions } from '../models.ts';
import type { CacheState, LlmCallRecord, LlmOperation, LlmOutcome, Usage } from '../records/record.ts';
import type { Telemetry } from '../records/telemetry.ts';
import type { CallContext } from '../requests.ts';
import { formatMoney } from './money.ts';
import { costOfUsage, type Prices } from './prices.ts';

export const NO_USAGE: Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

/** The end of a call, as far as only its end knows it. */
export interface CallEnd {
  readonly outcome: LlmOutcome;
  readonly deployment: Deployment | undefined;
  readonly usage: Usage;
  readonly cache: CacheState;
  readonly images?: number;
  readonly inputs?: number;
  readonly retries?: number;
  readonly fallbacks?: number;
  readonly finishReason?: string | undefined;
  readonly errorCode?: string | undefined;
}

/** The maker of the one record of each call. It hands it to metrics, traces and the caller who asked for it. */
export class Accounting {
  readonly #prices: Prices;
  readonly #telemetry: Telemetry;
  readonly #onRecord: ModelsOptions['onRecord'];
  readonly #log: Logger;

  constructor(prices: Prices, telemetry: Telemetry, onRecord: ModelsOptions['onRecord'], log: Logger) {
    this.#prices = prices;
    this.#telemetry = telemetry;
    this.#onRecord = onRecord;
    this.#log = log;
  }

  begin(operation: LlmOperation, alias: string, call: CallContext): OpenAccount {
    return new OpenAccount(operation, alias, call, this.#telemetry.begin(operation, alias), (account, end) =>
      this.#close(account, end),
    );
  }

  async #close(account: OpenAccount, end: CallEnd): Promise<LlmCallRecord> {
    const price = end.deployment ? await this.#prices.of(end.deployment) : undefined;
    const paid = end.cache === 'off' || end.cache === 'miss';
    const cost = !paid || end.deployment === undefined ? 0n : price && costOfUsage(price, end.usage, end.images);
    const now = performance.now();
    const { identity } = account.call;
    const { firstAt, startedAt } = account;
    const streamedMs = firstAt === undefined ? 0 : now - firstAt;
    const record: LlmCallRecord = {
      id: uuidv7(),
      startedAt: account.date.toISOString(),
      operation: account.operation,
      purpose: account.call.purpose ?? (account.operation === 'chat' ? 'reply' : account.operation),
      userId: identity.kind === 'user' ? identity.userId : undefined,
      apiKeyId: identity.kind === 'user' ? identity.apiKeyId : undefined,
      conversationId: account.call.conversationId,
      messageId: account.call.messageId,
      requestId: account.call.requestId,
      alias: account.alias,
      provider: end.deployment?.provider.id,
      deployment: end.deployment?.id,
      model: end.deployment?.model,
      usage: end.usage,
      images: end.images ?? 0,
      inputs: end.inputs ?? 0,
      cost: cost === undefined ? undefined : formatMoney(cost),
      priceSource: price?.source,
      latencyMs: round(now - startedAt),
      timeToFirstTokenMs: firstAt === undefined ? undefined : round(firstAt - startedAt),
      tokensPerSecond:
        end.usage.outputTokens > 1 && streamedMs > 0
          ? round(((end.usage.outputTokens - 1) / streamedMs) * 1000)
          : undefined,
      retries: end.retries ?? 0,
      fallbacks: end.fallbacks ?? 0,
      cache: end.cache,
      outcome: end.outcome,
      finishReason: end.finishReason,
      errorCode: end.errorCode,
    };
    this.#telemetry.end(record, account.span);
    this.#hand(record);
    return record;
  }

  #hand(record: LlmCallRecord): void {
    const failed = (error: unknown) =>
      this.#log.error({ err: error, call: record.id }, 'the record of a model call was not taken');
    try {
      const taken = this.#onRecord?.(record);
      if (taken instanceof Promise) taken.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** A call under way. */
export class OpenAccount {
  readonly date = new Date();
  readonly startedAt = performance.now();
  readonly operation: LlmOperation;
  readonly alias: string;
  readonly call: CallContext;
  readonly span: Span;
  firstAt: number | undefined;
  readonly #close: (account: OpenAccount, end: CallEnd) => Promise<LlmCallRecord>;
  #closed: Promise<LlmCallRecord> | undefined;

  constructor(
    operation: LlmOperation,
    alias: string,
    call: CallContext,
    span: Span,
    close: (account: OpenAccount, end: CallEnd) => Promise<LlmCallRecord>,
  ) {
    this.operation = operation;
    this.alias = alias;
    this.call = call;
    this.span = span;
    this.#close = close;
  }

  /** The record, or its making, once the call has ended. */
  get closed(): Promise<LlmCallRecord> | undefined {
    return this.#closed;
  }

  firstContent(): void {
    this.firstAt ??= performance.now();
  }

  /** The first end counts; a call has one record. */
  end(end: CallEnd): Promise<LlmCallRecord> {
    this.#closed ??= this.#close(this, end);
    return this.#closed;
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** Returns the deployment of an alias that is asked first: its prices are the alias's own. */
export const firstDeployment = (alias: Alias): Deployment | undefined =>
  alias.targets.toSorted((a, b) => a.order - b.order)[0]?.deployment;
