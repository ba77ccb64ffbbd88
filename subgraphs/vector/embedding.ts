import { v7 as uuid } from 'uuid';
import type { Embedder, Embedders } from '#platform/embeddings/embedder.ts';
import { cosine } from '#platform/embeddings/vectors.ts';
import { badInput } from '#platform/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { EventInput } from '#platform/outbox/events.ts';

export type EmbeddingCall = EventInput<'embedding.called'>;

const MOST_TEXTS = 256;
const MOST_OTHERS = 100;
const TEXT_CHARACTERS = 32_768;
/** English letters of a token, on average: the models do not tell. */
const CHARACTERS_PER_TOKEN = 4;

/** Embeds what users send and tells analytics of it. */
export class Embedding {
  readonly #embedders: Embedders;
  readonly #record: (call: EmbeddingCall) => Promise<void>;

  constructor(embedders: Embedders, record: (call: EmbeddingCall) => Promise<void>) {
    this.#embedders = embedders;
    this.#record = record;
  }

  async embed(user: UserIdentity, input: { texts: readonly string[]; model?: string | null }, signal: AbortSignal) {
    checkTexts('input.texts', input.texts, MOST_TEXTS);
    const embedder = await this.#embedders.get(input.model ?? undefined);
    const vectors = await this.#call(user, embedder, 'embed', input.texts, signal);
    return { model: embedder.id, dimensions: embedder.dimensions, vectors };
  }

  async similarity(
    user: UserIdentity,
    input: { text: string; others: readonly string[]; model?: string | null },
    signal: AbortSignal,
  ) {
    checkTexts('input.text', [input.text], 1);
    checkTexts('input.others', input.others, MOST_OTHERS);
    const embedder = await this.#embedders.get(input.model ?? undefined);
    const [own, ...others] = await this.#call(user, embedder, 'similarity', [input.text, ...input.others], signal);
    return { model: embedder.id, threshold: embedder.threshold, scores: others.map((other) => cosine(own!, other)) };
  }

  async #call(
    user: UserIdentity,
    embedder: Embedder,
    operation: string,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<Float32Array[]> {
    const startedAt = new Date();
    const started = performance.now();
    const vectors = await embedder.embed(texts, signal);
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    await this.#record({
      id: uuid(),
      userId: user.userId,
      ...(user.apiKeyId !== undefined && { apiKeyId: user.apiKeyId }),
      operation,
      provider: embedder.provider,
      model: embedder.id,
      deployment: embedder.id,
      tokens: { input: Math.ceil(characters / CHARACTERS_PER_TOKEN), cached: 0, output: 0, reasoning: 0 },
      inputs: texts.length,
      estimated: true,
      // What an endpoint takes for it is not known here; a model of one's own takes nothing.
      ...(embedder.provider === 'local' && { cost: '0' }),
      currency: 'USD',
      latencyMs: performance.now() - started,
      retries: 0,
      fallbacks: 0,
      cacheHit: false,
      outcome: 'ok',
      at: startedAt.toISOString(),
    });
    return vectors;
  }
}

function checkTexts(argument: string, texts: readonly string[], most: number): void {
  if (texts.length === 0 || texts.length > most)
    throw badInput(argument, `has ${texts.length} entries; 1 to ${most} are accepted.`);
  texts.forEach((text, i) => {
    const own = most === 1 ? argument : `${argument}.${i}`;
    if (text.trim() === '') throw badInput(own, 'is empty: there is nothing to embed.');
    if (text.length > TEXT_CHARACTERS)
      throw badInput(own, `has ${text.length} characters; at most ${TEXT_CHARACTERS} are accepted.`);
  });
}
