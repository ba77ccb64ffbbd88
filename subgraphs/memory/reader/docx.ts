import mammoth from 'mammoth';
import { Archive, damaged } from './archive.ts';
import { readHtml } from './html.ts';
import type { Outline } from './outline.ts';
import { DocumentProblem } from './problem.ts';

const WHAT = 'The Word document';

/**
 * Reads the text of a DOCX with its headings, lists and tables; pictures are left out.
 *
 * @throws {DocumentProblem} TOO_LARGE for a zip bomb, TOO_EXPENSIVE for elements nested without end, DAMAGED, NO_TEXT.
 */
export async function readDocx(bytes: Uint8Array): Promise<Outline> {
  // What reads it unpacks without a limit.
  (await Archive.open(bytes, WHAT))[Symbol.dispose]();
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { value: html } = await mammoth
    .convertToHtml({ buffer }, { convertImage: mammoth.images.imgElement(async () => ({ src: '' })) })
    .catch(() => {
      throw damaged(WHAT);
    });
  const outline = readHtml(html);
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text.`);
  return outline;
}
