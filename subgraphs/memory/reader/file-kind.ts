import { fileTypeFromBuffer } from 'file-type';
import { DocumentProblem } from './problem.ts';

/** The formats that can be read, and how people call them. */
export const DOCUMENT_TYPES = {
  'text/plain': 'plain text',
  'text/markdown': 'Markdown',
  'text/html': 'HTML',
  'application/pdf': 'a PDF',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'a Word document (DOCX)',
} as const;

export type DocumentType = keyof typeof DOCUMENT_TYPES;

export const DOCX: DocumentType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** Other names of the same formats. */
const ALIASES: Record<string, DocumentType> = {
  'text/x-markdown': 'text/markdown',
  'application/xhtml+xml': 'text/html',
  'application/x-pdf': 'application/pdf',
};

/** Returns the format that a media type names, without its parameters; undefined if it is none that can be read. */
export function documentType(contentType: string): DocumentType | undefined {
  const name = contentType.split(';', 1)[0]!.trim().toLowerCase();
  return name in DOCUMENT_TYPES ? (name as DocumentType) : ALIASES[name];
}

/**
 * Compares what a file is said to be with what it is.
 *
 * @throws {DocumentProblem} TYPE_MISMATCH when it is something else, PASSWORD_PROTECTED for an encrypted Office file.
 */
export async function checkType(bytes: Uint8Array, declared: DocumentType): Promise<void> {
  const found = await fileTypeFromBuffer(bytes.subarray(0, 1 << 20)).catch(() => undefined);
  const mime = found?.mime as string | undefined;
  if (mime === declared) return;
  if (mime === 'application/x-cfb' && declared === DOCX && Buffer.from(bytes).includes(ENCRYPTED_PACKAGE))
    throw new DocumentProblem(
      'PASSWORD_PROTECTED',
      'The Word document is protected by a password: save a copy without one and upload that.',
    );
  const isText = declared.startsWith('text/');
  // Markup and subtitles are text as well; whatever else has a signature is binary.
  if (isText && (mime === undefined || mime.startsWith('text/') || mime === 'application/xml')) return;
  const what = mime === undefined ? 'something else' : `a file of type ${mime}`;
  throw new DocumentProblem(
    'TYPE_MISMATCH',
    `The file was declared as ${DOCUMENT_TYPES[declared]}, but its content is ${what}.`,
  );
}

/** The name of the stream that holds an encrypted Office file, as compound files write it. */
const ENCRYPTED_PACKAGE = Buffer.from('EncryptedPackage', 'utf16le');

/**
 * Decodes a text file: by its byte order mark, as UTF-8, or as the encoding that its media type or its HTML names.
 *
 * @throws {DocumentProblem} TYPE_MISMATCH when it is not text in any of these.
 */
export function decodeText(bytes: Uint8Array, declared: DocumentType, contentType: string): string {
  const text = decode(bytes, declared, contentType);
  // Control characters are not in texts, but in every binary format.
  if (text?.includes('\0') === false) return text.replaceAll('\r\n', '\n');
  throw new DocumentProblem(
    'TYPE_MISMATCH',
    `The file was declared as ${DOCUMENT_TYPES[declared]}, but it is binary or in an unknown encoding: save it as UTF-8.`,
  );
}

function decode(bytes: Uint8Array, declared: DocumentType, contentType: string): string | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return tryDecode(bytes, 'utf-16le');
  if (first === 0xfe && second === 0xff) return tryDecode(bytes, 'utf-16be');
  const utf8 = tryDecode(bytes, 'utf-8');
  if (utf8 !== undefined) return utf8;
  const head = declared === 'text/html' ? Buffer.from(bytes.subarray(0, 2048)).toString('latin1') : '';
  const label = /charset=["']?([\w-]+)/i.exec(contentType)?.[1] ?? /charset=["']?([\w-]+)/i.exec(head)?.[1];
  return label === undefined ? undefined : tryDecode(bytes, label);
}

function tryDecode(bytes: Uint8Array, label: string): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
