import type { OpenAI } from 'openai';
import { classify } from '../classify.ts';
import type { Protocol } from '../protocol.ts';
import type { ProviderResponse } from '../transport.ts';
import { chatBody } from './body.ts';
import { ChatReader } from './reader.ts';

/** The chat completions of OpenAI, which most servers speak. */
export const CHAT: Protocol = {
  takesStop: true,
  body: ({ deployment, request, messages, maxTokens, quirks }) => ({
    ...chatBody(deployment, request, messages, maxTokens, quirks),
  }),
  async ask(clients, provider, key, body, signal) {
    const client = await clients.for(provider, key);
    try {
      return (await client.chat.completions
        .create(body as unknown as OpenAI.Chat.ChatCompletionCreateParamsStreaming, { signal })
        .asResponse()) as unknown as ProviderResponse;
    } catch (error) {
      throw classify(error, (await clients.package()).OpenAI);
    }
  },
  reader: (question) => new ChatReader(question),
};
