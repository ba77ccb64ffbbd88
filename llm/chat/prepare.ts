import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Alias, Deployment } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { ChatRequest } from '../requests.ts';
import { mostTokens, type TokenCounter } from '../tokens/count.ts';
import { type FitReport, fitConversation } from '../tokens/fit.ts';

export interface Prepared {
  readonly messages: readonly ChatMessage[];
  /** Absent when everything fitted. */
  readonly context: FitReport | undefined;
}

/** A function that asks the alias named by `summariseWith`; undefined when it fails. */
export type Summariser = (
  alias: string,
  messages: readonly ChatMessage[],
  maxTokens: number,
) => Promise<string | undefined>;

export interface Preparation {
  readonly request: Pick<ChatRequest, 'messages' | 'tools' | 'overflow'>;
  readonly alias: Alias;
  readonly deployment: Deployment;
  readonly wantedTokens: number | undefined;
  readonly mayShorten: boolean;
  readonly learntWindow: number | undefined;
  readonly summarise: Summariser;
}

/**
 * Returns how many tokens the input may have. Without a known limit of its own a reply gets a quarter of the window.
 */
export function inputLimit(
  deployment: Deployment,
  wantedTokens: number | undefined,
  learntWindow?: number,
): number | undefined {
  const window = Math.min(deployment.contextWindow ?? Infinity, learntWindow ?? Infinity);
  if (window === Infinity) return undefined;
  return window - (wantedTokens ?? Math.min(deployment.maxOutputTokens ?? Infinity, Math.floor(window / 4)));
}

/** The preparer, which makes conversations fit deployments. */
export class Preparer {
  readonly #counter: TokenCounter;
  /** The same older messages are summarised once, not with every turn. */
  readonly #summaries = new LRUCache<string, string>({ max: 500 });

  constructor(counter: TokenCounter) {
    this.#counter = counter;
  }

  /** @throws ProviderFailure `context_window`. */
  async prepare(preparation: Preparation): Promise<Prepared> {
    const { request, deployment } = preparation;
    const limit = inputLimit(deployment, preparation.wantedTokens, preparation.learntWindow);
    // Most conversations fit by far, and to know that needs no tokenizer.
    if (limit === undefined || mostTokens(request.messages, request.tools) <= limit) {
      return { messages: request.messages, context: undefined };
    }
    const overhead = await this.#counter.tools(request.tools, deployment.model);
    if (!preparation.mayShorten || request.overflow === 'fail') {
      const tokens = overhead + (await this.#counter.prompt(request.messages, undefined, deployment.model));
      if (tokens > limit)
        throw new ProviderFailure('context_window', `the conversation takes ${tokens} tokens, ${limit} are allowed`);
      return { messages: request.messages, context: undefined };
    }
    const fitted = await fitConversation({
      messages: request.messages,
      model: deployment.model,
      counter: this.#counter,
      limit,
      overhead,
      summarise: this.#summariser(preparation),
    });
    const whole = fitted.report.dropped.length === 0 && fitted.report.summarised.length === 0;
    return { messages: fitted.messages, context: whole ? undefined : fitted.report };
  }

  #summariser({ alias, summarise }: Preparation) {
    const { summariseWith } = alias;
    if (summariseWith === undefined) return undefined;
    return async (messages: readonly ChatMessage[], maxTokens: number): Promise<string | undefined> => {
      const key = createHash('sha256')
        .update(JSON.stringify([summariseWith, maxTokens, messages]))
        .digest('base64url');
      const known = this.#summaries.get(key);
      if (known !== undefined) return known;
      const summary = await summarise(summariseWith, messages, maxTokens);
      if (summary !== undefined) this.#summaries.set(key, summary);
      return summary;
    };
  }
}
