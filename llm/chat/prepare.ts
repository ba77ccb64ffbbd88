import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Alias, Deployment } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { Quirks } from '../provider/quirks.ts';
import type { ChatRequest } from '../requests.ts';
import { mostTokens, type TokenCounter } from '../tokens/count.ts';
import { type FitReport, fitConversation } from '../tokens/fit.ts';
import { roomOf } from '../tokens/room.ts';

export interface Prepared {
  readonly messages: readonly ChatMessage[];
  /** Absent when everything fitted. */
  readonly context: FitReport | undefined;
  /** Most tokens of the reply; absent when it has no limit. */
  readonly replyTokens: number | undefined;
}

/** A function that asks the alias named by `summariseWith`; undefined when it fails. */
export type Summariser = (
  alias: string,
  messages: readonly ChatMessage[],
  maxTokens: number,
) => Promise<string | undefined>;

export interface Preparation {
  readonly request: Pick<ChatRequest, 'messages' | 'tools' | 'overflow' | 'maxTokens'>;
  readonly alias: Alias;
  readonly deployment: Deployment;
  /** What the budget allows the reply, in tokens. */
  readonly heldTokens: number | undefined;
  readonly mayShorten: boolean;
  readonly quirks: Pick<Quirks, 'window' | 'maxOutput'>;
  readonly summarise: Summariser;
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
    const { request, deployment, quirks, heldTokens } = preparation;
    const { input: limit, reply: replyTokens } = roomOf(deployment, quirks, request.maxTokens, heldTokens);
    // Most conversations fit by far, and to know that needs no tokenizer.
    if (limit === undefined || mostTokens(request.messages, request.tools) <= limit) {
      return { messages: request.messages, context: undefined, replyTokens };
    }
    const overhead = await this.#counter.tools(request.tools, deployment.model);
    if (!preparation.mayShorten || request.overflow === 'fail') {
      const tokens = overhead + (await this.#counter.prompt(request.messages, undefined, deployment.model));
      if (tokens > limit)
        throw new ProviderFailure('context_window', `the conversation takes ${tokens} tokens, ${limit} are allowed`);
      return { messages: request.messages, context: undefined, replyTokens };
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
    return { messages: fitted.messages, context: whole ? undefined : fitted.report, replyTokens };
  }

  /** Returns the ids of messages that do not fit; none where what must stay does not fit either. */
  async leftOut(
    request: Pick<ChatRequest, 'messages' | 'tools' | 'maxTokens'>,
    deployment: Deployment,
    quirks: Preparation['quirks'],
    reserve: number,
  ): Promise<readonly string[]> {
    const room = roomOf(deployment, quirks, request.maxTokens, undefined).input;
    if (room === undefined || mostTokens(request.messages, request.tools) <= room - reserve) return [];
    const overhead = await this.#counter.tools(request.tools, deployment.model);
    const { messages } = request;
    const limit = room - reserve;
    try {
      const { report } = await fitConversation({
        messages,
        model: deployment.model,
        counter: this.#counter,
        limit,
        overhead,
      });
      return report.dropped;
    } catch (error) {
      if (error instanceof ProviderFailure) return [];
      throw error;
    }
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
