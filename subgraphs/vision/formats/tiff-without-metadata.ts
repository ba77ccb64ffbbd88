/** Tags that are needed to show a page, its colours and its resolution; all others say something about it. */
const KEPT = new Set([
  ...[
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 286, 287,
  ],
  ...[
    290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 334, 336, 338,
  ],
  ...[339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 34675],
]);
/** Tags that lead to tables of their own: other pictures, EXIF, the place, interoperability. */
const TABLES = new Set([330, 34665, 34853, 40965]);
/** Bytes of a value, by its type. */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const MAX_TABLES = 2_000;
/** Bytes before the first table, at the least. */
const HEADER = 8;

/** A TIFF without what it told of its making. */
export interface CleanTiff {
  readonly file: Buffer;
  /** Whether all its tables could be followed: otherwise the file may hold words that no table leads to. */
  readonly isWhole: boolean;
}

/** Returns a TIFF whose tables hold no more than its pixels need; what they said is overwritten with zeros. */
export function tiffWithoutMetadata(file: Buffer): CleanTiff {
  const copy = Buffer.from(file);
  const isWhole = file.length >= HEADER && new Tiff(copy).clean();
  return { file: copy, isWhole };
}

interface Entry {
  readonly at: number;
  readonly tag: number;
  /** Where its value lies, and how many bytes it has. */
  readonly value: number;
  readonly length: number;
}

class Tiff {
  readonly #file: Buffer;
  readonly #little: boolean;
  /** With offsets of eight bytes. */
  readonly #big: boolean;
  readonly #seen = new Set<number>();
  #isWhole = true;

  constructor(file: Buffer) {
    this.#file = file;
    this.#little = file.toString('latin1', 0, 2) === 'II';
    this.#big = this.#short(2) === 43;
  }

  /** Returns whether all tables could be followed. */
  clean(): boolean {
    let next = this.#within(() => this.#offset(this.#big ? 8 : 4));
    while (next && this.#isNew(next)) {
      const table = next;
      next = this.#within(() => this.#cleanTable(table));
    }
    return this.#isWhole;
  }

  /** Does what a table says, as far as that does not lead out of the file. */
  #within<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#isWhole = false;
      return undefined;
    }
  }

  #isNew(table: number): boolean {
    if (this.#seen.has(table)) return false;
    if (this.#seen.size >= MAX_TABLES) {
      this.#isWhole = false;
      return false;
    }
    this.#seen.add(table);
    return true;
  }

  /** Returns where the next table is. */
  #cleanTable(table: number): number {
    const { entries, first, end } = this.#entries(table);
    const next = this.#offset(end);
    const kept: Buffer[] = [];
    for (const entry of entries) {
      if (KEPT.has(entry.tag)) kept.push(Buffer.from(this.#file.subarray(entry.at, entry.at + this.#entrySize)));
      else this.#within(() => this.#erase(entry));
    }
    this.#file.fill(0, first, end + this.#offsetSize);
    Buffer.concat(kept).copy(this.#file, first);
    this.#writeCount(table, kept.length);
    this.#writeOffset(first + kept.length * this.#entrySize, next);
    return next;
  }

  #erase({ tag, value, length }: Entry): void {
    if (TABLES.has(tag)) {
      const inner = this.#offset(value);
      if (inner !== 0 && this.#isNew(inner)) this.#within(() => this.#eraseTable(inner));
    }
    this.#file.fill(0, value, Math.min(this.#file.length, value + length));
  }

  #eraseTable(table: number): void {
    const { entries, end } = this.#entries(table);
    for (const entry of entries) this.#within(() => this.#erase(entry));
    this.#file.fill(0, table, end);
  }

  #entries(table: number): { entries: Entry[]; first: number; end: number } {
    const count = this.#big ? this.#offset(table) : this.#short(table);
    const first = table + (this.#big ? 8 : 2);
    const end = first + count * this.#entrySize;
    if (end + this.#offsetSize > this.#file.length) throw new RangeError('a table leads out of the file');
    const entries = Array.from({ length: count }, (_, i) => {
      const at = first + i * this.#entrySize;
      const values = this.#big ? this.#offset(at + 4) : this.#long(at + 4);
      const length = values * (SIZES[this.#short(at + 2)] ?? 1);
      const inside = at + 4 + this.#offsetSize;
      return { at, tag: this.#short(at), length, value: length <= this.#offsetSize ? inside : this.#offset(inside) };
    });
    return { entries, first, end };
  }

  get #entrySize(): number {
    return this.#big ? 20 : 12;
  }
  get #offsetSize(): number {
    return this.#big ? 8 : 4;
  }
  #short(at: number): number {
    return this.#little ? this.#file.readUInt16LE(at) : this.#file.readUInt16BE(at);
  }
  #long(at: number): number {
    return this.#little ? this.#file.readUInt32LE(at) : this.#file.readUInt32BE(at);
  }
  #offset(at: number): number {
    if (!this.#big) return this.#long(at);
    return Number(this.#little ? this.#file.readBigUInt64LE(at) : this.#file.readBigUInt64BE(at));
  }
  #writeOffset(at: number, value: number): void {
    if (this.#big) {
      if (this.#little) this.#file.writeBigUInt64LE(BigInt(value), at);
      else this.#file.writeBigUInt64BE(BigInt(value), at);
    } else if (this.#little) this.#file.writeUInt32LE(value, at);
    else this.#file.writeUInt32BE(value, at);
  }
  #writeCount(at: number, value: number): void {
    if (this.#big) this.#writeOffset(at, value);
    else if (this.#little) this.#file.writeUInt16LE(value, at);
    else this.#file.writeUInt16BE(value, at);
  }
}
