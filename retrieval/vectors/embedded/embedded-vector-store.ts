import { stat } from 'node:fs/promises';
import path from 'node:path';
import { makeDataFolder } from '#platform/base/files/make-folder.ts';
import { ThreadClient } from '#platform/base/thread/thread-rpc.ts';
import { exportSpace } from '../export-space.ts';
import type {
  AddedVector,
  Aggregate,
  AggregateRequest,
  CallOptions,
  ExportedObject,
  Filter,
  ObjectResult,
  Page,
  PageRequest,
  Place,
  ReadOptions,
  SearchQuery,
  SearchResult,
  Space,
  SpaceDefinition,
  StoredObject,
  StoreHealth,
  StoreStats,
  VectorObject,
  VectorStore,
} from '../vector-store.ts';
import { EmbeddedBackups } from './backups.ts';
import type { copierMethods, ReaderData, readerMethods, WriterData, writerMethods } from './vectors-thread.ts';

export interface EmbeddedOptions {
  /** Folder of the database and its backups; created if need be. */
  readonly folder: string;
  /** Bytes of vectors and words kept in memory; 1 GiB unless said otherwise. */
  readonly memoryBytes?: number | undefined;
  /** Threads that search, each for its share of the tenants; one unless said otherwise. */
  readonly readers?: number | undefined;
}

/**
 * Objects and bytes of one message to the writer, which it stores as one: larger ones would be copied for longer than
 * the event loop should wait.
 */
const BATCH = 512;
const BATCH_BYTES = 1024 ** 2;
const EXPORT_PAGE = 200;
const GIGABYTE = 1024 ** 3;

/**
 * The vectors in a file of this machine: node:sqlite for what must not be lost, an exact scan in memory for what must
 * be fast. Several processes may open the same folder. Good to about 300 000 vectors of 384 dimensions; beyond, use
 * Weaviate.
 */
export class EmbeddedVectorStore implements VectorStore {
  readonly kind = 'embedded';
  readonly #file: string;
  readonly #readers: readonly ThreadClient<ReturnType<typeof readerMethods>>[];
  readonly #writer: ThreadClient<ReturnType<typeof writerMethods>>;
  readonly #copier: ThreadClient<ReturnType<typeof copierMethods>>;
  readonly backups: EmbeddedBackups;

  constructor({ folder, memoryBytes = GIGABYTE, readers = 1 }: EmbeddedOptions) {
    makeDataFolder(folder);
    this.#file = path.join(folder, 'vectors.db');
    const file = new URL('./vectors-thread.ts', import.meta.url);
    const reading: ReaderData = { role: 'reader', file: this.#file, budget: memoryBytes / readers };
    const writing: WriterData = { role: 'writer', file: this.#file };
    this.#readers = Array.from({ length: readers }, () => new ThreadClient(file, reading, 'The vector search'));
    this.#writer = new ThreadClient(file, writing, 'The vector store’s writer');
    this.#copier = new ThreadClient(
      file,
      { ...writing, role: 'copier' } satisfies WriterData,
      'The vector store’s backup',
    );
    this.backups = new EmbeddedBackups(path.join(folder, 'backups'), {
      copy: (file) => this.#copier.call('copy', file),
      restore: (from, sha256) => this.#copier.call('restore', { from, sha256 }),
    });
  }

  /** A tenant is searched by one thread, which alone keeps its vectors; a thread starts with its first search. */
  #reader({ space, tenant = '' }: Place) {
    let hash = 0;
    for (const letter of `${space}/${tenant}`) hash = (Math.imul(hash, 31) + letter.codePointAt(0)!) >>> 0;
    return this.#readers[hash % this.#readers.length]!;
  }

  ensureSpace(definition: SpaceDefinition): Promise<Space> {
    return this.#writer.call('ensureSpace', definition);
  }
  space(name: string): Promise<Space | undefined> {
    return this.#readers[0]!.call('space', name);
  }
  spaces(): Promise<readonly Space[]> {
    return this.#readers[0]!.call('spaces', null);
  }
  activate(space: string, vector: string): Promise<Space> {
    return this.#writer.call('activate', { space, vector });
  }
  dropVector(space: string, vector: string): Promise<Space> {
    return this.#writer.call('dropVector', { space, vector });
  }
  deleteSpace(name: string): Promise<boolean> {
    return this.#writer.call('deleteSpace', name);
  }
  tenants(space: string): Promise<readonly string[]> {
    return this.#readers[0]!.call('tenants', space);
  }
  deleteTenant(space: string, tenant: string): Promise<boolean> {
    return this.#writer.call('deleteTenant', { space, tenant });
  }

