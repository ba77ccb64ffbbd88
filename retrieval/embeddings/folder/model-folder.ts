import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '#platform/base/config/config-error.ts';
import { cardLanguages } from './card-languages.ts';
import { type Prefixes, prefixesOf } from './prefixes.ts';

/** The way in which the vectors of a text's tokens become one. */
export type Pooling = 'mean' | 'cls' | 'max' | 'last';

/** A sentence model in a folder, as its files describe it. */
export interface ModelFolder {
  /** The folder's name and a mark of what is in it: other files are another model, whose vectors are others. */
  readonly id: string;
  readonly folder: string;
  /** Below the folder. */
  readonly onnx: string;
  /** Files with weights of the model that its own file does not hold, beside it. */
  readonly external: readonly string[];
  readonly dimensions: number;
  /** Longest text that it reads, in tokens. */
  readonly maxTokens: number;
  readonly pooling: Pooling;
  readonly padToken: number;
  readonly lowerCase: boolean;
  readonly prefixes: Prefixes;
  /** ISO 639-1 codes, where its card names them. */
  readonly languages: readonly string[] | undefined;
}

/** Smaller ones first: they are faster and lose little. */
const ONNX_FILES = ['model_quantized', 'model_int8', 'model_uint8', 'model'].flatMap((name) => [
  `onnx/${name}.onnx`,
  `${name}.onnx`,
]);
/** WebAssembly addresses 4 GiB, which hold the weights, a copy while they are read, and what is worked with. */
const MAX_BYTES = 2 * 1024 ** 3 - 1;
/** Where nothing says how long a text may be, in tokens. */
const USUAL_TOKENS = 512;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads what the files of a sentence model say of it, and none of its weights.
 *
 * @throws {ConfigError} in one line, when something is missing or not supported.
 */
export function readModelFolder(folder: string): ModelFolder {
  const fail: (why: string) => never = (why) => {
    throw new ConfigError(`EMBEDDINGS_LOCAL is ${JSON.stringify(folder)}, ${why}`);
  };
  if (!existsSync(folder) || !statSync(folder).isDirectory()) fail('which is not a folder.');
  const json = (name: string): Json | undefined => {
    const file = path.join(folder, name);
    if (!existsSync(file)) return undefined;
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Json;
    } catch (error) {
      return fail(`whose ${name} cannot be read: ${(error as Error).message}.`);
    }
  };
  if (!existsSync(path.join(folder, 'tokenizer.json')))
    fail('which has no tokenizer.json. It must hold a sentence model as ONNX, with the files that came with it.');
  const onnx =
    onnxIn(folder) ?? fail('which has no ONNX model: model.onnx or onnx/model.onnx, as `optimum` writes it.');
  const external = externalOf(folder, onnx);
  const bytes = [onnx, ...external].reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  if (bytes > MAX_BYTES)
    fail(`whose ${onnx} has ${(bytes / 1e9).toFixed(1)} GB; at most 2 GB are read. Take a quantized one.`);
  const config = json('config.json') ?? fail('which has no config.json.');
  const dimensions = number(config.hidden_size) ?? number(config.dim) ?? number(config.d_model);
  if (dimensions === undefined) fail('whose config.json has no hidden_size.');
  const modules = json('modules.json') as readonly Json[] | undefined;
  const odd = modules?.map(({ type }) => String(type).split('.').at(-1)!).find((name) => !KNOWN_MODULES.has(name));
  if (odd !== undefined) fail(`whose modules.json has a ${odd}; Transformer, Pooling and Normalize are supported.`);
  const pool = modules?.find(({ type }) => /Pooling$/.test(String(type)));
  const names = `${path.basename(folder)} ${String(config._name_or_path ?? '')}`;
  const sentence = json('sentence_bert_config.json') ?? {};
  const tokenizer = json('tokenizer_config.json') ?? {};
  const limits = [sentence.max_seq_length, tokenizer.model_max_length, positionsOf(config)].map(number);
  return {
    id: `${path.basename(path.resolve(folder))}-${markOf(folder, onnx, bytes)}`,
    folder: path.resolve(folder),
    onnx,
    external,
    dimensions: dimensions!,
    maxTokens: Math.min(...limits.filter((limit) => limit !== undefined), number(sentence.max_seq_length) ?? 8_192),
    pooling: poolingOf(json(`${String(pool?.path ?? '1_Pooling')}/config.json`), names, fail),
    padToken: number(config.pad_token_id) ?? 0,
    lowerCase: sentence.do_lower_case === true,
    prefixes: prefixesOf(json('config_sentence_transformers.json')?.prompts, names),
    languages: cardLanguages(path.join(folder, 'README.md')),
  };
}

