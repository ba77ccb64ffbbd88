import { DOCUMENT_TYPES, type DocumentType } from './file-kind.ts';
import { guessEncoding } from './guess-encoding.ts';
import { DocumentProblem } from './problem.ts';

/**
 * Decodes a text file: by its byte order mark, as UTF-8, or as the encoding that its media type, its HTML or its XML
 * names; UTF-16 and the Japanese of e-mail are known by themselves, encodings of before Unicode by how often their
 * letters are, where that is clear.
 *
 * @throws {DocumentProblem} TYPE_MISMATCH when it is not text in any of these.
 */
export function decodeText(bytes: Uint8Array, declared: DocumentType, contentType: string): string {
  const text = decode(bytes, declared, contentType);
  // Control characters are not in texts, but in every binary format.
  if (text?.includes('\0') === false) return text.replace(/\r\n?/g, '\n');
  throw new DocumentProblem(
    'TYPE_MISMATCH',
    `The file was declared as ${DOCUMENT_TYPES[declared]}, but it is binary or in an unknown encoding: save it as UTF-8.`,
  );
}

/** Returns whether a file can be read as text, and has none of the characters that only binary formats have. */
export function isReadableText(bytes: Uint8Array, declared: DocumentType, contentType: string): boolean {
  const text = decode(bytes, declared, contentType);
  return text !== undefined && !CONTROL.test(text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those that texts do not have, and binary files do.
const CONTROL = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

function decode(bytes: Uint8Array, declared: DocumentType, contentType: string): string | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return tryDecode(bytes, 'utf-16le');
  if (first === 0xfe && second === 0xff) return tryDecode(bytes, 'utf-16be');
  const known = tryDecode(bytes, unmarked(bytes));
  if (known !== undefined && !CONTROL.test(known)) return known;
  const utf8 = tryDecode(bytes, 'utf-8');
  if (utf8 !== undefined) return utf8;
  const label = LABEL.exec(contentType)?.[1] ?? labelIn(bytes, declared);
  if (label !== undefined) return tryDecode(bytes, label);
  const guessed = tryDecode(bytes, guessEncoding(bytes, declared === 'text/csv'));
  return guessed !== undefined && !CONTROL.test(guessed) ? guessed : undefined;
}

const LABEL = /charset=["']?([\w-]+)/i;
const XML_LABEL = /^<\?xml[^>]*?encoding=["']([\w.:-]+)/;
const HEAD = 2_048;

/** The encoding that a file names itself. */
function labelIn(bytes: Uint8Array, declared: DocumentType): string | undefined {
  const head = Buffer.from(bytes.subarray(0, HEAD)).toString('latin1');
  return XML_LABEL.exec(head)?.[1] ?? (declared === 'text/html' ? LABEL.exec(head)?.[1] : undefined);
}

/**
 * The encoding of a file that looks like other text, or none, as its bytes stand: UTF-16 without a mark, every other
 * byte of which is zero where it is in a Latin script, and ISO-2022-JP, which has seven bits.
 */
function unmarked(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, HEAD);
  if (Buffer.from(head).includes('\x1b$B') || Buffer.from(head).includes('\x1b$@')) return 'iso-2022-jp';
  const zeros = [0, 0];
  for (const [at, byte] of head.entries()) if (byte === 0) zeros[at % 2]!++;
  const [even = 0, odd = 0] = zeros;
  if (bytes.byteLength % 2 === 1 || Math.min(even, odd) > 0 || Math.max(even, odd) * 4 < head.byteLength)
    return undefined;
  return odd > 0 ? 'utf-16le' : 'utf-16be';
}

function tryDecode(bytes: Uint8Array, label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
