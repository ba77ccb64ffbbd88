import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';

/** Groups whose content is not text: tables of fonts and colours, pictures, what programs keep for themselves. */
const SKIPPED = new Set(
  `fonttbl colortbl stylesheet info pict object listtable listoverridetable generator xmlnstbl rsidtbl themedata
  colorschememapping latentstyles datastore fldinst filetbl revtbl mmathPr pgptbl shpinst shprslt nonshppict atnid atnauthor
  annotation`.split(/\s+/),
);
/**
 * Texts that stand elsewhere than in the paragraph in which they are written: notes and boxes, and the edges of pages.
 */
const ELSEWHERE: Readonly<Record<string, 'note' | 'edge'>> = {
  footnote: 'note',
  shptxt: 'note',
  ...Object.fromEntries(
    ['header', 'footer'].flatMap((edge) => ['', 'l', 'r', 'f'].map((page) => [edge + page, 'edge' as const])),
  ),
};
/** Control words that stand for a character. */
const CHARACTERS: Record<string, string> = {
  tab: ' ',
  nestcell: ' ',
  line: '\n',
  emdash: '—',
  endash: '–',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  emspace: ' ',
  enspace: ' ',
  '~': ' ',
  _: '-',
};
/** Encodings by the number of their code page. */
const CODE_PAGES: Record<number, string> = {
  437: 'ibm866',
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macintosh',
  65001: 'utf-8',
};
/** Code pages by the number of a font's character set. */
const CHARSETS: Record<number, number> = {
  77: 10000,
  128: 932,
  129: 949,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
};
const MAX_GROUPS = 10_000;
const CONTROL = /\\(?:([a-z]+)(-?\d{1,10})? ?|'([0-9a-f]{2})|([^a-z]))/iy;

interface Group {
  readonly skips: boolean;
  /** Characters that stand for a Unicode character where it cannot be shown. */
  readonly substitutes: number;
  /** The font that is in use, which tells the encoding. */
  readonly font: number | undefined;
  readonly isFonts: boolean;
  readonly elsewhere?: 'note' | 'edge' | undefined;
}

/**
 * Reads the text of an RTF file: its paragraphs, the rows of its tables, notes and boxes after the paragraph that they
 * belong to, and once what stands at the edge of each page.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for groups nested without end, TOO_LARGE, NO_TEXT.
 */
export function readRtf(bytes: Uint8Array): Outline {
  const rtf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const builder = new OutlineBuilder();
  const groups: Group[] = [];
  let group: Group = { skips: false, substitutes: 1, font: undefined, isFonts: false };
  let base = 'windows-1252';
  let defaultFont: number | undefined;
  const encodings = new Map<number | undefined, string>();
  let listed: number | undefined;
  let text = '';
  let row: string[] | undefined;
  let pending: number[] = [];
  /** Characters that are left out because a Unicode character was there. */
  let left = 0;
  /** What is interrupted by a text that stands elsewhere. */
  const interrupted: { text: string; row: string[] | undefined }[] = [];
  let notes: string[] = [];
  let noteNumber = 0;

  const encoding = () => encodings.get(group.font ?? defaultFont) ?? base;
  const decodePending = () => {
    if (pending.length > 0) text += new TextDecoder(encoding()).decode(Uint8Array.from(pending));
    pending = [];
  };
  const add = (piece: string) => {
    if (group.skips) return;
    decodePending();
    text += piece;
  };
  const endParagraph = () => {
    decodePending();
    if (row || interrupted.length > 0) text += ' ';
    else {
      builder.paragraph(text.replace(/[^\S\n]+/g, ' '));
      text = '';
      endNotes();
    }
  };
  const endNotes = () => {
    for (const note of notes) builder.paragraph(note);
    notes = [];
  };
  const begin = (elsewhere: 'note' | 'edge') => {
    decodePending();
    group = { ...group, skips: false, elsewhere };
    interrupted.push({ text, row });
    [text, row] = ['', undefined];
  };
  const end = (elsewhere: 'note' | 'edge') => {
    const said = text.replace(/\s+/g, ' ').trim();
    if (elsewhere === 'edge') builder.aside(said);
    else notes.push(said);
    const { text: before = '', row: open } = interrupted.pop() ?? {};
    [text, row] = [before, open];
  };
  const setCharset = (charset: number) => {
    const codePage = CHARSETS[charset];
    if (codePage !== undefined) encodings.set(listed, encodingOf(codePage));
  };
  const control = (word: string, number: number | undefined) => {
    const elsewhere = ELSEWHERE[word];
    if (elsewhere && !group.elsewhere) begin(elsewhere);
    // What was taken out, and stays for reviewers to see.
    else if (word === 'deleted') group = { ...group, skips: number !== 0 };
    else if (SKIPPED.has(word)) group = { ...group, skips: true, isFonts: word === 'fonttbl' };
    else if (word === 'ansicpg' && number) base = encodingOf(number);
    else if (word === 'deff') defaultFont = number;
    else if (word === 'fcharset') setCharset(number ?? 0);
    else if (word === 'f' && group.isFonts) listed = number;
    else if (word === 'f' || word === 'plain') {
      decodePending();
      group = { ...group, font: word === 'f' ? number : undefined };
    } else if (word === 'uc') group = { ...group, substitutes: number ?? 1 };
    else if (word === 'u' && number !== undefined) {
      add(String.fromCharCode(number & 0xffff));
      left = group.substitutes;
    } else if (group.skips) return;
    else if (word === 'chftn' && interrupted.length === 0) add(`[${++noteNumber}]`);
    else if (word === 'trowd' || word === 'intbl') row ??= [];
    else if (word === 'cell' && row) {
      decodePending();
      row.push(text.replace(/\s+/g, ' ').trim());
      text = '';
    } else if (word === 'row' && row) {
      if (interrupted.length > 0) [row, text] = [undefined, `${row.join(' | ')} `];
      else {
        builder.paragraph(row.join(' | '));
        [row, text] = [undefined, ''];
        endNotes();
      }
    } else if (word === 'par' || word === 'sect' || word === 'page') endParagraph();
    else if (word === 'pard' && row?.length === 0) row = undefined;
    else if (CHARACTERS[word] !== undefined) add(CHARACTERS[word]);
  };

  for (let at = 0; at < rtf.length; ) {
    const character = rtf[at]!;
    if (character === '{') {
      if (groups.length >= MAX_GROUPS) throw tooDeep();
      groups.push(group);
      left = 0;
      at++;
    } else if (character === '}') {
      decodePending();
      const { elsewhere } = group;
      group = groups.pop() ?? group;
      if (elsewhere && !group.elsewhere) end(elsewhere);
      left = 0;
      at++;
    } else if (character === '\\') {
      CONTROL.lastIndex = at;
      const [whole = '\\', word, number, hex, symbol] = CONTROL.exec(rtf) ?? [];
      at += whole.length;
      if (word === 'bin') at += Math.max(0, Number(number ?? 0));
      else if (word !== undefined) control(word, number === undefined ? undefined : Number(number));
      else if (hex !== undefined) {
        if (left > 0) left--;
        else if (!group.skips) pending.push(Number.parseInt(hex, 16));
      } else if (symbol === '*') group = { ...group, skips: true };
      else if (symbol === '\n' || symbol === '\r') endParagraph();
      else if (symbol !== undefined && symbol !== '-') add(CHARACTERS[symbol] ?? symbol);
    } else {
      const next = endOfText(rtf, at);
      let piece = rtf.slice(at, next).replace(/[\r\n]/g, '');
      at = next;
      const skipped = Math.min(left, piece.length);
      left -= skipped;
      piece = piece.slice(skipped);
      // The second byte of a letter may be one that ASCII has.
      if (piece !== '' && pending.length > 0 && isCutOff(pending, encoding())) {
        pending.push(piece.charCodeAt(0));
        piece = piece.slice(1);
      }
      if (/[\x80-\xff]/.test(piece) && !group.skips) {
        for (const byte of Buffer.from(piece, 'latin1')) pending.push(byte);
      } else if (piece !== '') add(piece);
    }
  }
  decodePending();
  while (interrupted.length > 0) end('note');
  endParagraph();
  endNotes();
  const outline = builder.build();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', 'The RTF file holds no text.');
  return outline;
}

/** Whether the bytes end in the middle of a letter. */
function isCutOff(bytes: readonly number[], encoding: string): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(Uint8Array.from(bytes));
    return false;
  } catch {
    return true;
  }
}

const SPECIAL = /[{}\\]/g;
function endOfText(rtf: string, from: number): number {
  SPECIAL.lastIndex = from;
  return SPECIAL.exec(rtf)?.index ?? rtf.length;
}

function encodingOf(codePage: number): string {
  const name = CODE_PAGES[codePage] ?? `windows-${codePage}`;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return 'windows-1252';
  }
}

const tooDeep = () =>
  new DocumentProblem('TOO_EXPENSIVE', `The RTF file nests groups more than ${MAX_GROUPS} deep: save it as text.`);
