import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { documentIdOf, fileIdOf, type StoredFile, secondsOf } from './files.ts';
import { FILES } from './files-graph.ts';
import { listBody, partOf, walk } from './lists.ts';
import { type Body, checkNames, numberOf, objectOf, textOf } from './read.ts';

/** A store is an entry of the person's context, under this and its id: a list of documents. */
const KEY = 'openai:vector_store:';
const PREFIX = 'vs_';
/** As many documents as one search looks through. */
const MAX_FILES = 100;
const MAX_RESULTS = 50;
const MAX_METADATA = 16;
/** How often a change is tried again that another one came before. */
const TRIES = 5;

const valueSchema = z.object({
  name: z.string(),
  metadata: z.record(z.string(), z.string()),
  files: z.array(z.object({ id: z.string(), at: z.number() })),
});
type Value = z.infer<typeof valueSchema>;

interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A store, with those of its files that are still there. */
interface Store extends Value {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

function storeOf({ key, value, ...rest }: Entry): Store | undefined {
  const parsed = key.startsWith(KEY) ? valueSchema.safeParse(value) : undefined;
  return parsed?.success ? { id: PREFIX + key.slice(KEY.length), ...parsed.data, ...rest } : undefined;
}

const keyOf = (id: string): string => KEY + id.slice(PREFIX.length);

async function find(visit: Visit, id: string): Promise<Store> {
  const entry = id.startsWith(PREFIX) ? await visit.run<Entry>(FILES.OpenAiStore, { key: keyOf(id) }) : null;
  const store = entry && storeOf(entry);
  if (!store) throw new CodedError('NOT_FOUND', `There is no vector store ${id.slice(0, 100)}.`);
  return store;
}

async function keep(visit: Visit, id: string, value: Value, expectedVersion: number): Promise<Store> {
  const variables = { key: keyOf(id), value, expectedVersion };
  const { context } = await visit.need<{ context: Entry }>(FILES.OpenAiKeepStore, variables);
  return storeOf(context)!;
}

/** Changes a store, again where another change was quicker. */
async function change(visit: Visit, id: string, to: (store: Store) => Value): Promise<Store> {
  for (let tries = 1; ; tries++) {
    const store = await find(visit, id);
    try {
      return await keep(visit, id, to(store), store.version);
    } catch (error) {
      const { extensions } = error as { extensions?: { code?: unknown } };
      if (extensions?.code !== 'CONFLICT' || tries === TRIES) throw error;
    }
  }
}

/** Finds documents among all of the person's; those that are gone are not there. */
async function documentsOf(visit: Visit, ids: Iterable<string>): Promise<ReadonlyMap<string, StoredFile>> {
  const wanted = new Set(ids);
  const found = new Map<string, StoredFile>();
  if (wanted.size === 0) return found;
  for await (const document of walk<StoredFile>(visit, FILES.OpenAiFiles)) {
    if (wanted.has(document.id)) found.set(document.id, document);
    if (found.size === wanted.size) break;
  }
  return found;
}

const STATES = {
  AWAITING_UPLOAD: 'in_progress',
  QUEUED: 'in_progress',
  PROCESSING: 'in_progress',
  READY: 'completed',
  FAILED: 'failed',
} as const;

function asStore(store: Store, documents: ReadonlyMap<string, StoredFile>) {
  const files = store.files.flatMap(({ id }) => documents.get(id) ?? []);
  const count = (state: string) => files.filter(({ status }) => STATES[status] === state).length;
  const [working, completed, failed] = [count('in_progress'), count('completed'), count('failed')];
  return {
    id: store.id,
    object: 'vector_store',
    created_at: secondsOf(store.createdAt),
    last_active_at: secondsOf(store.updatedAt),
    name: store.name,
    metadata: store.metadata,
    usage_bytes: files.reduce((sum, { size }) => sum + size, 0),
    file_counts: { in_progress: working, completed, failed, cancelled: 0, total: files.length },
    status: working > 0 ? 'in_progress' : 'completed',
    expires_after: null,
    expires_at: null,
  };
}

const asStoreFile = (storeId: string, at: number, { id, size, status, problem }: StoredFile) => ({
  id: fileIdOf(id),
  object: 'vector_store.file',
  vector_store_id: storeId,
  created_at: at,
  usage_bytes: size,
  status: STATES[status],
  last_error: problem && {
    code: problem.code === 'UNSUPPORTED_TYPE' ? 'unsupported_file' : 'invalid_file',
    message: problem.message,
  },
  attributes: {},
});

const send = async (visit: Visit, store: Store, response: ServerResponse): Promise<void> =>
  sendJson(
    response,
    200,
    asStore(
      store,
      await documentsOf(
        visit,
        store.files.map(({ id }) => id),
      ),
    ),
  );

function metadataOf(body: Body): Value['metadata'] | undefined {
  const metadata = objectOf(body, 'metadata');
  if (!metadata) return undefined;
  const parsed = valueSchema.shape.metadata.safeParse(metadata);
  if (!parsed.success || Object.keys(metadata).length > MAX_METADATA)
    throw badInput('metadata', `must be an object of at most ${MAX_METADATA} strings.`);
  return parsed.data;
}

const now = (): number => Math.floor(Date.now() / 1000);

/** Adds documents that the person may read. @throws {GraphQLError} NOT_FOUND, BAD_USER_INPUT. */
async function adding(visit: Visit, fileIds: readonly string[]): Promise<readonly string[]> {
  const ids = fileIds.map(documentIdOf);
  const known = await documentsOf(visit, ids);
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw new CodedError('NOT_FOUND', `There is no file ${fileIdOf(missing).slice(0, 100)}.`);
  return ids;
}

function withFiles(files: Value['files'], ids: readonly string[]): Value['files'] {
  const added = ids.filter((id) => !files.some((one) => one.id === id)).map((id) => ({ id, at: now() }));
  if (files.length + added.length > MAX_FILES)
    throw badInput('file_ids', `would be more than ${MAX_FILES} files in one vector store.`);
  return [...files, ...added];
}

/** Answers POST /v1/vector_stores. */
export async function createStore(visit: Visit, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['name', 'file_ids', 'metadata']);
  const given = z.array(z.string()).safeParse(body['file_ids'] ?? []);
  if (!given.success) throw badInput('file_ids', 'must be a list of ids of files.');
  const ids = await adding(visit, [...new Set(given.data)]);
  const value = { name: textOf(body, 'name') ?? '', metadata: metadataOf(body) ?? {}, files: withFiles([], ids) };
  await send(visit, await keep(visit, PREFIX + randomUUID(), value, 0), response);
}

