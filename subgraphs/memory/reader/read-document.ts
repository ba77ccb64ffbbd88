import { readDocx } from './docx.ts';
import { checkType, DOCX, decodeText, documentType } from './file-kind.ts';
import { readHtml } from './html.ts';
import { readMarkdown } from './markdown.ts';
import type { Outline } from './outline.ts';
import { cutPassages, type Passage } from './passages.ts';
import { readPdf } from './pdf.ts';
import { readPlainText } from './plain-text.ts';
import { DocumentProblem } from './problem.ts';

export interface ReadDocument {
  /** The media type as found out. */
  readonly contentType: string;
  readonly text: string;
  readonly passages: readonly Passage[];
}

const MAX_PASSAGES = 100_000;

/**
 * Reads a file: finds out whether it is what it is said to be, takes its text and cuts it into passages. May take long
 * and much memory: DocumentReader runs it in a thread of its own.
 *
 * @param contentType as declared, with parameters.
 * @throws {DocumentProblem}
 */
export async function readDocument(bytes: Uint8Array, contentType: string): Promise<ReadDocument> {
  const type = documentType(contentType);
  if (type === undefined)
    throw new DocumentProblem('UNSUPPORTED_TYPE', `${contentType} cannot be read: text, Markdown, HTML, PDF or DOCX.`);
  if (bytes.byteLength === 0) throw new DocumentProblem('NO_TEXT', 'The file is empty.');
  await checkType(bytes, type);
  const outline = await outlineOf(bytes, type, contentType);
  const passages = cutPassages(outline);
  if (passages.length === 0) throw new DocumentProblem('NO_TEXT', 'The document holds no text.');
  if (passages.length > MAX_PASSAGES)
    throw new DocumentProblem('TOO_LARGE', `The document has more than ${MAX_PASSAGES} passages: split it.`);
  return { contentType: type, text: outline.text, passages };
}

async function outlineOf(
  bytes: Uint8Array,
  type: NonNullable<ReturnType<typeof documentType>>,
  contentType: string,
): Promise<Outline> {
  switch (type) {
    case 'application/pdf':
      return readPdf(bytes);
    case DOCX:
      return readDocx(bytes);
    case 'text/html':
      return readHtml(decodeText(bytes, type, contentType));
    case 'text/markdown':
      return readMarkdown(decodeText(bytes, type, contentType));
    default:
      return readPlainText(decodeText(bytes, type, contentType));
  }
}
