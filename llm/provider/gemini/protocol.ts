import { brokenAnswer, failureOf } from '../classify.ts';
import { errorOf } from '../error-body.ts';
import { ProviderFailure } from '../failure.ts';
import type { Protocol } from '../protocol.ts';
import type { ProviderResponse } from '../transport.ts';
import { generateBody } from './body.ts';
import { GenerateReader } from './reader.ts';

/** Google's own protocol, by its SDK: thoughts, their signatures, what its cache had, and why a prompt was blocked. */
export const GEMINI: Protocol = {
  takesStop: true,
  body: generateBody,
  async ask(clients, provider, key, body, signal) {
    const [{ GoogleGenAI }, send] = await Promise.all([import('@google/genai'), clients.fetch()]);
    const answered = Promise.withResolvers<ProviderResponse>();
    const client = new GoogleGenAI({
      vertexai: false,
      apiKey: key ?? 'none',
      httpOptions: {
        baseUrl: provider.baseUrl,
        headers: { ...provider.headers },
        // The SDK writes the request. The answer is read here, as the other providers' are: its headers tell how long
        // to wait, and a stream may come in any framing.
        fetch: async (input, init) => {
          const { method, headers, body: text } = init ?? {};
          const wanted = { method, headers: new Headers(headers), body: text, signal } as RequestInit;
          const response = (await send(String(input), wanted)) as unknown as ProviderResponse;
          answered.resolve(response);
          return new Response(null, { headers: { 'content-type': 'text/event-stream' } });
        },
      },
    });
    const params = body as unknown as Parameters<typeof client.models.generateContentStream>[0];
    client.models.generateContentStream(params).catch(answered.reject);
    let response: ProviderResponse;
    try {
      response = await answered.promise;
    } catch (error) {
      throw isConnection(error)
        ? new ProviderFailure('unreachable', error.message, { cause: error })
        : brokenAnswer(error);
    }
    if (response.ok) return response;
    const text = await response.text();
    const { message, status } = errorIn(text);
    throw failureOf({ status: response.status, type: status, message, headers: response.headers });
  },
  reader: () => new GenerateReader(),
};

/** Node's word for what kept a connection from being made. */
const isConnection = (error: unknown): error is Error =>
  error instanceof Error && ('code' in error || error.cause instanceof Error);

function errorIn(text: string): { message: string; status: string | undefined } {
  try {
    const { message, status } = errorOf(JSON.parse(text) as Readonly<Record<string, unknown>>) ?? {};
    return {
      message: typeof message === 'string' ? `${message}${delayIn(text)}` : text,
      status: typeof status === 'string' ? status : undefined,
    };
  } catch {
    return { message: text, status: undefined };
  }
}

/** How long to wait stands among the details. */
const delayIn = (text: string): string => /"retryDelay":\s*"[\d.]+s"/.exec(text)?.[0].replace(/^/, ' ') ?? '';
