import type { RecognisedLines, RecognisedWord } from './recognised.ts';

/** Of the rows, those that are words; others are pages, blocks, paragraphs and lines. */
const WORD = '5';
const HEADER = /^level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\r?\n/;

/**
 * Reads Tesseract's results as TSV.
 *
 * @throws Error where it is something else.
 */
export function linesOfTsv(tsv: string): RecognisedLines {
  const header = HEADER.exec(tsv)?.[0];
  if (header === undefined) throw new Error('its results cannot be understood');
  const lines = new Map<string, RecognisedWord[]>();
  for (const row of tsv.slice(header.length).split('\n')) {
    const [level, page, block, paragraph, line, , left, top, width, height, confidence, word = ''] = row.split('\t');
    const text = word.trim();
    if (level !== WORD || text === '') continue;
    const [x, y, w, h] = [left, top, width, height].map(Number) as [number, number, number, number];
    if (![x, y, w, h, Number(confidence)].every(Number.isFinite)) throw new Error(`its result has the row ${row}`);
    const key = `${page} ${block} ${paragraph} ${line}`;
    const found = { text, confidence: Number(confidence), box: { x, y, width: w, height: h } };
    const words = lines.get(key);
    if (words) words.push(found);
    else lines.set(key, [found]);
  }
  return [...lines.values()];
}
