import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '#platform/base/config/config-error.ts';
import type { Embedder, Embedders } from '../embedder.ts';
import { createEmbedders } from '../registry.ts';
import { cosine } from '../vectors.ts';
import { readModelFolder } from './model-folder.ts';
import { pool } from './pool.ts';
import { prefixesOf } from './prefixes.ts';
import { windowsOf } from './windows.ts';

const MODEL = path.join(import.meta.dirname, 'testing/model');
const settings = { EMBEDDINGS_BASE_URL: undefined, EMBEDDINGS_API_KEY: undefined, EMBEDDINGS_MODEL: undefined };

let copies: string;
beforeAll(async () => {
  copies = await mkdtemp(path.join(tmpdir(), 'sextant-model-'));
});
afterAll(() => rm(copies, { recursive: true, force: true }));

/** Copies the model, with other files. */
async function changed(name: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folder = path.join(copies, name);
  await cp(MODEL, folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    if (text === undefined) await rm(path.join(folder, file));
    else await writeFile(path.join(folder, file), text);
  }
  return folder;
}

describe('a model in a folder', () => {
  let embedders: Embedders;
  let model: Embedder;
  beforeAll(async () => {
    embedders = createEmbedders({ ...settings, EMBEDDINGS_LOCAL: MODEL });
    model = await embedders.get();
  });
  afterAll(() => embedders[Symbol.asyncDispose]());

  it('is the default, and is named after the folder and what is in it', async () => {
    expect(embedders.models()).toEqual([
      expect.objectContaining({ id: expect.stringMatching(/^model-[0-9a-f]{6}$/), dimensions: 16, isDefault: true }),
      expect.objectContaining({ id: 'use-lite', isDefault: false }),
    ]);
    expect(readModelFolder(await changed('copied/model', {})).id).toBe(embedders.defaultId);
    const other = await changed('other/model', { 'config_sentence_transformers.json': '{}' });
    expect(readModelFolder(other).id).not.toBe(embedders.defaultId);
  });

  it('gives the vectors that the reference gives, for queries and for passages, whatever is asked beside it', async () => {
    const expected = JSON.parse(
      await readFile(path.join(import.meta.dirname, 'testing/expected.json'), 'utf8'),
    ) as Record<'query' | 'passage', Record<string, number[]>>;
    for (const use of ['query', 'passage'] as const) {
      const texts = Object.keys(expected[use]);
      const vectors = await model.embed(texts, { use });
      texts.forEach((text, i) => {
        expect([...vectors[i]!]).toEqual(expected[use][text]!.map((value) => expect.closeTo(value, 4)));
      });
    }
  });

  it('finds the same meaning in two languages', async () => {
    const [question] = await model.embed(['Where does the dog sleep?'], { use: 'query' });
    const [german, other] = await model.embed(['Der Hund schläft auf dem Sofa.', 'The rent is due.']);
    expect(cosine(question!, german!)).toBeGreaterThan(cosine(question!, other!) + 0.1);
  });

  it('reads a long text whole, and one of ten megabytes without choking on it', async () => {
    const filler = 'the bus stops at the mill '.repeat(20);
    const [long, dog, without] = await model.embed([`${filler} ${'dog sleep sofa '.repeat(30)}`, 'dog', filler]);
    expect(cosine(long!, dog!)).toBeGreaterThan(cosine(without!, dog!) + 0.1);
    expect(await model.embed(['x'.repeat(10_000_000)])).toHaveLength(1);
  });

  it('measures from which similarity on two texts have to do with one another', () => {
    expect(model.threshold).toBeGreaterThan(0);
    expect(model.threshold).toBeLessThan(1);
  });
});

