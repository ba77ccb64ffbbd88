import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { badInput, CodedError, unauthenticated } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { sendText } from '../server/pages.ts';
import { GRAPH } from './graph.ts';
import { type Body, checkNames, numberOf, textOf } from './read.ts';
import { type DecodedTexts, decodeTokens } from './tokens.ts';

/** Characters of a token, as tokenizers take for English: the graph does not count an embedding's tokens. */
const CHARACTERS_A_TOKEN = 4;
/** OpenAI's limit, which clients fill (LangChain sends 512 or 1,000), and that of one operation of the graph. */
const MAX_TEXTS = 2_048;
const TEXTS_AT_A_TIME = 256;
/** Of the texts of one operation, unless one alone has more: a model of this machine embeds them within its time. */
const CHARACTERS_AT_A_TIME = 65_536;
/** Vectors that are written without a pause: some 20 ms for 1,536 numbers each. */
const VECTORS_AT_A_TIME = 16;

/**
 * Answers POST /v1/embeddings.
 *
 * @param maxCharacters of texts that are sent as tokens.
 */
export async function answerEmbeddings(
  visit: Visit,
  body: Body,
  response: ServerResponse,
  maxCharacters: number,
): Promise<void> {
  checkNames(body, ['input', 'model', 'encoding_format', 'dimensions'], ['user']);
  const format = textOf(body, 'encoding_format') ?? 'float';
  if (format !== 'float' && format !== 'base64') throw badInput('encoding_format', 'must be float or base64.');
  const model = textOf(body, 'model') || undefined;
  const { texts, tokens, isOne } = await textsOf(visit, body, model, maxCharacters);
  const dimensions = numberOf(body, 'dimensions');
  const written: string[] = [];
  let name = '';
  let end: number;
  for (let start = 0; start < texts.length; start = end) {
    end = endOfPart(texts, start);
    const part = { texts: texts.slice(start, end), ...(model !== undefined && { model }) };
    const embedded = await visit
      .need<Embedded>(GRAPH.OpenAiEmbed, { input: part })
      .catch((error: unknown) => Promise.reject(aboutInput(error, start, isOne)));
    const own = embedded.vectors[0]?.length;
    // Before the rest is paid for.
    if (dimensions !== undefined && dimensions !== own)
      throw badInput(
        'dimensions',
        `is ${dimensions}; vectors of ${embedded.model} have ${own}, and are not shortened.`,
      );
    name = embedded.model;
    await write(embedded.vectors, format, start, written);
  }
  const rest = JSON.stringify({
    model: name,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
  const json = `{"object":"list","data":[${written.join(',')}],${rest.slice(1)}`;
  sendText(response, 200, 'application/json; charset=utf-8', json);
}

/** Returns where a part ends that one operation of the graph embeds. */
function endOfPart(texts: readonly string[], start: number): number {
  let characters = texts[start]!.length;
  let end = start + 1;
  while (end < texts.length && end - start < TEXTS_AT_A_TIME) {
    characters += texts[end]!.length;
    if (characters > CHARACTERS_AT_A_TIME) break;
    end++;
  }
  return end;
}

/** Texts, and whether `input` is the only one of them itself: not a list. */
interface Texts extends DecodedTexts {
  readonly isOne: boolean;
}

/** Reads `input`: a text or the tokens of one, or a list of either. Tokens of a stranger are not decoded. */
async function textsOf(
  { identity }: Visit,
  { input }: Body,
  model: string | undefined,
  maxCharacters: number,
): Promise<Texts> {
  if (input == null) throw badInput('input', 'is missing: a text or a list of texts.');
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  const decode = async (inputs: readonly (readonly unknown[])[], pathOf: (index: number) => string) => {
    if (identity.kind !== 'user') throw unauthenticated();
    return await decodeTokens(inputs, model, maxCharacters, pathOf);
  };
  if (list.length > 0 && list.every((one) => typeof one === 'number')) {
    return { ...(await decode([list], () => 'input')), isOne: true };
  }
  if (list.length === 0 || list.length > MAX_TEXTS)
    throw badInput('input', `has ${list.length} texts; 1 to ${MAX_TEXTS} are accepted.`);
  if (list.every((one) => Array.isArray(one))) {
    return { ...(await decode(list, (index) => `input.${index}`)), isOne: false };
  }
  if (!list.every((one) => typeof one === 'string'))
    throw badInput('input', 'must be a text, a list of texts, a list of tokens or a list of lists of tokens.');
  const tokens = list.reduce((sum, text) => sum + Math.ceil(text.length / CHARACTERS_A_TOKEN), 0);
  return { texts: list, tokens, isOne: typeof input === 'string' };
}

/** Returns a refusal of the graph with the name that the text has here: that of the whole request's list. */
function aboutInput(error: unknown, first: number, isOne: boolean): unknown {
  if (!(error instanceof Error) || !('extensions' in error)) return error;
  const { argument, ...details } = (error as CodedError).extensions;
  const [matched, index] = /^input\.texts(?:\.(\d+))?$/.exec(String(argument)) ?? [];
  if (matched === undefined) return error;
  const name = isOne || index === undefined ? 'input' : `input.${first + Number(index)}`;
  return new CodedError('BAD_USER_INPUT', error.message.replace(matched, name), { ...details, argument: name });
}

interface Embedded {
  readonly model: string;
  readonly vectors: readonly (readonly number[])[];
}

/** Writes vectors as JSON, some at a time: all at once, those of 2,048 texts would hold all others for seconds. */
async function write(
  vectors: readonly (readonly number[])[],
  format: 'float' | 'base64',
  first: number,
  written: string[],
): Promise<void> {
  for (const [place, vector] of vectors.entries()) {
    const embedding = format === 'float' ? vector : Buffer.from(Float32Array.from(vector).buffer).toString('base64');
    written.push(JSON.stringify({ object: 'embedding', index: first + place, embedding }));
    if (place % VECTORS_AT_A_TIME === VECTORS_AT_A_TIME - 1) await turn();
  }
}
