import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';

/** Groups whose content is not text: tables of fonts and colours, pictures, what programs keep for themselves. */
const SKIPPED = new Set(
  `fonttbl colortbl stylesheet info pict object listtable listoverridetable generator xmlnstbl rsidtbl themedata
  colorschememapping latentstyles datastore header headerl headerr headerf footer footerl footerr footerf footnote
  fldinst filetbl revtbl mmathPr pgptbl shpinst nonshppict`.split(/\s+/),
);
/** Control words that stand for a character. */
const CHARACTERS: Record<string, string> = {
  tab: ' ',
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
const MAX_GROUPS = 10_000;
const CONTROL = /\\(?:([a-z]+)(-?\d{1,10})? ?|'([0-9a-f]{2})|([^a-z]))/iy;

interface Group {
  readonly skips: boolean;
  /** Characters that stand for a Unicode character where it cannot be shown. */
  readonly substitutes: number;
}

/**
 * Reads the text of an RTF file: its paragraphs and the rows of its tables.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for groups nested without end, TOO_LARGE, NO_TEXT.
 */
export function readRtf(bytes: Uint8Array): Outline {
  const rtf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const builder = new OutlineBuilder();
  const groups: Group[] = [];
  let group: Group = { skips: false, substitutes: 1 };
  let encoding = 'windows-1252';
  let text = '';
  let row: string[] | undefined;
  let pending: number[] = [];
  /** Characters that are left out because a Unicode character was there. */
  let left = 0;

  const decodePending = () => {
    if (pending.length > 0) text += new TextDecoder(encoding).decode(Uint8Array.from(pending));
    pending = [];
  };
  const add = (piece: string) => {
    if (group.skips) return;
    decodePending();
    text += piece;
  };
  const endParagraph = () => {
    decodePending();
    if (!row) builder.paragraph(text.replace(/[^\S\n]+/g, ' '));
    else text += ' ';
    if (!row) text = '';
  };
  const control = (word: string, number: number | undefined) => {
    if (SKIPPED.has(word)) group = { ...group, skips: true };
    else if (word === 'ansicpg' && number) encoding = encodingOf(number);
    else if (word === 'uc') group = { ...group, substitutes: number ?? 1 };
    else if (word === 'u' && number !== undefined) {
      add(String.fromCharCode(number & 0xffff));
      left = group.substitutes;
    } else if (group.skips) return;
    else if (word === 'trowd' || word === 'intbl') row ??= [];
    else if (word === 'cell' && row) {
      decodePending();
      row.push(text.replace(/\s+/g, ' ').trim());
      text = '';
    } else if (word === 'row' && row) {
      builder.paragraph(row.join(' | '));
      [row, text] = [undefined, ''];
    } else if (word === 'par' || word === 'sect' || word === 'page') endParagraph();
    else if (word === 'pard' && row?.length === 0) row = undefined;
    else if (CHARACTERS[word] !== undefined) add(CHARACTERS[word]);
  };

  for (let at = 0; at < rtf.length; ) {
    const character = rtf[at]!;
    if (character === '{') {
      if (groups.length >= MAX_GROUPS) throw tooDeep();
      groups.push(group);
      at++;
    } else if (character === '}') {
      decodePending();
      group = groups.pop() ?? group;
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
      if (piece !== '') add(piece);
    }
  }
  endParagraph();
  const outline = builder.build();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', 'The RTF file holds no text.');
  return outline;
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
