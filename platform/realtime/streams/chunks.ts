import type { Chunk } from './stream-log.ts';

/** Returns the chunks from `from` up to, not including, `to`, as few as can be: adjacent texts become one. */
export function joinChunks(chunks: readonly Chunk[], from = 0, to = chunks.length): Chunk[] {
  const joined: Chunk[] = [];
  let texts: string[] = [];
  for (let index = from; index < to; index++) {
    const chunk = chunks[index]!;
    if (typeof chunk === 'string') {
      texts.push(chunk);
      continue;
    }
    if (texts.length > 0) joined.push(texts.join(''));
    texts = [];
    joined.push(chunk);
  }
  if (texts.length > 0) joined.push(texts.join(''));
  return joined;
}

/** Returns what a chunk counts towards the limit of its stream, in bytes. */
export const chunkBytes = (chunk: Chunk): number =>
  Buffer.byteLength(typeof chunk === 'string' ? chunk : JSON.stringify(chunk));

const NAME = /^[\w.:-]{1,200}$/;

/**
 * Checks the name of a stream.
 *
 * @throws {TypeError} the name of a stream is not one.
 */
export function checkStreamName(stream: string): void {
  if (!NAME.test(stream))
    throw new TypeError(
      `${JSON.stringify(stream.slice(0, 250))} is not a name of a stream: 1 to 200 of A-Z a-z 0-9 _ . : -`,
    );
}

const MAX_FINAL_BYTES = 64 * 1024;

/**
 * Checks the size of an end marker.
 *
 * @throws {TypeError} the end marker is larger than an end marker should be.
 */
export function checkFinal(final: object): void {
  const bytes = Buffer.byteLength(JSON.stringify(final));
  if (bytes > MAX_FINAL_BYTES)
    throw new TypeError(`The final of a stream is ${bytes} bytes; at most ${MAX_FINAL_BYTES} are accepted.`);
}
