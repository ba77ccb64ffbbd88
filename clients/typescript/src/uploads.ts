import type { Connection } from './connection.ts';
import { offline, SextantError } from './errors.ts';
import {
  type CreateDocumentUploadInput,
  type CreateImageUploadInput,
  StartDocumentUploadDocument,
  StartImageUploadDocument,
  type UploadFragment,
  WatchDocumentDocument,
  WatchImageDocument,
} from './generated/graphql.ts';

/** The progress of an upload. `share` goes from 0 to 1 in each phase. */
export interface UploadProgress {
  readonly phase: 'sending' | 'processing';
  readonly share: number;
}

/** The options of an upload. */
export interface UploadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: UploadProgress) => void;
}

/** A file, or bytes with a name. */
export type UploadSource = Blob & { readonly name?: string };

/** The uploads of one person. */
export class Uploads {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Uploads a document and waits until it can be searched.
   *
   * @throws {SextantError} BAD_USER_INPUT where it cannot be read; the message says why.
   */
  async document(
    file: UploadSource,
    { signal, onProgress, ...input }: UploadOptions & Partial<CreateDocumentUploadInput> = {},
  ): Promise<{ id: string }> {
    const variables = { input: { ...describe(file), ...input } };
    const { createDocumentUpload } = await this.#connection.request(StartDocumentUploadDocument, variables, { signal });
    const { document, upload } = createDocumentUpload!;
    await put(file, upload, { signal, onProgress, fetch: this.#connection.givenFetch });
    const progress = this.#connection.subscribe(WatchDocumentDocument, { id: document.id }, { signal });
    for await (const { documentProgress } of progress) {
      if (documentProgress == null) continue;
      const { status, progress: far, problem } = documentProgress;
      onProgress?.({ phase: 'processing', share: far.total > 0 ? far.done / far.total : 0 });
      if (status === 'FAILED') throw new SextantError('BAD_USER_INPUT', problem?.message ?? 'It cannot be read.');
      if (status === 'READY') break;
    }
    signal?.throwIfAborted();
    return { id: document.id };
  }

  /** Uploads an image and waits until it is analysed. @throws {SextantError} BAD_USER_INPUT where it is refused. */
  async image(
    file: UploadSource,
    { signal, onProgress, ...input }: UploadOptions & Partial<CreateImageUploadInput> = {},
  ): Promise<{ id: string }> {
    const variables = { input: { ...describe(file), ...input } };
    const { createImageUpload } = await this.#connection.request(StartImageUploadDocument, variables, { signal });
    const { image, upload } = createImageUpload!;
    await put(file, upload, { signal, onProgress, fetch: this.#connection.givenFetch });
    for await (const { imageProgress } of this.#connection.subscribe(
      WatchImageDocument,
      { id: image.id },
      { signal },
    )) {
      if (imageProgress == null) continue;
      if (imageProgress.status === 'REFUSED')
        throw new SextantError('BAD_USER_INPUT', imageProgress.problem ?? 'The image was refused.');
      if (imageProgress.status === 'READY') break;
      onProgress?.({ phase: 'processing', share: 0 });
    }
    signal?.throwIfAborted();
    return { id: image.id };
  }
}

const describe = (file: UploadSource) => ({
  fileName: file.name ?? 'file',
  contentType: file.type || 'application/octet-stream',
  size: file.size,
});

interface Way extends Pick<UploadOptions, 'signal' | 'onProgress'> {
  readonly fetch: typeof globalThis.fetch | undefined;
}

/** Sends the bytes: by XMLHttpRequest where there is one and no fetch was given, because that tells how far it is. */
function put(file: Blob, upload: UploadFragment, { signal, onProgress, fetch }: Way): Promise<void> {
  if (file.size > upload.maxBytes) {
    const problem = `The file has ${file.size} bytes; at most ${upload.maxBytes} are taken.`;
    return Promise.reject(new SextantError('PAYLOAD_TOO_LARGE', problem));
  }
  const headers = upload.headers.map(({ name, value }) => [name, value] as const);
  if (fetch || typeof XMLHttpRequest === 'undefined')
    return putByFetch(file, upload, headers, signal, fetch ?? globalThis.fetch);
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(upload.method, upload.url);
    for (const [name, value] of headers) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) =>
      onProgress?.({ phase: 'sending', share: total > 0 ? loaded / total : 0 });
    const abort = () => request.abort();
    signal?.addEventListener('abort', abort);
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request.status, request.responseText)));
    request.onerror = () => reject(offline('the upload was cut'));
    request.onabort = () => reject(signal?.reason ?? offline('the upload was aborted'));
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.send(file);
  });
}

async function putByFetch(
  file: Blob,
  { url, method }: UploadFragment,
  headers: readonly (readonly [string, string])[],
  signal: AbortSignal | undefined,
  fetch: typeof globalThis.fetch,
): Promise<void> {
  let response: Response;
  try {
    const entries = headers.map(([name, value]): [string, string] => [name, value]);
    response = await fetch(url, { method, headers: entries, body: file, ...(signal && { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw offline(cause);
  }
  if (!response.ok) throw refusal(response.status, await response.text());
}

function refusal(status: number, body: string): SextantError {
  let message = `The upload was refused with ${status}.`;
  try {
    message = (JSON.parse(body) as { error?: { message?: string } }).error?.message ?? message;
  } catch {
    // A storage such as S3 answers XML.
  }
  return new SextantError(status === 413 ? 'PAYLOAD_TOO_LARGE' : 'BAD_USER_INPUT', message);
}