describe('a folder without a model that can be used', () => {
  it.each<[string, Readonly<Record<string, string | undefined>>, string]>([
    ['tokenizer', { 'tokenizer.json': undefined }, 'has no tokenizer.json'],
    ['onnx', { 'model.onnx': undefined }, 'has no ONNX model'],
    ['config', { 'config.json': undefined }, 'has no config.json'],
    ['half', { 'config.json': '{"hidden' }, 'whose config.json cannot be read'],
    ['size', { 'config.json': '{}' }, 'has no hidden_size'],
    ['dense', { 'modules.json': '[{"type": "sentence_transformers.models.Dense"}]' }, 'has a Dense'],
    ['weights', { '1_Pooling/config.json': '{"pooling_mode_weightedmean_tokens": true}' }, 'pools by weightedmean'],
  ])('says in one line what is wrong: %s', async (name, files, words) => {
    const folder = await changed(name, files);
    const open = () => createEmbedders({ ...settings, EMBEDDINGS_LOCAL: folder });
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(words);
    expect(open).toThrow(/^EMBEDDINGS_LOCAL is ".*", which|whose.*$/);
  });

  it('may not be a folder', () => {
    expect(() => createEmbedders({ ...settings, EMBEDDINGS_LOCAL: '/nowhere' })).toThrow('which is not a folder');
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['noise', { 'model.onnx': 'this is not a model' }, /^The model of EMBEDDINGS_LOCAL, noise-\w+, cannot be used: /],
    ['broken', { 'tokenizer.json': '{"model": {}}' }, /^The model of EMBEDDINGS_LOCAL, broken-\w+, cannot be used: /],
    ['smaller', { 'config.json': '{"hidden_size": 8}' }, /answers with 16 dimensions, and its config.json says 8/],
  ])('is found out when it is loaded: %s', async (name, files, words) => {
    const embedders = createEmbedders({ ...settings, EMBEDDINGS_LOCAL: await changed(name, files) });
    await expect(embedders.get()).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringMatching(words),
    });
    await embedders[Symbol.asyncDispose]();
  });
});

describe('what the files of a model say', () => {
  it('is read of the forms in which models are published', async () => {
    const read = async (name: string, files: Record<string, string | undefined>) =>
      readModelFolder(await changed(name, { 'modules.json': undefined, ...files }));
    const none = { '1_Pooling/config.json': undefined, 'config_sentence_transformers.json': undefined };
    expect(await read('bge-m3', { ...none, 'tokenizer_config.json': '{"model_max_length": 1e30}' })).toMatchObject({
      pooling: 'cls',
      prefixes: { query: '', passage: '' },
      maxTokens: 64,
    });
    expect(
      await read('multilingual-e5-small', {
        ...none,
        'sentence_bert_config.json': '{"max_seq_length": 32, "do_lower_case": true}',
        'README.md': '---\nlicense: mit\nlanguage:\n- en\n- de\n- zh\n---\n# e5',
      }),
    ).toMatchObject({
      pooling: 'mean',
      prefixes: { query: 'query: ', passage: 'passage: ' },
      maxTokens: 32,
      lowerCase: true,
      languages: ['en', 'de', 'zh'],
    });
    expect(
      await read('modern', {
        '1_Pooling/config.json': '{"pooling_mode": "lasttoken"}',
        'README.md': '---\nlanguage: multilingual\n---',
      }),
    ).toMatchObject({ pooling: 'last', languages: undefined });
  });

  it('has the prefixes of its family where no file names them', () => {
    expect(prefixesOf(undefined, 'all-MiniLM-L6-v2')).toEqual({ query: '', passage: '' });
    expect(prefixesOf(undefined, 'models--intfloat--e5_base_v2').query).toBe('query: ');
    expect(prefixesOf(undefined, 'multilingual-e5-large-instruct')).toMatchObject({ passage: '' });
    expect(prefixesOf({ query: 'q: ', classification: 'c: ' }, 'e5')).toEqual({ query: 'q: ', passage: '' });
  });

  it('pools tokens without the padding', () => {
    const values = Float32Array.of(1, 2, 3, 4, 9, 9, 5, 6, 7, 8, 9, 0);
    const pooled = (how: 'mean' | 'cls' | 'max' | 'last') => pool(values, [2, 3], 3, 2, how).map((one) => [...one]);
    expect(pooled('mean')).toEqual([
      [2, 3],
      [7, expect.closeTo(14 / 3, 5)],
    ]);
    expect(pooled('cls')).toEqual([
      [1, 2],
      [5, 6],
    ]);
    expect(pooled('max')).toEqual([
      [3, 4],
      [9, 8],
    ]);
    expect(pooled('last')).toEqual([
      [3, 4],
      [9, 0],
    ]);
  });

  it('cuts texts between words, and scripts without spaces between characters', () => {
    const latin = windowsOf('seven words are not many to read '.repeat(60), 64);
    expect(latin.length).toBeGreaterThan(1);
    expect(latin.every(({ text, tokens }) => tokens <= 48 && /^\w+ .* \w+$/.test(text))).toBe(true);
    const chinese = windowsOf('他昨天买了一辆自行车'.repeat(20), 64);
    expect(chinese.map(({ text }) => text).join('')).toBe('他昨天买了一辆自行车'.repeat(20));
    expect(windowsOf('🚀'.repeat(100), 64).every(({ text }) => text.isWellFormed())).toBe(true);
  });
});
