import { badInput } from '../../base/errors/errors.ts';

/**
 * A store of bytes by key: uploads, originals, variants. What a blob is called, whose it is and what type it has is the
 * owner's to record in its own tables; the store keeps bytes and nothing else.
 *
 * blob-store.contract.ts is the definition of the interface: every face passes it.
 */
export interface BlobStore extends AsyncDisposable {
  readonly kind: 'folder' | 's3';

  /**
   * Stores a blob, replacing one of the same key. It is there as a whole and durable when this resolves, and not at all
   * when it rejects: a killed process or a client that hangs up leaves no half blob.
   *
   * @param body bytes, or a stream of them; a stream is read no further than `maxBytes`.
   * @throws {CodedError} PAYLOAD_TOO_LARGE when there is more than `maxBytes`; BAD_USER_INPUT for a key that is none.
   */
  put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob>;

  /** What is known of a blob, or undefined. */
  head(key: string): Promise<BlobInfo | undefined>;

  /** The bytes of a blob, or of a range of it, or undefined if there is no such blob. Read or cancel the stream. */
  get(key: string, options?: GetOptions): Promise<BlobBody | undefined>;

  /** Deletes a blob; false if there was none. */
  delete(key: string): Promise<boolean>;

  /** Deletes every blob whose key begins with `prefix`, which must end in `/`. Returns how many there were. */
  deleteAll(prefix: string): Promise<number>;

  /**
   * Every blob whose key begins with `prefix` (empty: all), in no particular order. It is read in pages, and what is
   * stored or deleted meanwhile may be among them or not.
   */
  list(prefix: string): AsyncGenerator<BlobInfo>;

  /**
   * Ends uploads that killed processes left unfinished: not yet blobs, they take room all the same. Returns how many.
   *
   * @param olderThanMs age of those that are ended; default a day.
   */
  endAbandoned(olderThanMs?: number): Promise<number>;

  /**
   * A link under which a client downloads the blob from the store itself, or undefined where downloads go through the
   * product. Whether there is such a blob is not asked.
   */
  downloadUrl(key: string, options: DownloadOptions): Promise<string | undefined>;

  /** Whether the store takes writes; never rejects. The signal ends the wait for a server that says nothing. */
  health(signal?: AbortSignal): Promise<{ readonly status: 'up' | 'down'; readonly detail?: string }>;
}

/**
 * A key: parts of letters, digits, `.`, `_` and `-`, joined by `/`; at most 512 characters. No part begins with a dot.
 * Begin it with the owner, e.g. `memory/documents/<id>/original`.
 */
const BLOB_KEY = /^(?!.{513})[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** Returns whether a text is a blob's key. */
export const isBlobKey = (key: string): boolean => BLOB_KEY.test(key);

/**
 * Checks a key.
 *
 * @throws {CodedError} BAD_USER_INPUT for what is not a blob's key.
 */
export function checkKey(key: string): void {
  if (!isBlobKey(key)) throw badInput('key', 'is not a blob key: letters, digits, ".", "_", "-" and "/".');
}

export interface PutOptions {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions {
  /** First byte, default 0. */
  readonly start?: number | undefined;
  /** Last byte, inclusive; default the last one. */
  readonly end?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The word of a link to a blob to the browser that follows it. */
export interface DownloadOptions {
  /** Seconds that the link works. */
  readonly expiresInS: number;
  readonly contentType: string;
  /** The header Content-Disposition of the answer. */
  readonly disposition: string;
}

export interface BlobInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly modifiedAt: Date;
}

export interface StoredBlob {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Hex digest of the content. */
  readonly sha256: string;
}

export interface BlobBody extends BlobInfo {
  readonly stream: ReadableStream<Uint8Array>;
}

/** Reads a small blob whole; undefined if there is none. For what is known to be of bounded size. */
export async function readBlob(store: BlobStore, key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const blob = await store.get(key, { signal });
  return blob && new Uint8Array(await new Response(blob.stream as BodyInit).arrayBuffer());
}
