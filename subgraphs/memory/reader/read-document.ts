import { checkType } from './check-type.ts';
import { readCsv } from './csv.ts';
import { decodeText } from './decode-text.ts';
import { DOCUMENT_TYPES, DOCX, type DocumentType, documentType, OUTLOOK, PPTX, XLSX } from './file-kind.ts';
import { readHtml } from './html.ts';
import { readMarkdown } from './markdown.ts';
import type { Outline } from './outline.ts';
import { cutPassages, type Passage } from './passages.ts';
import type { AttachedFile } from './pdf-files.ts';
import { readPlainText } from './plain-text.ts';
import { DocumentProblem } from './problem.ts';

export interface ReadDocument {
  /** The media type as found out. */
  readonly contentType: string;
  readonly text: string;
  readonly passages: readonly Passage[];
  /** Pages of a PDF without text of their own, of which nothing was recognised: they may be pictures. */
  readonly unreadPages: readonly number[];
  /** Those of them that have a text of their own, such as a stamp, which can be read without the picture. */
  readonly stampedPages: readonly number[];
}

export interface ReadOptions {
  /** Tells the format where the media type does not. */
  readonly fileName?: string | undefined;
  /** What was read in pages that are pictures, by their number. */
  readonly recognised?: Readonly<Record<number, string>> | undefined;
}

const MAX_PASSAGES = 100_000;

/**
 * Reads a file: finds out whether it is what it is said to be, takes its text and cuts it into passages. May take long
 * and much memory: DocumentReader runs it in a thread of its own.
 *
 * @param contentType as declared, with parameters.
 * @throws {DocumentProblem}
 */
export async function readDocument(
  bytes: Uint8Array,
  contentType: string,
  { fileName, recognised }: ReadOptions = {},
): Promise<ReadDocument> {
  const type = documentType(contentType, fileName);
  if (type === undefined)
    throw new DocumentProblem(
      'UNSUPPORTED_TYPE',
      `${contentType} cannot be read. What can be: ${Object.values(DOCUMENT_TYPES).join(', ')}.`,
    );
  if (bytes.byteLength === 0) throw new DocumentProblem('NO_TEXT', 'The file is empty.');
  await checkType(bytes, type, contentType);
  const outline = await outlineOf(bytes, type, contentType, recognised);
  const { unreadPages = [], stampedPages = [] } = outline;
  const passages = cutPassages(outline);
  if (passages.length === 0 && unreadPages.length === 0)
    throw new DocumentProblem('NO_TEXT', 'The document holds no text.');
  if (passages.length > MAX_PASSAGES)
    throw new DocumentProblem('TOO_LARGE', `The document has more than ${MAX_PASSAGES} passages: split it.`);
  return { contentType: type, text: outline.text, passages, unreadPages, stampedPages };
}

/** Reads a file that is attached to another one. @returns undefined where it cannot be read: its document can. */
async function attachedOutline({ name, content }: AttachedFile): Promise<Outline | undefined> {
  const type = documentType('', name);
  if (type === undefined || content === undefined) return undefined;
  try {
    await checkType(content, type);
    return await outlineOf(content, type, type, undefined, true);
  } catch (error) {
    // What would take time without end takes it here, too.
    if (error instanceof DocumentProblem && error.code === 'TOO_EXPENSIVE') throw error;
    return undefined;
  }
}

/** Readers are loaded with the first file of their format. @param isAttached of a PDF, its own files are not read. */
async function outlineOf(
  bytes: Uint8Array,
  type: DocumentType,
  contentType: string,
  recognised?: ReadOptions['recognised'],
  isAttached = false,
): Promise<Outline> {
  switch (type) {
    case 'application/pdf':
      return (await import('./pdf.ts')).readPdf(bytes, recognised, isAttached ? undefined : attachedOutline);
    case DOCX:
      return (await import('./docx.ts')).readDocx(bytes);
    case XLSX:
      return (await import('./xlsx.ts')).readXlsx(bytes);
    case PPTX:
      return (await import('./pptx.ts')).readPptx(bytes);
    case 'application/vnd.oasis.opendocument.text':
    case 'application/vnd.oasis.opendocument.spreadsheet':
    case 'application/vnd.oasis.opendocument.presentation':
      return (await import('./open-document.ts')).readOpenDocument(bytes);
    case 'application/epub+zip':
      return (await import('./epub.ts')).readEpub(bytes);
    case 'application/rtf':
      return (await import('./rtf.ts')).readRtf(bytes);
    case 'message/rfc822':
    case OUTLOOK:
      return (await import('./read-letter.ts')).readLetter(bytes, type);
    case 'text/csv':
      return readCsv(decodeText(bytes, type, contentType));
    case 'text/html':
      return readHtml(decodeText(bytes, type, contentType));
    case 'text/markdown':
      return readMarkdown(decodeText(bytes, type, contentType));
    default:
      return readPlainText(decodeText(bytes, type, contentType));
  }
}
