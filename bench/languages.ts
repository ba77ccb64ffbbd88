import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEmbedders } from '#retrieval/embeddings/registry.ts';
import { EmbeddedVectorStore } from '#retrieval/vectors/embedded/embedded-vector-store.ts';
import { foreignLanguage } from '#retrieval/vectors/foreign-language.ts';
import { PAIRS } from './languages/pairs.ts';

/**
 * How many of twenty questions find their memory first, and among the first five, in four languages: by similarity and
 * words together whatever the language, and as a search does it, which leaves out a model that does not know the
 * language. How many of five questions that nothing answers are answered all the same, by the threshold of the model.
 * `npm run bench -- languages [--write]`; with EMBEDDINGS_BASE_URL or EMBEDDINGS_LOCAL the model there.
 */

const UNANSWERED: Readonly<Record<string, readonly string[]>> = {
  English: [
    'How high is Mount Everest?',
    'Who painted the Mona Lisa?',
    'What is the capital of Peru?',
    'How does a diesel engine work?',
    'What is a prime number?',
  ],
  German: [
    'Wie hoch ist der Mount Everest?',
    'Wer hat die Mona Lisa gemalt?',
    'Was ist die Hauptstadt von Peru?',
    'Wie funktioniert ein Dieselmotor?',
    'Was ist eine Primzahl?',
  ],
  Chinese: ['珠穆朗玛峰有多高？', '谁画了蒙娜丽莎？', '秘鲁的首都是什么？', '柴油发动机怎么工作？', '什么是质数？'],
  Japanese: [
    'エベレストの高さは何メートルですか？',
    'モナリザを描いたのは誰ですか？',
    'ペルーの首都はどこですか？',
    'ディーゼルエンジンはどう動きますか？',
    '素数とは何ですか？',
  ],
};

const { EMBEDDINGS_BASE_URL, EMBEDDINGS_API_KEY, EMBEDDINGS_MODEL, EMBEDDINGS_LOCAL } = process.env;
const embedders = createEmbedders({ EMBEDDINGS_BASE_URL, EMBEDDINGS_API_KEY, EMBEDDINGS_MODEL, EMBEDDINGS_LOCAL });
const embedder = await embedders.get();
const folder = await mkdtemp(path.join(tmpdir(), 'sextant-languages-'));
const store = new EmbeddedVectorStore({ folder });
const lines: string[] = [];
for (const [language, pairs] of Object.entries(PAIRS)) {
  const at = { space: language };
  await store.ensureSpace({
    name: language,
    vectors: { main: { model: embedder.id, dimensions: embedder.dimensions, metric: 'cosine' } },
    active: 'main',
    fields: {},
    multiTenant: false,
  });
  const vectors = await embedder.embed(pairs.map(([, memory]) => memory));
  await store.upsert(
    at,
    pairs.map(([, text], i) => ({ id: String(i), text, vectors: { main: vectors[i]! } })),
  );
  const search = async (text: string, mode: 'hybrid' | 'text') => {
    const query = { text, limit: 5 };
    if (mode === 'text') return (await store.search(at, { ...query, mode })).hits;
    const vector = { values: (await embedder.embed([text], { use: 'query' }))[0]!, model: embedder.id };
    return (await store.search(at, { ...query, mode, vector })).hits;
  };
  const modeOf = (text: string) =>
    embedder.languages && foreignLanguage(text, embedder.languages) !== undefined ? 'text' : 'hybrid';
  const cells: (string | number)[] = [language];
  for (const mode of ['before', 'now'] as const) {
    let [first, five, answered] = [0, 0, 0];
    for (const [i, [question]] of pairs.entries()) {
      const hits = await search(question, mode === 'before' ? 'hybrid' : modeOf(question));
      if (hits[0]?.id === String(i)) first++;
      if (hits.some(({ id }) => id === String(i))) five++;
    }
    for (const question of UNANSWERED[language]!) {
      const hits = await search(question, mode === 'before' ? 'hybrid' : modeOf(question));
      if (hits.some(({ explanation }) => (explanation.dense?.raw ?? 0) >= (embedder.threshold ?? 0.35))) answered++;
    }
    cells.push(`${first * 5} / ${five * 5}`, `${answered} of ${UNANSWERED[language]!.length}`);
  }
  lines.push(`| ${cells.join(' | ')} |`);
}
const table = [
  `| language (${embedder.id}) | similarity and words: recall@1 / @5 in percent | unrelated quoted | a search now: recall@1 / @5 | unrelated quoted |`,
  '|---|---|---|---|---|',
  ...lines,
].join('\n');
console.log(table);
if (process.argv.includes('--write')) {
  const page = new URL('../docs/retrieval.md', import.meta.url);
  const text = await readFile(page, 'utf8');
  await writeFile(
    page,
    text.replace(/(<!-- languages -->\n)[\s\S]*?(<!-- end of languages -->)/, `$1\n${table}\n\n$2`),
  );
}
await store[Symbol.asyncDispose]();
await embedders[Symbol.asyncDispose]();
await rm(folder, { recursive: true, force: true });
