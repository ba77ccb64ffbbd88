import type { OpenAI } from 'openai';
import { classify } from '../classify.ts';
import type { Protocol } from '../protocol.ts';
import type { ProviderResponse } from '../transport.ts';
import { responsesBody } from './body.ts';
import { ResponsesReader } from './reader.ts';

/** OpenAI's Responses API, in which a model goes on thinking where it was before a tool was called. */
export const RESPONSES: Protocol = {
  takesStop: false,
  body: responsesBody,
  async ask(clients, provider, key, body, signal) {
    const client = await clients.for(provider, key);
    try {
      return (await client.responses
        .create(body as unknown as OpenAI.Responses.ResponseCreateParamsStreaming, { signal })
        .asResponse()) as unknown as ProviderResponse;
    } catch (error) {
      throw classify(error, (await clients.package()).OpenAI);
    }
  },
  reader: () => new ResponsesReader(),
};
