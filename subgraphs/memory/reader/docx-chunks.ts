import PostalMime from 'postal-mime';
import type { Archive } from './archive.ts';
import { decodeText } from './decode-text.ts';
import { relationshipsOf } from './relationships.ts';
import { readRtf } from './rtf.ts';

const CHUNK = /<w:altChunk\s[^>]*?\br:id="([^"]*)"[^>]*?(?:\/>|>.*?<\/w:altChunk>)/gs;
const MAX_CHUNKS = 1_000;
/** What stands for a chunk until the document around it is read: a character that has no meaning of its own. */
const MARK = '\u{f8f0}';
const MARKED = new RegExp(`<p>${MARK}(\\d+)${MARK}</p>`, 'g');

/**
 * Finds the documents within a Word document (altChunk), which the next program is to take over. Programs that make a
 * DOCX of a page write all of it so. Each is read where it is first named.
 *
 * @param main the part that is the document itself.
 * @returns its XML with a mark in the place of each, and what is there.
 */
export async function chunksOf(archive: Archive, main: string): Promise<{ xml: string; chunks: Buffer[] }> {
  const xml = (await archive.text(main)) ?? '';
  if (!xml.includes('<w:altChunk')) return { xml, chunks: [] };
  const targets = await relationshipsOf(archive, main);
  const names = new Set<string>();
  const marked = xml.replace(CHUNK, (_, id: string) => {
    const name = targets.get(id);
    if (name === undefined || !archive.has(name) || names.has(name) || names.size >= MAX_CHUNKS) return '';
    names.add(name);
    return `<w:p><w:r><w:t>${MARK}${names.size - 1}${MARK}</w:t></w:r></w:p>`;
  });
  const chunks: Buffer[] = [];
  for (const name of names) chunks.push((await archive.bytes(name))!);
  return { xml: marked, chunks };
}

/** Puts the HTML of documents where their marks stand in the HTML of the document around them. */
export const withChunks = (html: string, chunks: readonly string[]): string =>
  html.replace(MARKED, (_, index: string) => chunks[Number(index)] ?? '');

/**
 * Returns the HTML of a document within a Word document: a page, a page with its pictures (MHTML), RTF, a text, or
 * another Word document.
 *
 * @param word makes HTML of that.
 */
export async function htmlOfChunk(chunk: Buffer, word: (bytes: Buffer) => Promise<string>): Promise<string> {
  const head = chunk.toString('latin1', 0, 1_000).replace(/\0/g, '');
  if (head.startsWith('PK')) return word(chunk);
  if (head.startsWith('{\\rtf')) return paragraphs(readRtf(chunk).text);
  if (/^(?:[\w-]+:.*\r?\n)*(?:MIME-Version|Content-Type):/i.test(head.trimStart())) {
    const { html, text } = await PostalMime.parse(chunk);
    return html ?? paragraphs(text ?? '');
  }
  if (/<\w+[\s>]/.test(head)) return decodeText(chunk, 'text/html', '');
  // The encoding of Windows is the last that is tried, as with tables.
  return paragraphs(decodeText(chunk, 'text/csv', ''));
}

const paragraphs = (text: string): string =>
  text
    .split(/\n\s*\n/)
    .map((one) => `<p>${one.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\n', '<br>')}</p>`)
    .join('');
