import type { IncomingMessage, ServerResponse } from 'node:http';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { sendResponse } from '#platform/net/http/web.ts';
import { withForm } from '../doors/form.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { FILES } from './files-graph.ts';
import { isBehind, listBody, partOf, walk } from './lists.ts';
import { refusalOf } from './plain-routes.ts';

/** A document of the graph, as far as a file of OpenAI's API tells of it. */
export interface StoredFile {
  readonly id: string;
  readonly title: string;
  readonly fileName: string | null;
  readonly size: number;
  readonly status: 'AWAITING_UPLOAD' | 'QUEUED' | 'PROCESSING' | 'READY' | 'FAILED';
  readonly createdAt: string;
  readonly problem: { readonly code: string; readonly message: string } | null;
}

interface Begun {
  readonly document: StoredFile;
  readonly upload: {
    readonly method: string;
    readonly url: string;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
  };
}

/** What comes before the id of a document in this API. */
export const FILE_PREFIX = 'file-';
/** What the files of this server are for; it keeps no others. */
const PURPOSES = ['assistants', 'user_data'];

/** Returns the id of a file in this API. */
export const fileIdOf = (documentId: string): string => FILE_PREFIX + documentId;

/** Returns the document that a file is. @throws {CodedError} NOT_FOUND. */
export function documentIdOf(fileId: string): string {
  if (!fileId.startsWith(FILE_PREFIX)) throw new CodedError('NOT_FOUND', `There is no file ${fileId.slice(0, 100)}.`);
  return fileId.slice(FILE_PREFIX.length);
}

const STATUSES = {
  AWAITING_UPLOAD: 'uploaded',
  QUEUED: 'uploaded',
  PROCESSING: 'uploaded',
  READY: 'processed',
  FAILED: 'error',
} as const;

const asFile = ({ id, title, fileName, size, status, createdAt, problem }: StoredFile) => ({
  id: fileIdOf(id),
  object: 'file',
  bytes: size,
  created_at: secondsOf(createdAt),
  filename: fileName ?? title,
  purpose: 'assistants',
  status: STATUSES[status],
  status_details: problem?.message ?? null,
});

/** Returns a moment as this API tells it: Unix seconds. */
export const secondsOf = (moment: string): number => Math.floor(Date.parse(moment) / 1000);

/** Answers POST /v1/files: the file becomes a document of the person's knowledge. */
export async function uploadFile(visit: Visit, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const kept = await withForm(request, visit, ['purpose'], ({ file, values }) => {
    if (!PURPOSES.includes(values['purpose'] ?? '')) throw badInput('purpose', `must be ${PURPOSES.join(' or ')}.`);
    return keepFile(visit, file);
  });
  sendJson(response, 200, asFile(kept));
}

/** Makes a document of a file. Nothing is left of one whose bytes could not be taken. @throws {GraphQLError} why. */
export async function keepFile(visit: Pick<Visit, 'need' | 'fetch' | 'afterwards'>, file: File): Promise<StoredFile> {
  const contentType = file.type || 'application/octet-stream';
  const { document, upload } = await visit.need<Begun>(FILES.OpenAiUploadFile, {
    input: { fileName: file.name, contentType, size: file.size },
  });
  const headers = Object.fromEntries(upload.headers.map(({ name, value }) => [name, value]));
  try {
    const answer = await visit.fetch(upload.url, {
      method: upload.method,
      headers: { ...headers, 'content-type': contentType, 'content-length': String(file.size) },
      body: file,
    });
    if (!answer.ok) throw await refusalOf(answer, 'The file could not be taken', 'file');
    return document;
  } catch (error) {
    await visit.afterwards(FILES.OpenAiDeleteFile, { id: document.id });
    throw error;
  }
}

/** Answers GET /v1/files. */
export async function listFiles(visit: Visit, search: URLSearchParams, response: ServerResponse): Promise<void> {
  const part = partOf(search, FILE_PREFIX, ['purpose']);
  const purpose = search.get('purpose');
  if (purpose !== null && !PURPOSES.includes(purpose)) return sendJson(response, 200, listBody([], part));
  const files: ReturnType<typeof asFile>[] = [];
  for await (const document of walk<StoredFile>(visit, FILES.OpenAiFiles)) {
    if (isBehind(part, fileIdOf(document.id))) files.push(asFile(document));
    if (files.length > part.limit) break;
  }
  sendJson(response, 200, listBody(files, part));
}

/** Answers GET /v1/files/{id}. */
export async function readFile(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  sendJson(response, 200, asFile(await visit.need<StoredFile>(FILES.OpenAiFile, { id: documentIdOf(id) })));
}

/** Answers GET /v1/files/{id}/content: the file as it was uploaded. */
export async function readFileContent(
  visit: Pick<Visit, 'need' | 'fetch'>,
  id: string,
  response: ServerResponse,
): Promise<void> {
  const { originalUrl } = await visit.need<{ originalUrl: string | null }>(FILES.OpenAiFileContent, {
    id: documentIdOf(id),
  });
  if (originalUrl === null) throw new CodedError('NOT_FOUND', 'The file has no content that was uploaded.');
  const answer = await visit.fetch(originalUrl, { redirect: 'manual' });
  if (answer.status >= 400) throw await refusalOf(answer, 'The content could not be read');
  await sendResponse(response, answer);
}

/** Answers DELETE /v1/files/{id}. Vector stores lose it with that. */
export async function deleteFile(visit: Visit, id: string, response: ServerResponse): Promise<void> {
  await visit.need(FILES.OpenAiDeleteFile, { id: documentIdOf(id) });
  sendJson(response, 200, { id, object: 'file', deleted: true });
}
