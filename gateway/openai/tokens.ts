import { setImmediate as turn } from 'node:timers/promises';
import { badInput } from '#platform/base/errors/errors.ts';

/** The most tokens of one input, as OpenAI has it. */
const MAX_TOKENS = 8_192;
/** Tokens that are decoded without a pause: a few milliseconds. */
const TOKENS_AT_A_TIME = 50_000;

type Piece = string | readonly number[];
type Table = readonly (Piece | undefined)[];

/** Names that clients encode with o200k_base, as OpenAI's tiktoken knows them. All others get cl100k_base. */
const O200K = /^(?:ft:)?(?:(?:o[1-9]|gpt-5|gpt-oss|codex)(?:-|$)|gpt-4(?:o|\.1|\.5)|chatgpt-4o)/;

/** The tokens that stand for no text of their own: they are read as they are written. */
const SPECIAL = {
  cl100k_base: {
    100257: '<|endoftext|>',
    100258: '<|fim_prefix|>',
    100259: '<|fim_middle|>',
    100260: '<|fim_suffix|>',
    100276: '<|endofprompt|>',
  },
  o200k_base: { 199999: '<|endoftext|>', 200018: '<|endofprompt|>' },
} as const;
type Encoding = keyof typeof SPECIAL;

const tables = new Map<Encoding, Promise<Table>>();

/** A table takes 50 to 100 ms to load: only when a client sends tokens. */
function tableOf(encoding: Encoding): Promise<Table> {
  let loading = tables.get(encoding);
  if (!loading) {
    loading = (
      encoding === 'cl100k_base'
        ? import('gpt-tokenizer/bpeRanks/cl100k_base')
        : import('gpt-tokenizer/bpeRanks/o200k_base')
    ).then(({ default: ranks }) => Object.assign([...ranks], SPECIAL[encoding]) as Table);
    tables.set(encoding, loading);
  }
  return loading;
}

/** The texts that were sent as tokens, and how many they were. */
export interface DecodedTexts {
  readonly texts: readonly string[];
  readonly tokens: number;
}

/**
 * Reads texts that a client sends as the tokens of them, in the encoding that it takes for the model: that of the name
 * where OpenAI has a model of this name, else cl100k_base. A character that is cut at an end becomes U+FFFD.
 *
 * @param model as the client names it.
 * @param maxCharacters of all texts: a token of a few bytes may stand for more than a hundred.
 * @param pathOf names one input.
 * @throws {CodedError} BAD_USER_INPUT naming the input or the token.
 */
export async function decodeTokens(
  inputs: readonly (readonly unknown[])[],
  model: string | undefined,
  maxCharacters: number,
  pathOf: (index: number) => string,
): Promise<DecodedTexts> {
  const encoding = O200K.test(model ?? '') ? 'o200k_base' : 'cl100k_base';
  const table = await tableOf(encoding);
  const texts: string[] = [];
  let tokens = 0;
  let characters = 0;
  let sincePause = 0;
  for (const [index, input] of inputs.entries()) {
    if (input.length === 0) throw badInput(pathOf(index), 'is empty: there is nothing to embed.');
    if (input.length > MAX_TOKENS)
      throw badInput(pathOf(index), `has ${input.length} tokens; at most ${MAX_TOKENS} are accepted.`);
    const text = decode(input, table, encoding, pathOf(index));
    characters += text.length;
    if (characters > maxCharacters) {
      const problem = `stands for more than ${maxCharacters} characters of text, which is the limit. Send it in parts.`;
      throw badInput('input', problem, { limit: 'MAX_DOOR_BODY_BYTES' });
    }
    texts.push(text);
    tokens += input.length;
    sincePause += input.length;
    if (sincePause >= TOKENS_AT_A_TIME) {
      sincePause = 0;
      await turn();
    }
  }
  return { texts, tokens };
}

function decode(input: readonly unknown[], table: Table, encoding: Encoding, path: string): string {
  const bytes = input.map((token, place) => {
    const piece = Number.isInteger(token) ? table[token as number] : undefined;
    if (piece === undefined) throw badInput(`${path}.${place}`, `is not a token of ${encoding}.`);
    return typeof piece === 'string' ? Buffer.from(piece) : Uint8Array.from(piece);
  });
  return Buffer.concat(bytes).toString();
}
