import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { EmbeddedVectorStore } from '#retrieval/vectors/embedded/embedded-vector-store.ts';
import type { Place, SearchQuery, VectorObject, VectorStore } from '#retrieval/vectors/vector-store.ts';
import { WeaviateVectorStore } from '#retrieval/vectors/weaviate/weaviate-vector-store.ts';

/**
 * The vector store at 10 000 and 100 000 objects of 512 dimensions with texts of 40 words: insert rate, latency of each
 * kind of search, recall@10 of the vector search against an exact scan written here, memory, disk, and what the event
 * loop of the process waits meanwhile. With WEAVIATE_URL the same work runs on that server, side by side.
 *
 * `npm run bench -- vectors [sizes]`, for instance `10000,100000`.
 */

const DIMENSIONS = 512;
const CLUSTERS = 300;
const WORDS = 40;
const VOCABULARY = 30_000;
const QUERIES = 200;
const WARM_UP = 20;
const INSERT_BATCH = 1000;
const SIZES = (process.argv.find((argument) => /^\d+(,\d+)*$/.test(argument)) ?? '10000,100000').split(',').map(Number);

/** Repeatable: the same numbers in every run. */
let seed = 20_251;
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
const gauss = (): number => Math.sqrt(-2 * Math.log(random() || 1e-9)) * Math.cos(2 * Math.PI * random());

/** Words as frequent as in real text: the n-th most frequent one in proportion to 1/(n + 3). */
const cumulated = new Float64Array(VOCABULARY);
cumulated.reduce((sum, _, n) => {
  cumulated[n] = sum + 1 / (n + 3);
  return cumulated[n]!;
}, 0);
function word(): string {
  const at = random() * cumulated[VOCABULARY - 1]!;
  let low = 0;
  let high = VOCABULARY - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return `w${low.toString(36)}x`;
}
const words = (count: number): string => Array.from({ length: count }, word).join(' ');

const centres = Array.from({ length: CLUSTERS }, () => Float32Array.from({ length: DIMENSIONS }, gauss));
const near = (centre: Float32Array): Float32Array => {
  const vector = centre.map((value) => value + 0.7 * gauss());
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
};
const anyCentre = () => centres[Math.floor(random() * CLUSTERS)]!;

const object = (i: number): VectorObject => ({
  id: `o${i}`,
  text: words(WORDS),
  properties: { group: i % 10 },
  vectors: { main: near(anyCentre()) },
});

const quantile = (values: number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!;

async function timed(
  store: VectorStore,
  at: Place,
  queries: readonly SearchQuery[],
): Promise<{ p50: number; p99: number; ids: string[][] }> {
  for (const query of queries.slice(0, WARM_UP)) await store.search(at, query);
  const times: number[] = [];
  const ids: string[][] = [];
  for (const query of queries) {
    const started = performance.now();
    const { hits } = await store.search(at, query);
    times.push(performance.now() - started);
    ids.push(hits.map((hit) => hit.id));
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), ids };
}

/** The ten nearest of each query, by the plainest of loops. */
function exact(vectors: readonly Float32Array[], queries: readonly Float32Array[]): Set<string>[] {
  return queries.map((query) => {
    const scores = vectors.map((vector, i) => {
      let dot = 0;
      for (let d = 0; d < DIMENSIONS; d++) dot += vector[d]! * query[d]!;
      return [dot, i] as const;
    });
    scores.sort((a, b) => b[0] - a[0]);
    return new Set(scores.slice(0, 10).map(([, i]) => `o${i}`));
  });
}

