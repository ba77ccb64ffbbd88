import { fileTypeFromBuffer } from 'file-type';
import { Archive } from './archive.ts';
import { isReadableText } from './decode-text.ts';
import { DOCUMENT_TYPES, DOCX, type DocumentType, documentType, OUTLOOK, PPTX, XLSX } from './file-kind.ts';
import { isTnef } from './is-tnef.ts';
import { DocumentProblem } from './problem.ts';

/** What the files of packed formats begin with; archives that tell nothing else are known by it. */
const PARTS: Partial<Record<DocumentType, string>> = {
  [DOCX]: 'word/',
  [XLSX]: 'xl/',
  [PPTX]: 'ppt/',
  'application/vnd.oasis.opendocument.text': 'content.xml',
  'application/vnd.oasis.opendocument.spreadsheet': 'content.xml',
  'application/vnd.oasis.opendocument.presentation': 'content.xml',
  'application/epub+zip': 'META-INF/container.xml',
};

/**
 * Compares what a file is said to be with what it is.
 *
 * @param contentType as declared: it may name an encoding.
 * @throws {DocumentProblem} TYPE_MISMATCH when it is something else, PASSWORD_PROTECTED for an encrypted Office file.
 */
export async function checkType(bytes: Uint8Array, declared: DocumentType, contentType = ''): Promise<void> {
  const found = await fileTypeFromBuffer(bytes.subarray(0, 1 << 20)).catch(() => undefined);
  const mime = found?.mime as string | undefined;
  if (mime !== undefined && documentType(mime) === declared) return;
  if (declared === 'application/pdf' && Buffer.from(bytes.subarray(0, PDF_HEAD)).includes('%PDF-')) return;
  if (mime === 'application/x-cfb' && PARTS[declared] && Buffer.from(bytes).includes(ENCRYPTED_PACKAGE))
    throw new DocumentProblem(
      'PASSWORD_PROTECTED',
      'The document is protected by a password: save a copy without one and upload that.',
    );
  if (declared === OUTLOOK && (mime === 'application/x-cfb' || isTnef(bytes))) return;
  // Markup is text as well. Other signatures are as short as a word ("BMW"): what can be read is text.
  const isText = declared.startsWith('text/') || declared === 'message/rfc822';
  if (isText && (mime === undefined || mime.startsWith('text/') || mime === 'application/xml')) return;
  if (isText && !PAPERS.has(mime!) && isReadableText(bytes, declared, contentType)) return;
  const part = PARTS[declared];
  // Programs write the part that tells the format at the end of an archive, too.
  if (part !== undefined && mime === 'application/zip') {
    using archive = await Archive.open(bytes, 'The document');
    if (archive.names.some((name) => name.startsWith(part))) return;
  }
  const what =
    mime === undefined
      ? 'something else'
      : mime === 'application/x-cfb'
        ? 'in a format of before 2007 (DOC, XLS, PPT): save it as DOCX, XLSX or PPTX and upload that'
        : `a file of type ${mime}`;
  throw new DocumentProblem(
    'TYPE_MISMATCH',
    `The file was declared as ${DOCUMENT_TYPES[declared]}, but its content is ${what}.`,
  );
}

/** Bytes in which a PDF has to begin: mail servers and scanners put something before it, which programs pass over. */
const PDF_HEAD = 1_024;

/** Documents that may be made of letters alone, and are not to be read as such. */
const PAPERS: ReadonlySet<string> = new Set(['application/pdf', 'application/rtf']);

/** The name of the stream that holds an encrypted Office file, as compound files write it. */
const ENCRYPTED_PACKAGE = Buffer.from('EncryptedPackage', 'utf16le');
