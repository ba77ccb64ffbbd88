import { badInput } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { EmbeddingCaller, RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import { cosine } from '#retrieval/embeddings/vectors.ts';

const MAX_TEXTS = 256;
const MAX_OTHERS = 100;
const TEXT_CHARACTERS = 32_768;
/** Of a text to embed: clients count tokens, and 8,192 of them are some 40,000 characters, seldom many more. */
const EMBED_CHARACTERS = 131_072;

/** The embedding of what users send. */
export class Embedding {
  readonly #embedders: RecordedEmbedders;

  constructor(embedders: RecordedEmbedders) {
    this.#embedders = embedders;
  }

  async embed(user: UserIdentity, input: { texts: readonly string[]; model?: string | null }, signal: AbortSignal) {
    checkTexts('input.texts', input.texts, MAX_TEXTS, EMBED_CHARACTERS);
    const model = await this.#embedders.model(input.model ?? undefined);
    const vectors = await this.#embedders.embed(model.id, input.texts, callerOf(user, 'embed'), { signal });
    return { model: model.id, dimensions: model.dimensions, vectors };
  }

  async similarity(
    user: UserIdentity,
    input: { text: string; others: readonly string[]; model?: string | null },
    signal: AbortSignal,
  ) {
    checkTexts('input.text', [input.text], 1);
    checkTexts('input.others', input.others, MAX_OTHERS);
    const model = await this.#embedders.model(input.model ?? undefined);
    const texts = [input.text, ...input.others];
    // Of equal standing: all of them as what is looked for, which models that tell the uses apart have for this.
    const [own, ...others] = await this.#embedders.embed(model.id, texts, callerOf(user, 'similarity'), {
      signal,
      use: 'query',
    });
    return { model: model.id, threshold: model.threshold, scores: others.map((other) => cosine(own!, other)) };
  }
}

/** Returns who pays for embeddings: the caller, with the key of the call. */
export const callerOf = (user: UserIdentity, purpose: string): EmbeddingCaller => ({
  userId: user.userId,
  apiKeyId: user.apiKeyId,
  purpose,
});

function checkTexts(argument: string, texts: readonly string[], most: number, characters = TEXT_CHARACTERS): void {
  if (texts.length === 0 || texts.length > most)
    throw badInput(argument, `has ${texts.length} entries; 1 to ${most} are accepted.`);
  texts.forEach((text, i) => {
    const own = most === 1 ? argument : `${argument}.${i}`;
    if (text.trim() === '') throw badInput(own, 'is empty: there is nothing to embed.');
    if (text.length > characters)
      throw badInput(own, `has ${text.length} characters; at most ${characters} are accepted.`);
  });
}