/** Answers GET /v1/vector_stores. */
export async function listStores(visit: Visit, search: URLSearchParams, response: ServerResponse): Promise<void> {
  const part = partOf(search);
  const stores: Store[] = [];
  for await (const entry of walk<Entry>(visit, FILES.OpenAiStores)) {
    const store = storeOf(entry);
    if (store) stores.push(store);
  }
  stores.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id));
  const documents = await documentsOf(
    visit,
    stores.flatMap(({ files }) => files.map(({ id }) => id)),
  );
  sendJson(
    response,
    200,
    listBody(
      stores.map((store) => asStore(store, documents)),
      part,
    ),
  );
}

/** Answers GET /v1/vector_stores/{id}. */
export async function readStore(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  await send(visit, await find(visit, id), response);
}

/** Answers POST /v1/vector_stores/{id}: another name, other metadata. */
export async function changeStore(visit: Visit, id: string, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['name', 'metadata']);
  const [name, metadata] = [textOf(body, 'name'), metadataOf(body)];
  const to = ({ files, ...store }: Store): Value => ({
    name: name ?? store.name,
    metadata: metadata ?? store.metadata,
    files,
  });
  await send(visit, await change(visit, id, to), response);
}

/** Answers DELETE /v1/vector_stores/{id}. Its files stay. */
export async function deleteStore(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  const store = await find(visit, id);
  await visit.need(FILES.OpenAiDropStore, { key: keyOf(store.id) });
  sendJson(response, 200, { id, object: 'vector_store.deleted', deleted: true });
}