async function bench(name: string, size: number, store: VectorStore): Promise<void> {
  const at = { space: `Bench${process.pid}x${size}` };
  await store.ensureSpace({
    name: at.space,
    vectors: { main: { model: 'bench', dimensions: DIMENSIONS, metric: 'cosine' } },
    active: 'main',
    fields: { group: 'number' },
    multiTenant: false,
  });
  const vectors: Float32Array[] = [];
  let inserting = 0;
  for (let i = 0; i < size; i += INSERT_BATCH) {
    const batch = Array.from({ length: Math.min(INSERT_BATCH, size - i) }, (_, j) => object(i + j));
    vectors.push(...batch.map((entry) => entry.vectors.main!));
    const started = performance.now();
    await store.upsert(at, batch);
    inserting += performance.now() - started;
  }
  const asked = Array.from({ length: QUERIES }, () => ({ text: words(6), values: near(anyCentre()) }));
  const expected = exact(
    vectors,
    asked.slice(0, 50).map(({ values }) => values),
  );
  const base = { limit: 10 };
  const vectorOf = (values: Float32Array) => ({ values, model: 'bench' });

  const firstStarted = performance.now();
  await store.search(at, { ...base, mode: 'hybrid', text: asked[0]!.text, vector: vectorOf(asked[0]!.values) });
  const first = performance.now() - firstStarted;

  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const vector = await timed(
    store,
    at,
    asked.map(({ values }) => ({ ...base, mode: 'vector', vector: vectorOf(values) })),
  );
  const text = await timed(
    store,
    at,
    asked.map((query) => ({ ...base, mode: 'text', text: query.text })),
  );
  const hybrid = await timed(
    store,
    at,
    asked.map((query) => ({ ...base, mode: 'hybrid', text: query.text, vector: vectorOf(query.values) })),
  );
  const filtered = await timed(
    store,
    at,
    asked.map((query) => ({
      ...base,
      mode: 'hybrid',
      text: query.text,
      vector: vectorOf(query.values),
      filter: { field: 'group', op: 'eq', value: 3 },
    })),
  );
  loop.disable();
  const single: number[] = [];
  for (let i = 0; i < 100; i++) {
    const one = object(size + i);
    const started = performance.now();
    await store.upsert(at, [one]);
    single.push(performance.now() - started);
  }
  const found = vector.ids
    .slice(0, expected.length)
    .map((ids, i) => ids.filter((id) => expected[i]!.has(id)).length / 10);
  const recall = found.reduce((sum, value) => sum + value, 0) / found.length;
  const { diskBytes = 0, memoryBytes = 0 } = await store.stats();
  // The monitor counts its own resolution of a millisecond.
  const loopP99 = Math.max(0, loop.percentile(99) / 1e6 - 1);
  const ms = (value: number) => value.toFixed(2);
  console.log(
    [
      `\n${name}, ${size} x ${DIMENSIONS}`,
      `  insert ${Math.round((size / inserting) * 1000)} objects/s in batches of ${INSERT_BATCH}; one alone p50 ${ms(quantile(single, 0.5))} ms`,
      `  first search, which loads the cache: ${ms(first)} ms`,
      ...Object.entries({ vector, text, hybrid, 'hybrid, filtered': filtered }).map(
        ([kind, { p50, p99 }]) => `  ${kind.padEnd(17)} p50 ${ms(p50)} ms  p99 ${ms(p99)} ms`,
      ),
      `  recall@10 ${recall.toFixed(4)}; memory ${Math.round(memoryBytes / 1e6)} MB, disk ${Math.round(diskBytes / 1e6)} MB, process RSS ${Math.round(process.memoryUsage().rss / 1e6)} MB; event loop p99 ${ms(loopP99)} ms`,
    ].join('\n'),
  );
  console.log(
    `BENCH vectors-${name === 'embedded' ? '' : `${name}-`}${size / 1000}k p50_ms=${ms(hybrid.p50)} recall=${recall.toFixed(4)} loop_p99_ms=${ms(loopP99)}`,
  );
  await store.deleteSpace(at.space);
}

for (const size of SIZES) {
  const folder = await mkdtemp(path.join(tmpdir(), 'sextant-bench-'));
  await using embedded = new EmbeddedVectorStore({ folder });
  await bench('embedded', size, embedded);
  await rm(folder, { recursive: true, force: true });
  const url = process.env.WEAVIATE_URL;
  if (url === undefined) continue;
  await using weaviate = new WeaviateVectorStore({
    url,
    grpcUrl: process.env.WEAVIATE_GRPC_URL,
    apiKey: process.env.WEAVIATE_API_KEY,
  });
  await bench('weaviate', size, weaviate);
}
if (process.env.WEAVIATE_URL === undefined) console.log('\nWeaviate was left out: WEAVIATE_URL is not set.');