/** How many pieces of the weights are looked at, and of how many bytes. */
const PIECES = 16;
const PIECE = 65_536;

const KNOWN_MODULES = new Set(['Transformer', 'Pooling', 'Normalize']);

function onnxIn(folder: string): string | undefined {
  const known = ONNX_FILES.find((name) => existsSync(path.join(folder, name)));
  if (known !== undefined) return known;
  const found = ['', 'onnx'].flatMap((below) =>
    existsSync(path.join(folder, below))
      ? readdirSync(path.join(folder, below)).flatMap((name) =>
          name.endsWith('.onnx') ? [path.join(below, name)] : [],
        )
      : [],
  );
  return found.length === 1 ? found[0] : undefined;
}

/** `model.onnx_data`, `model.onnx_data_1` and the like. */
function externalOf(folder: string, onnx: string): string[] {
  const below = path.dirname(onnx);
  const begin = `${path.basename(onnx)}_data`;
  const more = `${path.basename(onnx)}.data`;
  return readdirSync(path.join(folder, below))
    .filter((name) => name.startsWith(begin) || name === more)
    .map((name) => path.join(below, name));
}

/** XLM-RoBERTa and RoBERTa keep the first places for themselves. */
function positionsOf({ max_position_embeddings: places, model_type: type }: Json): number | undefined {
  const given = number(places);
  return given === undefined ? USUAL_TOKENS : given - (/roberta|camembert|mpnet/.test(String(type)) ? 2 : 0);
}

/** `pooling_mode_cls_token: true` and so on, or `pooling_mode: "cls"`. */
function poolingOf(config: Json | undefined, names: string, fail: (why: string) => never): Pooling {
  if (config === undefined) return /\b(bge|gte-\w+-v1\.5|arctic|mxbai)/i.test(names) ? 'cls' : 'mean';
  const flagged = Object.keys(config).filter((name) => /^pooling_mode_/.test(name) && config[name] === true);
  const named = typeof config.pooling_mode === 'string' ? [config.pooling_mode] : [];
  const mode = [...named, ...flagged.map((name) => name.replace(/^pooling_mode_/, '').replace(/_tokens?$/, ''))];
  // Of equal direction: the length of a vector does not count here.
  const plain = mode.map((one) => (one === 'mean_sqrt_len' ? 'mean' : one === 'lasttoken' ? 'last' : one));
  const [only] = plain;
  if (plain.length === 1 && (only === 'mean' || only === 'cls' || only === 'max' || only === 'last')) return only;
  return fail(`which pools by ${plain.join(' and ') || 'nothing'}; mean, cls, max or last token are supported.`);
}

/** What changes the vectors: the weights, by their size, and how they are used. */
function markOf(folder: string, onnx: string, bytes: number): string {
  const hash = createHash('sha256').update(`${path.basename(onnx)} ${bytes}`);
  for (const name of ['config.json', '1_Pooling/config.json', 'config_sentence_transformers.json']) {
    const file = path.join(folder, name);
    if (existsSync(file)) hash.update(readFileSync(file));
  }
  hash.update(String(statSync(path.join(folder, 'tokenizer.json')).size));
  // Weights of another training are as many and stand in as large a file: pieces of them are looked at.
  for (const name of [onnx, ...externalOf(folder, onnx)])
    sample(path.join(folder, name), (piece) => hash.update(piece));
  return hash.digest('hex').slice(0, 6);
}

function sample(file: string, take: (piece: Buffer) => void): void {
  const opened = openSync(file, 'r');
  try {
    const { size } = fstatSync(opened);
    const piece = Buffer.alloc(PIECE);
    for (let n = 0; n < PIECES; n++) {
      const read = readSync(opened, piece, 0, PIECE, Math.floor((size * n) / PIECES));
      take(piece.subarray(0, read));
    }
  } finally {
    closeSync(opened);
  }
}

/** Returns a whole number that is a length; tokenizers say 1e30 where there is no limit. */
const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1_000_000 ? value : undefined;
