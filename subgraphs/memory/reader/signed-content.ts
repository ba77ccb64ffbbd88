/** An element of BER: what is in it lies between `from` and `to`. */
interface Element {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
  readonly next: number;
}

/** `signedData` (1.2.840.113549.1.7.2), as it stands at the beginning of a signed file. */
const SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex');
const MAX_HEAD = 40;
/** Elements in one another. */
const MAX_DEPTH = 16;
const BYTES = 0x04;
const BYTES_IN_PIECES = 0x24;

/** Returns whether a file (PKCS #7, `smime.p7m`) is signed, and not encrypted. */
export const isSigned = (content: string | Uint8Array): boolean =>
  typeof content !== 'string' && bufferOf(content).subarray(0, MAX_HEAD).includes(SIGNED_DATA);

/** Returns what was signed, or undefined where that cannot be read; the signature is not verified. */
export function signedContent(bytes: Uint8Array): Buffer | undefined {
  const file = bufferOf(bytes);
  try {
    // ContentInfo { type, [0] SignedData { version, digests, EncapsulatedContentInfo { type, [0] bytes } } }
    const [, outer] = within(file, elementAt(file, 0));
    const [signed] = within(file, outer!);
    const [, , encapsulated] = within(file, signed!);
    const [, inner] = within(file, encapsulated!);
    const [content] = within(file, inner!);
    return Buffer.concat(piecesOf(file, content!));
  } catch {
    return undefined;
  }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function piecesOf(file: Buffer, { tag, from, to, next }: Element, depth = 0): Buffer[] {
  if (tag === BYTES) return [file.subarray(from, to)];
  if (tag !== BYTES_IN_PIECES || depth > MAX_DEPTH) throw new RangeError('These are not bytes.');
  return within(file, { tag, from, to, next }).flatMap((piece) => piecesOf(file, piece, depth + 1));
}

function within(file: Buffer, { from, to }: Element): Element[] {
  const elements: Element[] = [];
  for (let at = from; at < to; at = elements.at(-1)!.next) elements.push(elementAt(file, at));
  return elements;
}

function elementAt(file: Buffer, at: number, depth = 0): Element {
  const tag = file.readUInt8(at);
  const length = file.readUInt8(at + 1);
  if (length === 0x80) {
    // It ends where two zeros stand.
    if (depth > MAX_DEPTH) throw new RangeError('Elements are nested without end.');
    let end = at + 2;
    while (file.readUInt16BE(end) !== 0) end = elementAt(file, end, depth + 1).next;
    return { tag, from: at + 2, to: end, next: end + 2 };
  }
  const more = length > 0x80 ? length - 0x80 : 0;
  const from = at + 2 + more;
  const to = from + (more > 0 ? file.readUIntBE(at + 2, more) : length);
  if (to > file.length) throw new RangeError('The file is cut off.');
  return { tag, from, to, next: to };
}
