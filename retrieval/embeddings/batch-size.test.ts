import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EndpointEmbedder } from './endpoint-embedder.ts';

/** Endpoints that take few texts at once, in their own words. */
const SERVERS: [string, number, (given: number) => [number, object]][] = [
  [
    'DashScope',
    10,
    () => [
      400,
      {
        error: {
          code: 'InvalidParameter',
          message:
            '<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger than 10.: input.contents',
          type: 'InvalidParameter',
        },
      },
    ],
  ],
  [
    'Text Embeddings Inference',
    32,
    (given) => [413, { error: `batch size ${given} > maximum allowed batch size 32`, error_type: 'Validation' }],
  ],
  ['Gemini', 100, () => [400, { error: { code: 400, message: 'at most 100 requests can be in one batch' } }]],
  ['one that names no number', 7, () => [422, { detail: 'too many inputs' }]],
];

describe('an endpoint that takes few texts at once', () => {
  let server: http.Server;
  afterEach(() => void server.close());

  /** An embedder at an endpoint that refuses by `refusalOf`, and how many texts each of its requests held. */
  async function endpoint(refusalOf: (texts: readonly string[]) => [number, object] | undefined) {
    const sizes: number[] = [];
    server = http.createServer(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const { input } = JSON.parse(Buffer.concat(pieces).toString()) as { input: string[] };
      sizes.push(input.length);
      const data = input.map((text, index) => ({ index, embedding: [Number.parseInt(text, 10) || 1, 1] }));
      const [status, body] = refusalOf(input) ?? [200, { data, usage: { prompt_tokens: 1 } }];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    return { sizes, embedder: await EndpointEmbedder.connect({ baseUrl: `http://127.0.0.1:${port}/v1` }, 'any') };
  }

  it.each(SERVERS)('%s is given as many as it takes, from then on at once', async (_name, most, refusal) => {
    const { sizes, embedder } = await endpoint(({ length }) => (length > most ? refusal(length) : undefined));
    const texts = Array.from({ length: 250 }, (_, index) => String(index + 1));
    const vectors = await embedder.embed(texts);
    expect(vectors.map(([one, two]) => Math.round(one! / two!))).toEqual(texts.map(Number));
    sizes.length = 0;
    await embedder.embed(texts);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
  });

  it.each([
    [400, "This model's maximum context length is 8192 tokens, however you requested 9000 tokens."],
    [413, 'Input validation error: `inputs` must have less than 512 tokens. Given: 9000'],
    [400, 'the input length exceeds the context length'],
  ])(
    'is given one text that is too long by its beginning, and the others as many as before (%i, %s)',
    async (status, message) => {
      const { sizes, embedder } = await endpoint((texts) =>
        texts.some((text) => text.length > 8_000) ? [status, { error: { message } }] : undefined,
      );
      const texts = Array.from({ length: 96 }, (_, index) => `${index + 1} ${'😀'.repeat(index === 40 ? 20_000 : 1)}`);
      const vectors = await embedder.embed(texts);
      expect(vectors.map(([one, two]) => Math.round(one! / two!))).toEqual(
        texts.map((text) => Number.parseInt(text, 10)),
      );
      sizes.length = 0;
      await embedder.embed(texts.filter((text) => text.length < 100));
      expect(sizes).toEqual([95]);
    },
  );
});
