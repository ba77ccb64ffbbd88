import { type Entry, fromBuffer, type ZipFile } from 'yauzl';
import { XmlNesting } from './nesting.ts';
import { DocumentProblem } from './problem.ts';

/** Most bytes that a packed document may unpack to. */
const MAX_UNPACKED = 200 * 1024 ** 2;
const MAX_FILES = 10_000;

/** The number of bytes that a document and those within it may still unpack to. */
export class UnpackedBytes {
  left = MAX_UNPACKED;
}
const XML = /\.(xml|rels|opf|ncx|xhtml|html?)$/i;

/**
 * The files of a packed document (Office, OpenDocument, EPUB). Opening unpacks everything once and throws it away: what
 * an archive declares about its size need not be true, and what reads its XML takes minutes for deep elements.
 */
export class Archive implements Disposable {
  readonly #archive: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  /** By their names as file systems compare them that know no capitals: documents were made on these. */
  readonly #folded: ReadonlyMap<string, Entry>;
  readonly #what: string;

  private constructor(archive: ZipFile, entries: ReadonlyMap<string, Entry>, what: string) {
    this.#archive = archive;
    this.#entries = entries;
    this.#folded = new Map([...entries].map(([name, entry]) => [folded(name), entry]));
    this.#what = what;
  }

  /**
   * @param what the format, as in `The Word document is damaged`.
   * @param allowed what may be unpacked, less what other archives of the same document have taken.
   * @throws {DocumentProblem} TOO_LARGE for a zip bomb, TOO_EXPENSIVE for elements nested without end, DAMAGED,
   * PASSWORD_PROTECTED.
   */
  static open(bytes: Uint8Array, what: string, allowed = new UnpackedBytes()): Promise<Archive> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const tooLarge = (limit: string) => new DocumentProblem('TOO_LARGE', `${what} ${limit}: split it.`);
    const tooMuch = () => tooLarge(`unpacks to more than ${MAX_UNPACKED / 1024 ** 2} MB`);
    return new Promise((resolve, reject) => {
      fromBuffer(buffer, { lazyEntries: true, validateEntrySizes: true, autoClose: false }, (error, archive) => {
        if (error) return reject(damaged(what));
        if (archive.entryCount > MAX_FILES) return reject(tooLarge(`holds more than ${MAX_FILES} files`));
        const entries = new Map<string, Entry>();
        archive.on('error', () => reject(damaged(what)));
        archive.on('end', () => resolve(new Archive(archive, entries, what)));
        archive.on('entry', (entry: Entry) => {
          if (entry.isEncrypted()) return reject(locked(what));
          if (entry.uncompressedSize > allowed.left) return reject(tooMuch());
          // Of two files of one name, readers take the last.
          entries.set(entry.fileName, entry);
          archive.openReadStream(entry, (failure, stream) => {
            if (failure) return reject(damaged(what));
            const nesting = XML.test(entry.fileName) ? new XmlNesting() : undefined;
            stream.on('data', (chunk: Buffer) => {
              try {
                allowed.left -= chunk.length;
                if (allowed.left < 0) throw tooMuch();
                nesting?.push(chunk);
              } catch (problem) {
                stream.destroy();
                reject(problem);
              }
            });
            stream.on('error', () => reject(damaged(what)));
            stream.on('end', () => archive.readEntry());
          });
        });
        archive.readEntry();
      });
    });
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entry(name) !== undefined;
  }

  /** The text of a file, or undefined if there is none of this name. */
  async text(name: string): Promise<string | undefined> {
    const bytes = await this.bytes(name);
    return bytes && decodeXml(bytes);
  }

  /** A file, or undefined if there is none of this name. */
  async bytes(name: string): Promise<Buffer | undefined> {
    const entry = this.#entry(name);
    if (entry === undefined) return undefined;
    const pieces: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      this.#archive.openReadStream(entry, (failure, stream) => {
        if (failure) return reject(damaged(this.#what));
        stream.on('data', (chunk: Buffer) => pieces.push(chunk));
        stream.on('error', () => reject(damaged(this.#what)));
        stream.on('end', () => resolve());
      });
    });
    return Buffer.concat(pieces);
  }

  /** The text of a file without which there is no document. @throws {DocumentProblem} DAMAGED. */
  async required(name: string): Promise<string> {
    const text = await this.text(name);
    if (text === undefined) throw damaged(this.#what);
    return text;
  }

  #entry(name: string): Entry | undefined {
    return this.#entries.get(name) ?? this.#folded.get(folded(name));
  }

  [Symbol.dispose](): void {
    this.#archive.close();
  }
}

const folded = (name: string): string => name.normalize('NFC').toLowerCase();

/** Decodes an XML file by its byte order mark, by the encoding that its first line names, or as UTF-8. */
function decodeXml(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  const label = /^(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding=["']([\w.:-]+)/.exec(bytes.toString('latin1', 0, 200))?.[1];
  try {
    return new TextDecoder(label?.toLowerCase().startsWith('utf-16') ? 'utf-8' : label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/** Returns the problem of a packed document that only a password opens. */
export const locked = (what: string): DocumentProblem =>
  new DocumentProblem(
    'PASSWORD_PROTECTED',
    `${what} is protected by a password: save a copy without one and upload that.`,
  );

/** Returns the problem of a packed document that cannot be read. */
export const damaged = (what: string): DocumentProblem =>
  new DocumentProblem('DAMAGED', `${what} is damaged and cannot be read: save it again and upload that.`);

/** Returns the name of a file that another one in the archive leads to; undefined for what leads out of the archive. */
export function resolveInside(from: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('//')) return undefined;
  const [file = ''] = target.split(/[?#]/, 1);
  const parts = file.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of decoded(file).split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
