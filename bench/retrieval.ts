import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEmbedders } from '#retrieval/embeddings/registry.ts';
import { EmbeddedVectorStore } from '#retrieval/vectors/embedded/embedded-vector-store.ts';
import type { SearchQuery, VectorStore } from '#retrieval/vectors/vector-store.ts';
import { WeaviateVectorStore } from '#retrieval/vectors/weaviate/weaviate-vector-store.ts';
import { NAMES, NUMBERS } from './retrieval/families.ts';
import { PARAPHRASES } from './retrieval/paraphrases.ts';

/**
 * What each way of searching finds: recall@1, 5 and 10 on paraphrases, exact names and numbers among distractors, with
 * the installation's default embedding model. `npm run bench -- retrieval [--write]` prints the table, and writes it to
 * docs/retrieval.md. With WEAVIATE_URL the same searches run on that server.
 */

interface Query {
  readonly subset: 'paraphrases' | 'names' | 'numbers';
  readonly text: string;
  readonly expected: string;
}

/** Every third of a family is asked for; all of it is stored. */
const EVERY = 3;

const passages = new Map<string, string>();
const queries: Query[] = [];
PARAPHRASES.forEach(([text, answer, decoy], i) => {
  passages.set(`p${i}`, answer);
  passages.set(`p${i}-decoy`, decoy);
  queries.push({ subset: 'paraphrases', text, expected: `p${i}` });
});
for (const [subset, cases] of [
  ['names', NAMES],
  ['numbers', NUMBERS],
] as const) {
  cases.forEach(({ question, answer }, i) => {
    passages.set(`${subset}${i}`, answer);
    if (i % EVERY === 0) queries.push({ subset, text: question, expected: `${subset}${i}` });
  });
}

const embedders = createEmbedders({
  EMBEDDINGS_BASE_URL: process.env.EMBEDDINGS_BASE_URL,
  EMBEDDINGS_API_KEY: process.env.EMBEDDINGS_API_KEY,
  EMBEDDINGS_MODEL: process.env.EMBEDDINGS_MODEL,
  EMBEDDINGS_LOCAL: process.env.EMBEDDINGS_LOCAL,
});
const embedder = await embedders.get();
const folder = await mkdtemp(path.join(tmpdir(), 'sextant-retrieval-'));
const store: VectorStore = process.env.WEAVIATE_URL
  ? new WeaviateVectorStore({
      url: process.env.WEAVIATE_URL,
      grpcUrl: process.env.WEAVIATE_GRPC_URL,
      apiKey: process.env.WEAVIATE_API_KEY,
    })
  : new EmbeddedVectorStore({ folder });
const at = { space: `Retrieval${process.pid}` };
await store.ensureSpace({
  name: at.space,
  vectors: { main: { model: embedder.id, dimensions: embedder.dimensions, metric: 'cosine' } },
  active: 'main',
  fields: {},
  multiTenant: false,
});
const ids = [...passages.keys()];
const vectors = await embedder.embed([...passages.values()]);
await store.upsert(
  at,
  ids.map((id, i) => ({ id, text: passages.get(id)!, vectors: { main: vectors[i]! } })),
);
const asked = await embedder.embed(
  queries.map((query) => query.text),
  { use: 'query' },
);

const LIMIT = 100;
const search = async (query: SearchQuery): Promise<string[]> =>
  (await store.search(at, query)).hits.map((hit) => hit.id);
const vectorOf = (i: number) => ({ values: asked[i]!, model: embedder.id });

/** Reciprocal ranks with the customary constant: what is not offered, for comparison. */
async function rrf(i: number): Promise<string[]> {
  const lists = [await METHODS['similarity alone']!(i), await METHODS['BM25 alone']!(i)];
  const scores = new Map<string, number>();
  for (const list of lists) list.forEach((id, rank) => void scores.set(id, (scores.get(id) ?? 0) + 1 / (61 + rank)));
  return [...scores].sort((a, b) => b[1] - a[1]).map(([id]) => id);
}

const hybrid = (fusion: 'absolute' | 'relative', alpha?: number) => (i: number) =>
  search({ mode: 'hybrid', text: queries[i]!.text, vector: vectorOf(i), fusion, alpha, limit: LIMIT });

const METHODS: Record<string, (i: number) => Promise<string[]>> = {
  'similarity alone': (i) => search({ mode: 'vector', vector: vectorOf(i), limit: LIMIT }),
  'BM25 alone': (i) => search({ mode: 'text', text: queries[i]!.text, limit: LIMIT }),
  'rank fusion (RRF, k = 60)': rrf,
  'absolute scores': hybrid('absolute'),
  '**relative scores (default)**': hybrid('relative'),
};
if (process.argv.includes('--alphas')) {
  for (const fusion of ['relative', 'absolute'] as const) {
    for (const alpha of [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]) METHODS[`${fusion}, alpha ${alpha}`] = hybrid(fusion, alpha);
  }
}

const SUBSETS = ['paraphrases', 'names', 'numbers'] as const;
const RANKS = [1, 5, 10];
const percent = (part: number, whole: number): string => ((100 * part) / whole).toFixed(1);
const lines = [
  `| ${['method', ...SUBSETS.flatMap((subset) => RANKS.map((rank) => `${subset} @${rank}`)), 'all @10'].join(' | ')} |`,
  `|${'---|'.repeat(2 + SUBSETS.length * RANKS.length)}`,
];
for (const [name, method] of Object.entries(METHODS)) {
  const places: number[] = [];
  for (const [i, query] of queries.entries()) {
    const place = (await method(i)).indexOf(query.expected);
    places.push(place === -1 ? Number.POSITIVE_INFINITY : place);
  }
  const recall = (rank: number, subset?: string) => {
    const own = places.filter((_, i) => subset === undefined || queries[i]!.subset === subset);
    return percent(own.filter((place) => place < rank).length, own.length);
  };
  lines.push(
    `| ${[name, ...SUBSETS.flatMap((subset) => RANKS.map((rank) => recall(rank, subset))), recall(10)].join(' | ')} |`,
  );
}
const counts = SUBSETS.map((subset) => `${queries.filter((query) => query.subset === subset).length} ${subset}`).join(
  ', ',
);
const summary = `${queries.length} queries (${counts}) over ${passages.size} passages; model ${embedder.id}; store ${store.kind}. Recall in percent.`;
const table = [summary, '', ...lines, ''].join('\n');
console.log(table);
if (process.argv.includes('--write')) {
  const file = path.join(import.meta.dirname, '..', 'docs', 'retrieval.md');
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/(<!-- table -->\n)[\s\S]*?(<!-- end of table -->)/, `$1\n${table}\n$2`));
}
await store.deleteSpace(at.space);
await store[Symbol.asyncDispose]();
await embedders[Symbol.asyncDispose]();
await rm(folder, { recursive: true, force: true });
