import type { ServerResponse } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { documentIdOf, FILE_PREFIX, fileIdOf, type StoredFile, secondsOf } from './files.ts';
import { FILES } from './files-graph.ts';
import { isBehind, listBody, partOf, walk } from './lists.ts';
import { type Body, checkNames, numberOf, objectOf, textOf } from './read.ts';
import {
  alterStore,
  documentsOf,
  type Entry,
  findStore,
  keepStore,
  keyOf,
  STORE_PREFIX,
  type Store,
  storeOf,
  type Value,
  valueSchema,
} from './vector-store.ts';

/** As many documents as one search looks through. */
const MAX_FILES = 100;
const MAX_RESULTS = 50;
const MAX_METADATA = 16;

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

/** Finds documents that the person may read. @throws {GraphQLError} NOT_FOUND, BAD_USER_INPUT. */
async function adding(visit: Visit, fileIds: readonly string[]): Promise<ReadonlyMap<string, StoredFile>> {
  const ids = fileIds.map(documentIdOf);
  const known = await documentsOf(visit, ids);
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw new CodedError('NOT_FOUND', `There is no file ${fileIdOf(missing).slice(0, 100)}.`);
  return known;
}

const tooMany = (name: string) => badInput(name, `would be more than ${MAX_FILES} files in one vector store.`);

/** Adds a file to those of a store; deleted ones make room. @throws {CodedError} BAD_USER_INPUT: it is full. */
async function withFile(visit: Visit, files: Value['files'], id: string): Promise<Value['files']> {
  if (files.some((one) => one.id === id)) return files;
  let kept = files;
  if (files.length >= MAX_FILES) {
    const documents = await documentsOf(
      visit,
      files.map((one) => one.id),
    );
    kept = files.filter((one) => documents.has(one.id));
  }
  if (kept.length >= MAX_FILES) throw tooMany('file_id');
  return [...kept, { id, at: now() }];
}

/** Answers POST /v1/vector_stores. */
export async function createStore(visit: Visit, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['name', 'file_ids', 'metadata']);
  const given = z.array(z.string()).safeParse(body['file_ids'] ?? []);
  if (!given.success) throw badInput('file_ids', 'must be a list of ids of files.');
  const fileIds = [...new Set(given.data)];
  if (fileIds.length > MAX_FILES) throw tooMany('file_ids');
  const [name, metadata] = [textOf(body, 'name') ?? '', metadataOf(body) ?? {}];
  await adding(visit, fileIds);
  const files = fileIds.map((fileId) => ({ id: documentIdOf(fileId), at: now() }));
  // Lists are in the order of the ids.
  await send(visit, await keepStore(visit, STORE_PREFIX + uuidv7(), { name, metadata, files }, 0), response);
}

/** Answers GET /v1/vector_stores. */
export async function listStores(visit: Visit, search: URLSearchParams, response: ServerResponse): Promise<void> {
  const part = partOf(search, STORE_PREFIX);
  const all: Store[] = [];
  for await (const entry of walk<Entry>(visit, FILES.OpenAiStores)) {
    const store = storeOf(entry);
    if (store && isBehind(part, store.id)) all.push(store);
  }
  const stores = all.sort(newestFirst).slice(0, part.limit + 1);
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

const newestFirst = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? 1 : -1);

/** Answers GET /v1/vector_stores/{id}. */
export async function readStore(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  await send(visit, await findStore(visit, id), response);
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
  await send(visit, await alterStore(visit, id, to), response);
}

/** Answers DELETE /v1/vector_stores/{id}. Its files stay. */
export async function deleteStore(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  const store = await findStore(visit, id);
  await visit.need(FILES.OpenAiDropStore, { key: keyOf(store.id) });
  sendJson(response, 200, { id, object: 'vector_store.deleted', deleted: true });
}

/** Answers POST /v1/vector_stores/{id}/files. */
export async function attachFile(visit: Visit, id: string, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['file_id']);
  const fileId = textOf(body, 'file_id') ?? '';
  const [document] = (await adding(visit, [fileId])).values();
  const store = await alterStore(visit, id, async ({ name, metadata, files }) => ({
    name,
    metadata,
    files: await withFile(visit, files, document!.id),
  }));
  const { at } = store.files.find((file) => file.id === document!.id)!;
  sendJson(response, 200, asStoreFile(store.id, at, document!));
}

/** Answers GET /v1/vector_stores/{id}/files. */
export async function listStoreFiles(
  visit: Visit,
  id: string,
  search: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const part = partOf(search, FILE_PREFIX, ['filter']);
  const store = await findStore(visit, id);
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
    .filter((file) => isBehind(part, file.id) && (filter === null || file.status === filter))
    .sort(newestFirst);
  sendJson(response, 200, listBody(files, part));
}

/** Answers GET /v1/vector_stores/{id}/files/{file}. */
export async function readStoreFile(visit: Visit, id: string, fileId: string, response: ServerResponse): Promise<void> {
  sendJson(response, 200, await storeFile(visit, await findStore(visit, id), fileId));
}

const notThere = (fileId: string) =>
  new CodedError('NOT_FOUND', `There is no file ${fileId.slice(0, 100)} in this vector store.`);

async function storeFile(visit: Visit, store: Store, fileId: string) {
  const documentId = documentIdOf(fileId);
  const file = store.files.find(({ id }) => id === documentId);
  const document = file && (await visit.run<StoredFile>(FILES.OpenAiFile, { id: documentId }));
  if (!file || !document) throw notThere(fileId);
  return asStoreFile(store.id, file.at, document);
}

/** Answers DELETE /v1/vector_stores/{id}/files/{file}. The file itself stays. */
export async function detachFile(visit: Visit, id: string, fileId: string, response: ServerResponse): Promise<void> {
  const documentId = documentIdOf(fileId);
  await alterStore(visit, id, ({ name, metadata, files }) => {
    const others = files.filter((file) => file.id !== documentId);
    if (others.length === files.length) throw notThere(fileId);
    return { name, metadata, files: others };
  });
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
  const { files } = await findStore(visit, id);
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
