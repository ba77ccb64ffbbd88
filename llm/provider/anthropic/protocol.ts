import { brokenAnswer, failureOf } from '../classify.ts';
import { ProviderFailure } from '../failure.ts';
import type { Protocol } from '../protocol.ts';
import type { ProviderResponse } from '../transport.ts';
import { messagesBody } from './body.ts';
import { MessagesReader } from './reader.ts';
import { citableIn } from './sources.ts';

/** Anthropic's own protocol, by its SDK: thoughts with their signatures, prompt caching, schemas, citations. */
export const ANTHROPIC: Protocol = {
  takesStop: true,
  body: messagesBody,
  async ask(clients, provider, key, body, signal) {
    const [{ default: Anthropic }, fetch] = await Promise.all([import('@anthropic-ai/sdk'), clients.fetch()]);
    const client = new Anthropic({
      apiKey: key ?? 'none',
      authToken: null,
      baseURL: provider.baseUrl,
      defaultHeaders: provider.headers,
      // Retries and time limits are this layer's.
      maxRetries: 0,
      timeout: 24 * 3_600_000,
      logLevel: 'off',
      fetch,
    });
    try {
      return (await client.messages
        .create(body as unknown as Parameters<typeof client.messages.create>[0], { signal })
        .asResponse()) as unknown as ProviderResponse;
    } catch (error) {
      if (error instanceof Anthropic.APIConnectionError)
        throw new ProviderFailure('unreachable', reasonOf(error), { cause: error });
      if (!(error instanceof Anthropic.APIError)) throw brokenAnswer(error);
      const { status, type, message, headers } = error;
      throw failureOf({ status, type, message, headers, cause: error });
    }
  },
  reader: (question) => new MessagesReader(citableIn(question)),
};

const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message}: ${cause.message}` : message;
