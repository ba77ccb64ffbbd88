import type { Deployment } from '../catalogue/catalogue.ts';
import type { FinishReason } from '../chat-stream.ts';
import type { ChatMessage } from '../messages.ts';
import type { ChatRequest } from '../models.ts';
import { chatBody } from '../provider/body.ts';
import type { Clients } from '../provider/clients.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { QuirkBook } from '../provider/quirks.ts';
import { type Delta, type ProviderEnd, providerStream } from '../provider/stream.ts';
import type { Usage } from '../record.ts';
import { booked } from '../routing/attempt.ts';
import type { Attempt } from '../routing/router.ts';
import type { FitReport } from '../tokens/fit.ts';
import type { Prepared } from './prepare.ts';

/** A reply whose first content has come: from here on nobody else may answer. */
export interface OpenReply {
  readonly alias: string;
  readonly deployment: Deployment;
  /** As they were sent. */
  readonly messages: readonly ChatMessage[];
  readonly context: FitReport | undefined;
  /** The parts with one `end`; `stopped` when the signal aborted. Throws ProviderFailure. */
  parts(): AsyncGenerator<Delta | ReplyEnd, void, undefined>;
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
    const stream = providerStream(client, clients, body, signal, deployment.stallMs);
    const { value: first } = await stream.next();
    if (!first) return undefined;
    if (first.type === 'end' && first.reason === 'content_filter') {
      throw new ProviderFailure('content_policy', 'the reply was withheld');
    }
    const close = () => {
      release();
      void stream.return().catch(() => undefined);
    };
    const parts = async function* (): AsyncGenerator<Delta | ReplyEnd, void, undefined> {
      try {
        let part: Delta | ProviderEnd = first;
        while (part.type !== 'end') {
          yield part;
          const next = await stream.next();
          if (next.done) {
            yield { type: 'end', reason: 'stopped', usage: undefined };
            return;
          }
          part = next.value;
        }
        yield part;
      } catch (error) {
        if (error instanceof ProviderFailure) state.failed(Date.now(), error, key);
        throw error;
      } finally {
        close();
      }
    };
    return { alias: attempt.alias.id, deployment, messages, context, parts, close };
  });
}
