import { mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { WorkerClient } from '#platform/base/worker/worker-rpc.ts';
import { exportSpace } from '../export-space.ts';
import type {
  AddedVector,
  Aggregate,
  AggregateRequest,
  Backup,
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
import { Backups } from './backups.ts';
import type { copierMethods, ReaderData, readerMethods, WriterData, writerMethods } from './worker.ts';

export interface EmbeddedOptions {
  /** Folder of the database and its backups; created if need be. */
  readonly folder: string;
  /** Bytes of vectors and words kept in memory; 1 GiB unless said otherwise. */
  readonly memoryBytes?: number | undefined;
}

/** Objects of one message to the writer: larger ones would be copied for longer than the event loop should wait. */
const BATCH = 128;
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
  readonly #reader: WorkerClient<ReturnType<typeof readerMethods>>;
  readonly #writer: WorkerClient<ReturnType<typeof writerMethods>>;
  readonly #copier: WorkerClient<ReturnType<typeof copierMethods>>;
  readonly #backups: Backups;

  constructor({ folder, memoryBytes = GIGABYTE }: EmbeddedOptions) {
    mkdirSync(folder, { recursive: true });
    this.#file = path.join(folder, 'vectors.db');
    const worker = new URL('./worker.ts', import.meta.url);
    const reading: ReaderData = { role: 'reader', file: this.#file, budget: memoryBytes };
    const writing: WriterData = { role: 'writer', file: this.#file };
    this.#reader = new WorkerClient(worker, reading, 'The vector search');
    this.#writer = new WorkerClient(worker, writing, 'The vector store’s writer');
    this.#copier = new WorkerClient(
      worker,
      { ...writing, role: 'copier' } satisfies WriterData,
      'The vector store’s backup',
    );
    this.#backups = new Backups(path.join(folder, 'backups'), {
      copy: (file) => this.#copier.call('copy', file),
      restore: (from, sha256) => this.#copier.call('restore', { from, sha256 }),
    });
  }

  ensureSpace(definition: SpaceDefinition): Promise<Space> {
    return this.#writer.call('ensureSpace', definition);
  }
  space(name: string): Promise<Space | undefined> {
    return this.#reader.call('space', name);
  }
  spaces(): Promise<readonly Space[]> {
    return this.#reader.call('spaces', null);
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
    return this.#reader.call('tenants', space);
  }
  deleteTenant(space: string, tenant: string): Promise<boolean> {
    return this.#writer.call('deleteTenant', { space, tenant });
  }

  async upsert(
    at: Place,
    objects: readonly VectorObject[],
    { signal }: CallOptions = {},
  ): Promise<readonly ObjectResult[]> {
    const results: ObjectResult[] = [];
    for (const batch of batches(objects))
      results.push(...(await this.#writer.call('upsert', { at, objects: batch }, { signal })));
    return results;
  }

  async addVectors(at: Place, vectors: readonly AddedVector[], { signal }: CallOptions = {}): Promise<number> {
    let added = 0;
    for (const batch of batches(vectors))
      added += await this.#writer.call('addVectors', { at, vectors: batch }, { signal });
    return added;
  }

  get(
    at: Place,
    ids: readonly string[],
    { includeVectors = false, signal }: ReadOptions = {},
  ): Promise<readonly StoredObject[]> {
    return this.#reader.call('get', { at, ids, includeVectors }, { signal });
  }
  delete(at: Place, ids: readonly string[], { signal }: CallOptions = {}): Promise<readonly string[]> {
    return this.#writer.call('delete', { at, ids }, { signal });
  }
  async deleteWhere(at: Place, filter: Filter, { signal }: CallOptions = {}): Promise<number> {
    const rows = await this.#reader.call('matching', { at, filter }, { signal });
    return this.#writer.call('deleteRows', { at, rows }, { signal });
  }
  list(at: Place, { signal, ...page }: PageRequest): Promise<Page> {
    return this.#reader.call('list', { at, page }, { signal });
  }
  search(at: Place, { signal, ...query }: SearchQuery): Promise<SearchResult> {
    return this.#reader.call('search', { at, query }, { signal });
  }
  aggregate(at: Place, { signal, ...request }: AggregateRequest = {}): Promise<Aggregate> {
    return this.#reader.call('aggregate', { at, request }, { signal });
  }

  async *export(name: string, options: CallOptions = {}): AsyncGenerator<ExportedObject> {
    const multiTenant = (await this.space(name))?.multiTenant ?? false;
    yield* exportSpace(this, { name, multiTenant }, EXPORT_PAGE, options);
  }

  createBackup(id: string): Promise<Backup> {
    return this.#backups.create(id);
  }
  backup(id: string): Promise<Backup | undefined> {
    return this.#backups.get(id);
  }
  backups(): Promise<readonly Backup[]> {
    return this.#backups.list();
  }
  restore(id: string): Promise<Backup> {
    return this.#backups.restore(id);
  }

  async stats(): Promise<StoreStats> {
    const stats = await this.#reader.call('stats', null);
    const sizes = await Promise.all(
      [this.#file, `${this.#file}-wal`].map((file) =>
        stat(file).then(
          (info) => info.size,
          () => 0,
        ),
      ),
    );
    return { ...stats, diskBytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  async health(): Promise<StoreHealth> {
    try {
      await this.#reader.call('spaces', null, { signal: AbortSignal.timeout(5_000) });
      return { status: 'up', kind: this.kind, version: `SQLite ${process.versions.sqlite}` };
    } catch (error) {
      return { status: 'down', kind: this.kind, detail: (error as Error).message };
    }
  }

  /** Waits for backups and writes under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backups.settled();
    await Promise.all([this.#reader, this.#writer, this.#copier].map((worker) => worker[Symbol.asyncDispose]()));
  }
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  // At least one message even for nothing, so that a wrong place is reported.
  for (let at = 0; at === 0 || at < items.length; at += BATCH) yield items.slice(at, at + BATCH);
}
