import { Readable } from 'node:stream';
import { ReadableStream as WebStream } from 'node:stream/web';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type ServerSideEncryption,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { badInput, CodedError } from '../../base/errors/errors.ts';
import {
  type BlobBody,
  type BlobInfo,
  type BlobStore,
  checkKey,
  type DownloadOptions,
  type GetOptions,
  isBlobKey,
  type PutOptions,
  type StoredBlob,
} from './blob-store.ts';
import { measured } from './measured.ts';

/** The bucket where the blobs lie, and the rights to it. */
export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** Address of a server that speaks S3's protocol. Default: that of AWS for the region. */
  readonly endpoint?: string | undefined;
  /** Begins every key, ends in `/` or is empty; two installations may share a bucket. */
  readonly prefix: string;
  /** Default: what the SDK finds (environment, profile, web identity of a pod, role of a machine). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Whether the bucket stands in the path of a URL, as most servers but AWS expect it, and not in its host name. */
  readonly pathStyle: boolean;
  /** Encryption at rest, done by the server. Default: what the bucket prescribes. */
  readonly encryption?:
    | { readonly algorithm: ServerSideEncryption; readonly kmsKeyId?: string | undefined }
    | undefined;
  /** Whether clients download from the bucket itself, by links that it signs. */
  readonly direct: boolean;
  /** Longest silence of the server, in ms; default half a minute. */
  readonly silenceMs?: number | undefined;
}

/** Parts of a multipart upload, in bytes: the least that S3 takes. What is smaller is stored by one request. */
const PART_BYTES = 5 * 1024 * 1024;
/** Parts of one upload on their way at once: an upload holds at most this many parts in memory. */
const PARTS_AT_ONCE = 2;
/** Keys of one request that deletes: S3's limit. */
const MAX_DELETED_AT_ONCE = 1_000;
/** Age at which an unfinished upload was surely left behind by a killed process. */
const ABANDONED_MS = 24 * 3_600_000;
const CONNECT_MS = 3_000;
/** How long a write that was refused says that there is something wrong, in ms: nothing may be written for days. */
const REFUSED_MS = 60_000;
/** Longest silence of the server within a request, its answer's body included, in ms. */
const SILENCE_MS = 30_000;

/**
 * A store of blobs as objects of a bucket, in any storage that speaks S3's protocol. All replicas share it without a
 * volume. A key of the product is the object's key behind the prefix. An object is there as a whole or not at all: S3
 * shows it when its last part is confirmed.
 */
export class S3BlobStore implements BlobStore {
  readonly kind = 's3';
  readonly #client: S3Client;
  readonly #options: S3Options;
  readonly #silenceMs: number;
  /** Why the last write failed, and when; a bucket that can be read and not written is not well. */
  #refused: { readonly why: string; readonly at: number } | undefined;