/** Answers POST /v1/vector_stores/{id}/files. */
export async function attachFile(visit: Visit, id: string, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['file_id']);
  const fileId = textOf(body, 'file_id') ?? '';
  const [documentId] = await adding(visit, [fileId]);
  const store = await change(visit, id, ({ name, metadata, files }) => ({
    name,
    metadata,
    files: withFiles(files, [documentId!]),
  }));
  sendJson(response, 200, await storeFile(visit, store, fileId));
}

/** Answers GET /v1/vector_stores/{id}/files. */
export async function listStoreFiles(
  visit: Visit,
  id: string,
  search: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const part = partOf(search, ['filter']);
  const store = await find(visit, id);
  const documents = await documentsOf(
    visit,
    store.files.map((file) => file.id),
  );
  const filter = search.get('filter');
  const files = store.files
    .flatMap((file) => {
      const document = documents.get(file.id);
      return document ? [asStoreFile(store.id, file.at, document)] : [];
    })
    .filter(({ status }) => filter === null || status === filter)
    .reverse();
  sendJson(response, 200, listBody(files, part));
}

/** Answers GET /v1/vector_stores/{id}/files/{file}. */
export async function readStoreFile(visit: Visit, id: string, fileId: string, response: ServerResponse): Promise<void> {
  sendJson(response, 200, await storeFile(visit, await find(visit, id), fileId));
}

async function storeFile(visit: Visit, store: Store, fileId: string) {
  const documentId = documentIdOf(fileId);
  const file = store.files.find(({ id }) => id === documentId);
  const document = file && (await visit.run<StoredFile>(FILES.OpenAiFile, { id: documentId }));
  if (!file || !document)
    throw new CodedError('NOT_FOUND', `There is no file ${fileId.slice(0, 100)} in this vector store.`);
  return asStoreFile(store.id, file.at, document);
}

/** Answers DELETE /v1/vector_stores/{id}/files/{file}. The file itself stays. */
export async function detachFile(visit: Visit, id: string, fileId: string, response: ServerResponse): Promise<void> {
  const documentId = documentIdOf(fileId);
  await change(visit, id, ({ name, metadata, files }) => ({
    name,
    metadata,
    files: files.filter((file) => file.id !== documentId),
  }));
  sendJson(response, 200, { id: fileId, object: 'vector_store.file.deleted', deleted: true });
}

interface Match {
  readonly score: number;
  readonly passage: {
    readonly text: string;
    readonly citation: { readonly documentId: string; readonly title: string };
  };
}

/** Answers POST /v1/vector_stores/{id}/search. */
export async function searchStore(visit: Visit, id: string, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['query', 'max_num_results'], ['rewrite_query']);
  const query = z.union([z.string(), z.array(z.string())]).safeParse(body['query']);
  if (!query.success) throw badInput('query', 'must be a text, or a list of texts.');
  const asked = Array.isArray(query.data) ? query.data.join('\n') : query.data;
  const limit = numberOf(body, 'max_num_results') ?? 10;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_RESULTS)
    throw badInput('max_num_results', `must be a whole number from 1 to ${MAX_RESULTS}.`);
  const { files } = await find(visit, id);
  const documentIds = files.map((file) => file.id);
  // No document at all would mean every one.
  const found =
    documentIds.length === 0
      ? { matches: [] }
      : await visit.need<{ matches: readonly Match[] }>(FILES.OpenAiSearchStore, { query: asked, documentIds, limit });
  sendJson(response, 200, {
    object: 'vector_store.search_results.page',
    search_query: [asked],
    data: found.matches.map(({ score, passage: { text, citation } }) => ({
      file_id: fileIdOf(citation.documentId),
      filename: citation.title,
      score,
      attributes: {},
      content: [{ type: 'text', text }],
    })),
    has_more: false,
    next_page: null,
  });
}
