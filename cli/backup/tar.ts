import { Header, Pax } from 'tar';

const BLOCK = 512;
/** Two empty blocks end an archive. */
const END = Buffer.alloc(2 * BLOCK);
/** A header that describes the next one, where a name is long, is never larger. */
const MAX_PAX_BYTES = 64 * 1024;

/** A file of an archive. `body` has to be read to its end before the next is asked for. */
export interface TarEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly body: AsyncGenerator<Buffer>;
}

/** A file to be written. Its size must be known before its bytes are. */
export interface TarFile {
  readonly name: string;
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * Yields the bytes of an archive that `tar` reads, file by file.
 *
 * @throws {Error} when a file has more or fewer bytes than it was said to have.
 */
export async function* writeTar(files: AsyncIterable<TarFile>): AsyncGenerator<Uint8Array> {
  const now = new Date();
  for await (const { name, size, body } of files) {
    yield headerOf(name, size, now);
    let left = size;
    for await (const piece of body) {
      left -= piece.byteLength;
      if (left < 0) break;
      yield piece;
    }
    if (left !== 0) throw new Error(`${name} has other bytes than the ${size} that it was said to have`);
    yield padding(size);
  }
  yield END;
}

function headerOf(name: string, size: number, mtime: Date): Buffer {
  const data = { path: name, size, mtime, mode: 0o600, type: 'File' } as const;
  const header = new Header(data);
  const block = Buffer.alloc(BLOCK);
  const needsPax = header.encode(block);
  return needsPax ? Buffer.concat([new Pax({ path: name, size }).encode(), block]) : block;
}

const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/**
 * Yields the files of an archive.
 *
 * @throws {Error} for what is not an archive, and for one that ends too early.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const bytes = new Bytes(source);
  let long: Pax | undefined;
  for (;;) {
    const block = await bytes.exactly(BLOCK);
    const header = new Header(block);
    if (header.nullBlock) {
      // What follows is checked by nothing here, but a damaged end must show: read on to the end.
      await bytes.drain();
      return;
    }
    if (!header.cksumValid) throw new Error('it is not an archive, or it is damaged');
    const size = header.size ?? 0;
    if (header.type === 'ExtendedHeader') {
      if (size > MAX_PAX_BYTES) throw new Error('a name in it is too long');
      long = Pax.parse((await bytes.exactly(size)).toString('utf8'));
      await bytes.exactly(padding(size).length);
      continue;
    }
    const body = bytes.upTo(size);
    yield { name: long?.path ?? header.path ?? '', size, body };
    long = undefined;
    for await (const _ of body);
    await bytes.exactly(padding(size).length);
  }
}

/** Reads a stream of pieces by numbers of bytes. */
class Bytes {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #kept: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  async exactly(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.upTo(size)) parts.push(part);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  async *upTo(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (this.#kept.length === 0) {
        const { done, value } = await this.#pieces.next();
        if (done) throw new Error('it ends too early');
        this.#kept = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        continue;
      }
      const part = this.#kept.subarray(0, left);
      this.#kept = this.#kept.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async drain(): Promise<void> {
    this.#kept = Buffer.alloc(0);
    while (!(await this.#pieces.next()).done);
  }
}