  constructor(options: S3Options) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
    this.#client = new S3Client({
      region: options.region,
      forcePathStyle: options.pathStyle,
      maxAttempts: 3,
      // Newer checksums are sent where S3 asks for them alone: other servers refuse a request that carries them.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        requestTimeout: this.#silenceMs,
        throwOnRequestTimeout: true,
      },
      ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
      ...(options.credentials && { credentials: options.credentials }),
    });
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    { maxBytes, signal }: PutOptions,
  ): Promise<StoredBlob> {
    checkKey(key);
    signal?.throwIfAborted();
    const source = measured(body, maxBytes, signal);
    const params = { ...this.#object(key), ...this.#encryption() };
    try {
      if (body instanceof Uint8Array) {
        for await (const _ of source.chunks);
        const request = new PutObjectCommand({ ...params, Body: body, ContentLength: body.byteLength });
        await this.#client.send(request, { ...(signal && { abortSignal: signal }) });
      } else {
        await this.#upload(params, source.chunks, signal);
      }
    } catch (error) {
      // What the source says of itself (too large, hung up) is not a fault of the storage.
      if (source.failure !== undefined) throw source.failure;
      signal?.throwIfAborted();
      this.#refused = { why: reasonOf(error), at: performance.now() };
      throw unavailable(error);
    }
    this.#refused = undefined;
    return { key, size: source.size, sha256: source.digest() };
  }

  async head(key: string): Promise<BlobInfo | undefined> {
    checkKey(key);
    const found = await this.#ask(() => this.#client.send(new HeadObjectCommand(this.#object(key))));
    return found && { key, size: found.ContentLength ?? 0, modifiedAt: found.LastModified ?? new Date(0) };
  }

  async get(key: string, { start, end, signal }: GetOptions = {}): Promise<BlobBody | undefined> {
    checkKey(key);
    const range = start === undefined && end === undefined ? undefined : `bytes=${start ?? 0}-${end ?? ''}`;
    const request = new GetObjectCommand({ ...this.#object(key), ...(range !== undefined && { Range: range }) });
    const found = await this.#ask(() => this.#client.send(request, { ...(signal && { abortSignal: signal }) }), signal);
    if (!found?.Body) return undefined;
    return {
      key,
      size: Number(found.ContentRange?.split('/')[1] ?? found.ContentLength ?? 0),
      modifiedAt: found.LastModified ?? new Date(0),
      stream: WebStream.from(bodyOf(found.Body as Readable, this.#silenceMs, signal)) as ReadableStream<Uint8Array>,
    };
  }

  async delete(key: string): Promise<boolean> {
    if ((await this.head(key)) === undefined) return false;
    await this.#ask(() => this.#client.send(new DeleteObjectCommand(this.#object(key))));
    return true;
  }

  async deleteAll(prefix: string): Promise<number> {
    if (!prefix.endsWith('/')) throw badInput('prefix', 'must end in /');
    checkKey(prefix.slice(0, -1));
    let [count, keys]: [number, string[]] = [0, []];
    for await (const { key } of this.list(prefix)) {
      if (keys.push(key) < MAX_DELETED_AT_ONCE) continue;
      count += await this.#deleteThese(keys);
      keys = [];
    }
    return keys.length === 0 ? count : count + (await this.#deleteThese(keys));
  }

  async *list(prefix: string): AsyncGenerator<BlobInfo> {
    const { bucket, prefix: own } = this.#options;
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: bucket, Prefix: own + prefix });
    try {
      for await (const { Contents = [] } of pages) {
        for (const { Key = '', Size = 0, LastModified = new Date(0) } of Contents) {
          const key = Key.slice(own.length);
          if (isBlobKey(key)) yield { key, size: Size, modifiedAt: LastModified };
        }
      }
    } catch (error) {
      throw unavailable(error);
    }
  }

  async downloadUrl(key: string, options: DownloadOptions): Promise<string | undefined> {
    if (!this.#options.direct) return undefined;
    checkKey(key);
    const request = new GetObjectCommand({
      ...this.#object(key),
      ResponseContentType: options.contentType,
      ResponseContentDisposition: options.disposition,
      ResponseCacheControl: 'private, no-store',
    });
    return getSignedUrl(this.#client, request, { expiresIn: options.expiresInS });
  }

  async health(abortSignal?: AbortSignal): Promise<{ status: 'up' | 'down'; detail?: string }> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#options.bucket }), { abortSignal });
    } catch (error) {
      const why = abortSignal?.aborted ? 'no answer' : reasonOf(error);
      return { status: 'down', detail: `the bucket cannot be reached (${why})` };
    }
    if (this.#refused === undefined || performance.now() - this.#refused.at > REFUSED_MS) return { status: 'up' };
    return { status: 'down', detail: `the bucket takes no writes (${this.#refused.why})` };
  }

  /** Their parts are invisible, and paid for. */
  async endAbandoned(olderThanMs = ABANDONED_MS): Promise<number> {
    const { bucket, prefix } = this.#options;
    let ended = 0;
    let [KeyMarker, UploadIdMarker]: [string | undefined, string | undefined] = [undefined, undefined];
    do {
      const page: ListMultipartUploadsCommandOutput = await this.#client.send(
        new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, KeyMarker, UploadIdMarker }),
      );
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Initiated === undefined || Date.now() - Initiated.getTime() < olderThanMs) continue;
        await this.#client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
        ended++;
      }
      [KeyMarker, UploadIdMarker] = page.IsTruncated
        ? [page.NextKeyMarker, page.NextUploadIdMarker]
        : [undefined, undefined];
    } while (KeyMarker !== undefined);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
  }

  #object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + key };
  }

  #encryption(): { ServerSideEncryption?: ServerSideEncryption; SSEKMSKeyId?: string } {
    const { encryption } = this.#options;
    if (!encryption) return {};
    const { algorithm, kmsKeyId } = encryption;
    return { ServerSideEncryption: algorithm, ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }) };
  }

  async #upload(
    params: { Bucket: string; Key: string },
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const upload = new Upload({
      client: this.#client,
      params: { ...params, Body: Readable.from(chunks, { objectMode: false }) },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    const abort = (): void => void upload.abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await upload.done();
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async #deleteThese(keys: readonly string[]): Promise<number> {
    const Objects = keys.map((key) => ({ Key: this.#options.prefix + key }));
    const request = new DeleteObjectsCommand({ Bucket: this.#options.bucket, Delete: { Objects, Quiet: true } });
    const answer = await this.#ask(() => this.#client.send(request));
    const [failed] = answer?.Errors ?? [];
    if (failed) throw unavailable(new Error(`${failed.Code}: ${failed.Message}`));
    return keys.length;
  }

  /** Sends a request; undefined when there is no such object. */
  async #ask<Answer>(send: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer | undefined> {
    try {
      return await send();
    } catch (error) {
      if (isMissing(error)) return undefined;
      signal?.throwIfAborted();
      throw unavailable(error);
    }
  }
}

/** The body of an answer, whose connection is given back when it is left, read or not, waited for or not. */
function bodyOf(body: Readable, silenceMs: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  const pieces = piecesOf(body, silenceMs, signal);
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => pieces.next(),
      // A generator that has not begun would end without its `finally`.
      return: (value) => {
        body.destroy();
        return pieces.return(value);
      },
    }),
  };
}

/**
 * Yields the body of an answer. A storage that hangs up or falls silent in the middle of it is away, and nothing is
 * wrong with the blob. Silence counts while a piece is waited for: a reader may take its time.
 */
async function* piecesOf(
  body: Readable,
  silenceMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  const silence = Object.assign(new Error('the storage fell silent'), { name: 'TimeoutError' });
  try {
    for (;;) {
      const timer = setTimeout(() => body.destroy(silence), silenceMs);
      const { done, value } = await pieces.next().finally(() => clearTimeout(timer));
      if (done) return;
      yield value as Uint8Array;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unavailable(error);
  } finally {
    body.destroy();
  }
}

/** A missing bucket is not a missing object: it is a fault that must be seen. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound');

/** What the server or the socket said, in a word or two. It names no key and no address. */
const reasonOf = (error: unknown): string => {
  const { name, code } = error as { name?: string; code?: string };
  return code ?? name ?? 'unknown';
};

const unavailable = (error: unknown): unknown =>
  error instanceof CodedError
    ? error
    : Object.assign(
        new CodedError(
          'SERVICE_UNAVAILABLE',
          `The storage of files cannot be reached or refuses (${reasonOf(error)}). Try again later.`,
        ),
        { cause: error },
      );
