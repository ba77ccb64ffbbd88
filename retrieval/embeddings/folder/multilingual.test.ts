import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Embedder, Embedders } from '../embedder.ts';
import { createEmbedders } from '../registry.ts';
import { cosine } from '../vectors.ts';

const MODEL = process.env['MULTILINGUAL_TEST_MODEL'] || undefined;
const skipped = MODEL
  ? ''
  : ' [SKIPPED: set MULTILINGUAL_TEST_MODEL to a folder that bench/languages/e5_folder.py wrote]';

/** Questions and what answers them, without a telling word in common. */
const PAIRS: Readonly<Record<string, readonly (readonly [question: string, memory: string])[]>> = {
  German: [
    ['Was darf ich nicht essen?', 'Der Nutzer ist allergisch gegen Erdnüsse.'],
    ['Welchen Beruf habe ich?', 'Der Nutzer arbeitet als Krankenpfleger in einer Klinik.'],
    ['Was für ein Auto habe ich?', 'Der Nutzer fährt einen roten Volvo von 2015.'],
  ],
  Chinese: [
    ['哪些食物我不能吃？', '用户对花生过敏。'],
    ['我的职业是什么？', '用户在医院当护士。'],
    ['我开什么车？', '用户有一辆2015年的红色沃尔沃。'],
  ],
  Japanese: [
    ['食べてはいけないものは何ですか？', 'ユーザーはピーナッツアレルギーです。'],
    ['私の職業は何ですか？', 'ユーザーは病院で看護師として働いています。'],
    ['どんな車に乗っていますか？', 'ユーザーは2015年製の赤いボルボを持っています。'],
  ],
};

describe.skipIf(!MODEL)(`a model in a folder that knows many languages${skipped}`, () => {
  let embedders: Embedders;
  let model: Embedder;
  beforeAll(async () => {
    embedders = createEmbedders({
      EMBEDDINGS_BASE_URL: undefined,
      EMBEDDINGS_API_KEY: undefined,
      EMBEDDINGS_MODEL: undefined,
      EMBEDDINGS_LOCAL: MODEL!,
    });
    model = await embedders.get();
  });
  afterAll(() => embedders[Symbol.asyncDispose]());

  it.each(Object.keys(PAIRS))('finds what is meant, in %s', async (language) => {
    const pairs = PAIRS[language]!;
    const memories = await model.embed(pairs.map(([, memory]) => memory));
    const questions = await model.embed(
      pairs.map(([question]) => question),
      { use: 'query' },
    );
    const found = questions.map((question) => {
      const likeness = memories.map((memory) => cosine(question, memory));
      return likeness.indexOf(Math.max(...likeness));
    });
    expect(found).toEqual([0, 1, 2]);
  });
});
