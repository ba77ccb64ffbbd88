import mammoth from 'mammoth';
import { fromBuffer } from 'yauzl';
import { readHtml } from './html.ts';
import { XmlNesting } from './nesting.ts';
import type { Outline } from './outline.ts';
import { DocumentProblem } from './problem.ts';

/** Most bytes that a DOCX may unpack to. */
const MAX_UNPACKED = 200 * 1024 ** 2;
const MAX_FILES = 10_000;

/**
 * Reads the text of a DOCX with its headings, lists and tables; pictures are left out.
 *
 * @throws {DocumentProblem} TOO_LARGE for a zip bomb, TOO_EXPENSIVE for elements nested without end, DAMAGED, NO_TEXT.
 */
export async function readDocx(bytes: Uint8Array): Promise<Outline> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  await measure(buffer);
  const { value: html } = await mammoth
    .convertToHtml({ buffer }, { convertImage: mammoth.images.imgElement(async () => ({ src: '' })) })
    .catch(() => {
      throw damaged();
    });
  const outline = readHtml(html);
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', 'The Word document holds no text.');
  return outline;
}

/**
 * Unpacks everything once and throws it away: what an archive declares about its size need not be true, and what reads
 * its XML takes minutes for deep elements.
 */
async function measure(buffer: Buffer): Promise<void> {
  let unpacked = 0;
  await new Promise<void>((resolve, reject) => {
    fromBuffer(buffer, { lazyEntries: true, validateEntrySizes: true }, (error, archive) => {
      if (error) return reject(damaged());
      if (archive.entryCount > MAX_FILES) return reject(tooLarge());
      archive.on('error', () => reject(damaged()));
      archive.on('end', () => resolve());
      archive.on('entry', (entry) => {
        if (unpacked + entry.uncompressedSize > MAX_UNPACKED) return reject(tooLarge());
        archive.openReadStream(entry, (failure, stream) => {
          if (failure) return reject(damaged());
          const nesting = /\.(xml|rels)$/i.test(entry.fileName) ? new XmlNesting() : undefined;
          stream.on('data', (chunk: Buffer) => {
            try {
              unpacked += chunk.length;
              if (unpacked > MAX_UNPACKED) throw tooLarge();
              nesting?.push(chunk);
            } catch (problem) {
              stream.destroy();
              reject(problem);
            }
          });
          stream.on('error', () => reject(damaged()));
          stream.on('end', () => archive.readEntry());
        });
      });
      archive.readEntry();
    });
  });
}

const damaged = () =>
  new DocumentProblem('DAMAGED', 'The Word document is damaged and cannot be read: save it again and upload that.');
const tooLarge = () =>
  new DocumentProblem('TOO_LARGE', `The Word document unpacks to more than ${MAX_UNPACKED / 1024 ** 2} MB.`);
