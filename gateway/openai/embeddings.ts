import type { ServerResponse } from 'node:http';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { GRAPH } from './graph.ts';
import { type Body, checkNames, textOf } from './read.ts';

/** Characters of a token, as tokenizers take for English: the graph does not count an embedding's tokens. */
const CHARACTERS_A_TOKEN = 4;

/** Answers POST /v1/embeddings. */
export async function answerEmbeddings(visit: Visit, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['input', 'model', 'encoding_format'], ['user']);
  const { input } = body;
  const texts = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
    throw badInput('input', 'must be a string or a list of strings; lists of tokens are not taken.');
  }
  const format = textOf(body, 'encoding_format') ?? 'float';
  if (format !== 'float' && format !== 'base64') throw badInput('encoding_format', 'must be float or base64.');
  const model = textOf(body, 'model') || undefined;
  const embedded = await visit.need<{ model: string; vectors: number[][] }>(GRAPH.OpenAiEmbed, {
    input: { texts, ...(model !== undefined && { model }) },
  });
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
