import type { ServerResponse } from 'node:http';

/**
 * Bytes that are written at once. What is written is seen to be read when all of it is: the next piece is written then.
 * The slowest reader that UnreadAnswers lets read needs 16 seconds for one, which is less than its time.
 */
export const PIECE_BYTES = 256 * 1024;

/** Sends a body and ends the answer: in pieces where it is large, so that its reader is seen to read. */
export function endInPieces(response: ServerResponse, body: Uint8Array): void {
  if (body.byteLength <= PIECE_BYTES) return void response.end(body);
  let at = 0;
  const next = (): void => {
    for (;;) {
      const piece = body.subarray(at, at + PIECE_BYTES);
      at += PIECE_BYTES;
      if (at >= body.byteLength) return void response.end(piece);
      if (!response.write(piece)) return void response.once('drain', next);
    }
  };
  next();
}

/** Yields the same bytes, none of them larger than a piece. */
export async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}
