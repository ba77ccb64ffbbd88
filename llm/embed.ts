import { badInput } from '#platform/base/errors/errors.ts';
import { fewerTexts } from '#retrieval/embeddings/batch-size.ts';
import { NO_USAGE } from './accounting.ts';
import type { Embeddings, EmbedRequest } from './models.ts';
import { ProviderFailure } from './provider/failure.ts';
import { reportedUsage } from './provider/usage.ts';
import type { Usage } from './record.ts';
import type { CallContext } from './requests.ts';
import type { TokenCounter } from './tokens/count.ts';
import { type WholeCallDependencies, wholeCall } from './whole-call.ts';

/** OpenAI takes 2 048 texts a request, most local servers fewer or slowly. What a deployment takes is learnt. */
const BATCH = 128;
const MAX_TEXTS = 10_000;

/** Embeds texts in batches, one after the other: a bulk job leaves room for people who wait. */
export function createEmbedder(deps: WholeCallDependencies & { readonly counter: TokenCounter }) {
  const sizes = new Map<string, number>();
  return async (request: EmbedRequest, call: CallContext): Promise<Embeddings> => {
    const { texts } = request;
    if (texts.length === 0) throw badInput('texts', 'is empty; give at least one text');
    if (texts.length > MAX_TEXTS)
      throw badInput('texts', `has ${texts.length} texts; at most ${MAX_TEXTS} are allowed`);
    const empty = texts.findIndex((text) => text.trim() === '');
    if (empty >= 0) throw badInput(`texts.${empty}`, 'is empty; an empty text has no meaning to embed');
    const { alias, deployment, answer, record } = await wholeCall(
      deps,
      {
        operation: 'embeddings',
        capability: 'embeddings',
        model: request.model,
        inputs: texts.length,
        inputTokens: Math.ceil(texts.reduce((sum, text) => sum + text.length, 0) / 4),
        async ask(client, { id, model }, signal) {
          const vectors: Float32Array[] = [];
          let tokens = 0;
          for (let start = 0; start < texts.length; ) {
            const input = texts.slice(start, start + (sizes.get(id) ?? BATCH));
            const dimensions = request.dimensions === undefined ? {} : { dimensions: request.dimensions };
            try {
              const page = await client.embeddings.create(
                { model, input, encoding_format: 'float', ...dimensions },
                { signal },
              );
              vectors.push(...ordered(page.data, input.length));
              tokens += reportedUsage(page)?.inputTokens ?? 0;
              start += input.length;
            } catch (error) {
              const fewer = fewerTexts(error, input.length);
              if (fewer === undefined) throw error;
              sizes.set(id, fewer);
            }
          }
          const usage: Usage =
            tokens > 0
              ? { ...NO_USAGE, inputTokens: tokens }
              : { ...NO_USAGE, inputTokens: await sumTokens(deps.counter, texts, model), estimated: true };
          return { vectors, usage };
        },
        usageOf: (embedded) => embedded.usage,
      },
      call,
    );
    return {
      alias,
      model: deployment.model,
      dimensions: answer.vectors[0]?.length ?? 0,
      vectors: answer.vectors,
      record,
    };
  };
}

async function sumTokens(counter: TokenCounter, texts: readonly string[], model: string): Promise<number> {
  let tokens = 0;
  for (const text of texts) tokens += await counter.text(text, model);
  return tokens;
}

/** Servers may answer in another order, and broken ones with fewer or unequal vectors. */
function ordered(
  data: readonly { index: number; embedding: readonly number[] }[] | undefined,
  expected: number,
): Float32Array[] {
  const vectors: (Float32Array | undefined)[] = new Array(expected).fill(undefined);
  for (const { index, embedding } of data ?? []) vectors[index] = Float32Array.from(embedding);
  const dimensions = vectors[0]?.length ?? 0;
  return vectors.map((vector) => {
    if (
      !vector ||
      vector.length === 0 ||
      vector.length !== dimensions ||
      vector.some((value) => !Number.isFinite(value))
    ) {
      throw new ProviderFailure('malformed', 'the answer does not hold one vector of equal length for each text');
    }
    return vector;
  });
}
