import type { OpenAI } from 'openai';
import { badInput } from '#platform/base/errors/errors.ts';
import { estimateTokens } from '#retrieval/embeddings/estimate-tokens.ts';
import { estimateAll } from '#retrieval/embeddings/meter.ts';
import { NO_USAGE } from '../accounting/accounting.ts';
import type { Deployment } from '../catalogue/catalogue.ts';
import type { Reranking, RerankRequest } from '../models.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { reportedUsage } from '../provider/usage.ts';
import type { CallContext } from '../requests.ts';
import type { TokenCounter } from '../tokens/count.ts';
import { type WholeCallDependencies, wholeCall } from './whole-call.ts';

const MAX_TEXTS = 1_000;

/**
 * Scores texts by how well they answer a query, at `/rerank` as Cohere, Jina, vLLM and llama.cpp have it, or as
 * text-embeddings-inference has it, which calls the texts otherwise. Undefined where no model for it is configured.
 */
export function createReranker(deps: WholeCallDependencies & { readonly counter: TokenCounter }) {
  /** Deployments that were found to be of the other kind. */
  const textsAlone = new Set<string>();
  return async (request: RerankRequest, call: CallContext): Promise<Reranking | undefined> => {
    const { query, texts } = request;
    if (request.model === undefined && (await deps.catalogue()).defaults.rerank === undefined) return undefined;
    if (query.trim() === '') throw badInput('query', 'is empty; say what the texts are to be compared with');
    if (texts.length === 0 || texts.length > MAX_TEXTS)
      throw badInput('texts', `has ${texts.length} texts; 1 to ${MAX_TEXTS} are allowed`);
    const { alias, deployment, answer, record } = await wholeCall(
      deps,
      {
        operation: 'embeddings',
        capability: 'rerank',
        model: request.model,
        inputs: texts.length,
        inputTokens: estimateAll(texts) + texts.length * estimateTokens(query),
        async ask(client, deployment, signal) {
          const answer = await ask(client, deployment, request, textsAlone, signal);
          const told = typeof answer === 'object' && answer !== null ? reportedUsage(answer)?.inputTokens : undefined;
          const inputTokens =
            told ?? (await deps.counter.text([...texts, ...texts.map(() => query)].join(' '), deployment.model));
          return { scores: scoresIn(answer, texts.length), inputTokens, estimated: told === undefined };
        },
        usageOf: ({ inputTokens, estimated }) => ({ ...NO_USAGE, inputTokens, estimated }),
      },
      call,
    );
    return { alias, model: deployment.model, scores: answer.scores, record };
  };
}

async function ask(
  client: OpenAI,
  { id, model }: Deployment,
  { query, texts }: RerankRequest,
  textsAlone: Set<string>,
  signal: AbortSignal,
): Promise<unknown> {
  const send = (body: object) => client.post('/rerank', { body, signal });
  const other = () => send({ query, texts, raw_scores: false });
  if (textsAlone.has(id)) return other();
  try {
    return await send({ model, query, documents: texts, top_n: texts.length, return_documents: false });
  } catch (error) {
    const { status, message } = error as { status?: unknown; message?: unknown };
    if ((status !== 400 && status !== 422) || !/\btexts\b/.test(String(message))) throw error;
    textsAlone.add(id);
    return other();
  }
}

interface Scored {
  readonly index?: unknown;
  readonly relevance_score?: unknown;
  readonly score?: unknown;
}

/** Returns the scores in the order of the texts, 0 to 1. */
function scoresIn(answer: unknown, expected: number): number[] {
  const { results, data } = (answer ?? {}) as { results?: unknown; data?: unknown };
  const list = [answer, results, data].find((one) => Array.isArray(one)) as readonly Scored[] | undefined;
  const scores = new Array<number>(expected).fill(Number.NaN);
  for (const { index, relevance_score: relevance, score } of list ?? []) {
    const value = relevance ?? score;
    if (typeof index === 'number' && typeof value === 'number') scores[index] = value;
  }
  if (scores.length !== expected || scores.some((value) => !Number.isFinite(value)))
    throw new ProviderFailure('malformed', 'the answer does not hold one score for each text');
  // Some servers give what the model gives, which is of any size.
  const isRaw = scores.some((value) => value < 0 || value > 1);
  return isRaw ? scores.map((value) => 1 / (1 + Math.exp(-value))) : scores;
}
