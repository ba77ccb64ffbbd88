import type { OpenAI } from 'openai';
import type { Logger } from '#platform/base/log/log.ts';
import { type Accounting, NO_USAGE } from '../accounting/accounting.ts';
import type { Held, LimitKeeper } from '../budgets/limit-keeper.ts';
import type { Capabilities, Catalogue, Deployment } from '../catalogue/catalogue.ts';
import { resolveAlias } from '../catalogue/resolve.ts';
import { classify } from '../provider/classify.ts';
import type { Clients } from '../provider/clients.ts';
import { codedFailure, ProviderFailure } from '../provider/failure.ts';
import type { LlmCallRecord, LlmOperation, Usage } from '../records/record.ts';
import type { CallContext } from '../requests.ts';
import { booked } from '../routing/attempt.ts';
import type { Router } from '../routing/router.ts';

export interface WholeCallDependencies {
  readonly catalogue: () => Promise<Catalogue>;
  readonly router: Router;
  readonly clients: Clients;
  readonly accounting: Accounting;
  readonly limits: LimitKeeper;
  readonly log: Logger;
}

export interface WholeCall<T> {
  readonly operation: Exclude<LlmOperation, 'chat'>;
  readonly capability: keyof Capabilities & ('images' | 'rerank');
  readonly model: string | undefined;
  readonly inputTokens: number;
  /** How many images are asked for. */
  readonly wanted?: number;
  readonly ask: (client: OpenAI, deployment: Deployment, signal: AbortSignal) => Promise<T>;
  readonly usageOf: (answer: T) => Usage;
  readonly images?: (answer: T) => number;
  /** Texts that are embedded or compared. */
  readonly inputs?: number;
}

export interface Answered<T> {
  readonly alias: string;
  readonly deployment: Deployment;
  readonly answer: T;
  readonly record: LlmCallRecord;
}

/** Makes a call whose answer comes in one piece (scores, images), routed, retried and recorded as a chat is. */
export async function wholeCall<T>(
  deps: WholeCallDependencies,
  what: WholeCall<T>,
  call: CallContext,
): Promise<Answered<T>> {
  const catalogue = await deps.catalogue();
  const alias = resolveAlias(catalogue, what.model, what.capability);
  const account = deps.accounting.begin(what.operation, alias.id, call);
  const trail = { retries: 0, fallbacks: 0 };
  const { OpenAI: errors } = await deps.clients.package();
  const signal = call.signal ?? new AbortController().signal;
  let held: Held | undefined;
  try {
    const { inputTokens, wanted } = what;
    held = await deps.limits.hold({
      catalogue,
      alias,
      identity: call.identity,
      inputTokens,
      maxTokens: 0,
      ...(wanted !== undefined && { images: wanted }),
    });
    const opened = await deps.router.open(
      {
        catalogue,
        alias,
        needs: { capabilities: [what.capability], tags: [], inputTokens: what.inputTokens },
        signal,
        priceOf: () => undefined,
        discard: () => undefined,
        open: (attempt) =>
          booked(attempt, what.inputTokens, async (key, release) => {
            const { deployment } = attempt;
            const limit = AbortSignal.timeout(deployment.stallMs);
            try {
              const client = await deps.clients.for(deployment.provider, key);
              return {
                deployment,
                answer: await what.ask(client, deployment, AbortSignal.any([attempt.signal, limit])),
              };
            } catch (error) {
              if (attempt.signal.aborted) return undefined;
              if (limit.aborted) throw new ProviderFailure('stalled', `no answer in ${deployment.stallMs} ms`);
              throw classify(error, errors);
            } finally {
              release();
            }
          }),
      },
      trail,
    );
    if (!opened) {
      await account.end({ outcome: 'stopped', deployment: undefined, usage: NO_USAGE, cache: 'off', ...trail });
      signal.throwIfAborted();
      throw new Error('a call ended without an answer');
    }
    const { deployment, answer } = opened;
    const images = what.images?.(answer) ?? 0;
    const record = await account.end({
      outcome: 'ok',
      deployment,
      usage: what.usageOf(answer),
      cache: 'off',
      images,
      inputs: what.inputs ?? 0,
      ...trail,
    });
    return { alias: alias.id, deployment, answer, record };
  } catch (error) {
    const coded = error instanceof ProviderFailure ? codedFailure(error, alias.id, 'before_first_token') : error;
    const code = (coded as { code?: unknown }).code;
    await account.end({
      outcome: code === 'CONTENT_FILTERED' ? 'filtered' : 'failed',
      deployment: undefined,
      usage: NO_USAGE,
      cache: 'off',
      ...trail,
      errorCode: typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR',
    });
    throw coded;
  } finally {
    const record = await account.closed;
    if (record) await held?.settle(record);
  }
}