  async upsert(
    at: Place,
    objects: readonly VectorObject[],
    { signal }: CallOptions = {},
  ): Promise<readonly ObjectResult[]> {
    const send = (batch: readonly VectorObject[]) => this.#writer.call('upsert', { at, objects: batch }, { signal });
    return (await inBatches(objects, send)).flat();
  }

  async addVectors(at: Place, vectors: readonly AddedVector[], { signal }: CallOptions = {}): Promise<number> {
    const send = (batch: readonly AddedVector[]) => this.#writer.call('addVectors', { at, vectors: batch }, { signal });
    return (await inBatches(vectors, send)).reduce((sum, count) => sum + count, 0);
  }

  get(
    at: Place,
    ids: readonly string[],
    { includeVectors = false, signal }: ReadOptions = {},
  ): Promise<readonly StoredObject[]> {
    return this.#reader(at).call('get', { at, ids, includeVectors }, { signal });
  }
  delete(at: Place, ids: readonly string[], { signal }: CallOptions = {}): Promise<readonly string[]> {
    return this.#writer.call('delete', { at, ids }, { signal });
  }
  async deleteWhere(at: Place, filter: Filter, { signal }: CallOptions = {}): Promise<number> {
    const rows = await this.#reader(at).call('matching', { at, filter }, { signal });
    return this.#writer.call('deleteRows', { at, rows }, { signal });
  }
  list(at: Place, { signal, ...page }: PageRequest): Promise<Page> {
    return this.#reader(at).call('list', { at, page }, { signal });
  }
  search(at: Place, { signal, ...query }: SearchQuery): Promise<SearchResult> {
    return this.#reader(at).call('search', { at, query }, { signal });
  }
  aggregate(at: Place, { signal, ...request }: AggregateRequest = {}): Promise<Aggregate> {
    return this.#reader(at).call('aggregate', { at, request }, { signal });
  }

  async *export(name: string, options: CallOptions = {}): AsyncGenerator<ExportedObject> {
    const multiTenant = (await this.space(name))?.multiTenant ?? false;
    yield* exportSpace(this, { name, multiTenant }, EXPORT_PAGE, options);
  }

  async stats(): Promise<StoreStats> {
    const [stats, ...memory] = await Promise.all([
      this.#readers[0]!.call('stats', null),
      ...this.#readers.filter(({ started }) => started).map((reader) => reader.call('memory', null)),
    ]);
    const sizes = await Promise.all(
      [this.#file, `${this.#file}-wal`].map((file) =>
        stat(file).then(
          (info) => info.size,
          () => 0,
        ),
      ),
    );
    const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
    return { ...stats, memoryBytes: total(memory), diskBytes: total(sizes) };
  }

  async health(): Promise<StoreHealth> {
    try {
      await this.#readers[0]!.call('spaces', null, { signal: AbortSignal.timeout(5_000) });
      return { status: 'up', kind: this.kind, version: `SQLite ${process.versions.sqlite}` };
    } catch (error) {
      return { status: 'down', kind: this.kind, detail: (error as Error).message };
    }
  }

  /** Waits for backups and writes under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.backups.settled();
    await Promise.all([...this.#readers, this.#writer, this.#copier].map((thread) => thread[Symbol.asyncDispose]()));
  }
}

/** Sends what is written in batches, of which one more waits at the writer than it works on. */
async function inBatches<T extends AddedVector, R>(
  items: readonly T[],
  send: (batch: readonly T[]) => Promise<R>,
): Promise<R[]> {
  const sent: Promise<R>[] = [];
  for (const batch of batches(items)) {
    await sent.at(-2);
    const sending = send(batch);
    // It is waited for below; a failure before that is told there.
    sending.catch(() => undefined);
    sent.push(sending);
  }
  return Promise.all(sent);
}

function* batches<T extends AddedVector>(items: readonly T[]): Generator<readonly T[]> {
  // At least one message even for nothing, so that a wrong place is reported.
  let start = 0;
  do {
    let end = start;
    for (let bytes = 0; end < items.length && end - start < BATCH && bytes < BATCH_BYTES; end++) {
      const { text, vectors } = items[end]!;
      bytes += 2 * text.length;
      for (const vector of Object.values(vectors)) bytes += vector.byteLength;
    }
    yield items.slice(start, end);
    start = end;
  } while (start < items.length);
}
