import type { ServerResponse } from 'node:http';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { GRAPH } from './graph.ts';
import { type Body, checkNames, numberOf, textOf } from './read.ts';

/** Characters of a token, as tokenizers take for English: the graph does not count an embedding's tokens. */
const CHARACTERS_A_TOKEN = 4;
/** OpenAI's limit, which clients fill (LangChain sends 512 or 1,000), and that of one operation of the graph. */
const MAX_TEXTS = 2_048;
const TEXTS_AT_A_TIME = 256;

/** Answers POST /v1/embeddings. */
export async function answerEmbeddings(visit: Visit, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['input', 'model', 'encoding_format', 'dimensions'], ['user']);
  const { input } = body;
  const texts = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
    throw badInput('input', 'must be texts, not tokens (in LangChain: check_embedding_ctx_length=False).');
  }
  if (texts.length > MAX_TEXTS) throw badInput('input', `has ${texts.length} texts; 1 to ${MAX_TEXTS} are accepted.`);
  const format = textOf(body, 'encoding_format') ?? 'float';
  if (format !== 'float' && format !== 'base64') throw badInput('encoding_format', 'must be float or base64.');
  const model = textOf(body, 'model') || undefined;
  const embedded = await embed(visit, texts as string[], model);
  const dimensions = numberOf(body, 'dimensions');
  const own = embedded.vectors[0]!.length;
  if (dimensions !== undefined && dimensions !== own)
    throw badInput('dimensions', `is ${dimensions}; vectors of ${embedded.model} have ${own}, and are not shortened.`);
  const tokens = texts.reduce((sum, text) => sum + Math.ceil(text.length / CHARACTERS_A_TOKEN), 0);
  sendJson(response, 200, {
    object: 'list',
    data: embedded.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: format === 'float' ? vector : Buffer.from(Float32Array.from(vector).buffer).toString('base64'),
    })),
    model: embedded.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

interface Embedded {
  readonly model: string;
  readonly vectors: readonly (readonly number[])[];
}

/** Has texts embedded, one part of them after another. */
async function embed(visit: Visit, texts: readonly string[], model: string | undefined): Promise<Embedded> {
  const parts: Embedded[] = [];
  for (let start = 0; start === 0 || start < texts.length; start += TEXTS_AT_A_TIME) {
    const part = { texts: texts.slice(start, start + TEXTS_AT_A_TIME), ...(model !== undefined && { model }) };
    parts.push(await visit.need<Embedded>(GRAPH.OpenAiEmbed, { input: part }));
  }
  return { model: parts[0]!.model, vectors: parts.flatMap(({ vectors }) => vectors) };
}
