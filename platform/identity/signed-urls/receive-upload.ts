import { badInput, CodedError } from '../../base/errors/errors.ts';
import type { BlobStore, StoredBlob } from '../../data/blobs/blob-store.ts';
import type { Grant } from './url-signer.ts';

/** A client that sends nothing for this long has lost its upload. */
const STALL_MS = 30_000;

/**
 * Stores the body of an upload that a grant allows. What the client declares is checked before a byte is read, and what
 * it sends while it is read: no client fills the disk with a wrong Content-Length or by never ending.
 *
 * @throws {CodedError} BAD_USER_INPUT for another content type than the grant's or no body, PAYLOAD_TOO_LARGE, TIMEOUT
 * when the client stalls.
 */
export async function receiveUpload(
  request: Request,
  grant: Grant,
  blobs: BlobStore,
  key: string,
): Promise<StoredBlob> {
  const maxBytes = grant.maxBytes ?? 0;
  const sent = mediaType(request.headers.get('content-type'));
  if (grant.contentType !== undefined && sent !== mediaType(grant.contentType))
    throw badInput('Content-Type', `is ${sent || 'missing'}; this link is for ${grant.contentType}.`);
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > maxBytes)
    throw new CodedError('PAYLOAD_TOO_LARGE', `The upload has ${declared} bytes; this link allows ${maxBytes}.`);
  if (request.body === null) throw badInput('body', 'is empty: send the bytes of the file.');
  const stalled = new AbortController();
  const signal = AbortSignal.any([request.signal, stalled.signal]);
  return blobs.put(key, watched(request.body, stalled), { maxBytes, signal });
}

/** Passes a stream on and aborts when its source stalls. */
async function* watched(body: ReadableStream<Uint8Array>, stalled: AbortController): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        const error = new CodedError('TIMEOUT', `The upload stood still for ${STALL_MS / 1000} s.`);
        reject(error);
        stalled.abort(error);
      }, STALL_MS);
      try {
        const chunk = await Promise.race([reader.read(), promise]);
        if (chunk.done) return;
        yield chunk.value;
      } finally {
        clearTimeout(timer);
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** `Text/HTML; charset=utf-8` is `text/html`. */
const mediaType = (header: string | null): string => (header ?? '').split(';', 1)[0]!.trim().toLowerCase();
