import { createHash, type Hash } from 'node:crypto';

/** The running checksum of the files of a backup: their names, sizes and bytes, in their order. */
export class Checksum {
  readonly #hash: Hash = createHash('sha256');

  /** Begins a file, and returns its bytes as they pass. */
  async *file(
    name: string,
    size: number,
    body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): AsyncGenerator<Buffer> {
    this.#hash.update(`${name}\n${size}\n`);
    for await (const piece of body) {
      this.#hash.update(piece);
      yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    }
  }

  /** The checksum of what has passed so far, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
