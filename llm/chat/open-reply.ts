import type { Deployment } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import { chatBody } from '../provider/body.ts';
import type { Clients } from '../provider/clients.ts';
import type { FinishReason } from '../provider/deltas.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { QuirkBook } from '../provider/quirks.ts';
import { type Delta, type ProviderEnd, ProviderStream } from '../provider/stream.ts';
import type { Usage } from '../record.ts';
import type { ChatRequest } from '../requests.ts';
import { booked } from '../routing/attempt.ts';
import type { Attempt } from '../routing/router.ts';
import type { FitReport } from '../tokens/fit.ts';
import type { Prepared } from './prepare.ts';

/** A reply whose first content has come: from here on no other deployment may answer. */
export interface OpenReply {
  readonly alias: string;
  readonly deployment: Deployment;
  /** As they were sent. */
  readonly messages: readonly ChatMessage[];
  readonly context: FitReport | undefined;
  /** The next part, up to one `end`: with `stopped` when the signal aborted. Throws ProviderFailure. */
  next(): Promise<Delta | ReplyEnd>;
  /** Ends the request if it still runs. */
  close(): void;
}

export interface ReplyEnd {
  readonly type: 'end';
  readonly reason: FinishReason;
  readonly usage: Usage | undefined;
}

export interface ReplyOptions {
  readonly clients: Clients;
  readonly quirks: QuirkBook;
  readonly request: ChatRequest;
  readonly wantedTokens: number | undefined;
  readonly inputTokens: number;
  readonly prepare: (attempt: Attempt, learntWindow: number | undefined) => Promise<Prepared>;
}

/** Asks one deployment and waits for its first content; undefined when the signal aborted before. */
export async function openReply(attempt: Attempt, options: ReplyOptions): Promise<OpenReply | undefined> {
  try {
    return await ask(attempt, options);
  } catch (error) {
    if (!(error instanceof ProviderFailure) || !options.quirks.learn(attempt.deployment, error)) throw error;
    return openReply(attempt, options);
  }
}

async function ask(attempt: Attempt, options: ReplyOptions): Promise<OpenReply | undefined> {
  const { deployment, state, signal } = attempt;
  const { clients, request } = options;
  const quirks = options.quirks.of(deployment);
  const { messages, context } = await options.prepare(attempt, quirks.window);
  const body = chatBody(deployment, request, messages, options.wantedTokens, quirks);
  return booked(attempt, options.inputTokens, async (key, release) => {
    const client = await clients.for(deployment.provider, key);
    const stream = new ProviderStream(client, clients, body, signal, deployment.stallMs);
    const close = () => {
      release();
      stream.close();
    };
    let first: Delta | ProviderEnd | undefined;
    try {
      first = await stream.next();
      if (first?.type === 'end' && first.reason === 'content_filter')
        throw new ProviderFailure('content_policy', 'the reply was withheld');
    } catch (error) {
      close();
      throw error;
    }
    if (!first) {
      close();
      return undefined;
    }
    const next = async (): Promise<Delta | ReplyEnd> => {
      if (first) {
        const part = first;
        first = undefined;
        return part;
      }
      try {
        return (await stream.next()) ?? { type: 'end', reason: 'stopped', usage: undefined };
      } catch (error) {
        if (error instanceof ProviderFailure) state.failed(Date.now(), error, key);
        throw error;
      }
    };
    return { alias: attempt.alias.id, deployment, messages, context, next, close };
  });
}
