import { createHash } from 'node:crypto';
import { CodedError } from '../../base/errors/errors.ts';

/** A body on its way into a store: its chunks, and what is known of them so far. */
export interface MeasuredBody {
  /** The chunks of the body, to be read once. It throws what the source throws, and PAYLOAD_TOO_LARGE. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes that were read. */
  readonly size: number;
  /** Why reading ended early: what the source threw, PAYLOAD_TOO_LARGE, or the reason of an abort. */
  readonly failure: unknown;
  /** Hex digest (SHA-256) of what was read. Call it once, at the end. */
  digest(): string;
}

/** Counts and digests a body while a store reads it, and reads no further than `maxBytes`. */
export function measured(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal?: AbortSignal,
): MeasuredBody {
  const hash = createHash('sha256');
  const state = { size: 0, failure: undefined as unknown };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        signal?.throwIfAborted();
        state.size += chunk.byteLength;
        if (state.size > maxBytes)
          throw new CodedError('PAYLOAD_TOO_LARGE', `The content is larger than the ${maxBytes} bytes allowed.`);
        hash.update(chunk);
        yield chunk;
      }
      signal?.throwIfAborted();
    } catch (error) {
      state.failure = error;
      throw error;
    }
  }
  return {
    chunks: chunks(),
    get size() {
      return state.size;
    },
    get failure() {
      return state.failure;
    },
    digest: () => hash.digest('hex'),
  };
}
