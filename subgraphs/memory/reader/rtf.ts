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
  const outline = new RtfReader(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'),
  ).read();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', 'The RTF file holds no text.');
  return outline;
}

class RtfReader {
  readonly #rtf: string;
  readonly #builder = new OutlineBuilder();
  readonly #groups: Group[] = [];
  #at = 0;
  #group: Group = { skips: false, substitutes: 1 };
  #encoding = 'windows-1252';
  #text = '';
  /** The cells of the row that is open. */
  #row: string[] | undefined;
  /** Bytes that are not decoded yet: a character may have several. */
  #pending: number[] = [];
  /** Characters that are left out because a Unicode character was there. */
  #left = 0;

  constructor(rtf: string) {
    this.#rtf = rtf;
  }

  read(): Outline {
    while (this.#at < this.#rtf.length) {
      const character = this.#rtf[this.#at];
      if (character === '{') this.#open();
      else if (character === '}') this.#close();
      else if (character === '\\') this.#control();
      else this.#plain();
    }
    this.#endParagraph();
    return this.#builder.build();
  }

  #open(): void {
    if (this.#groups.length >= MAX_GROUPS) throw tooDeep();
    this.#groups.push(this.#group);
    this.#at++;
  }

  #close(): void {
    this.#decodePending();
    this.#group = this.#groups.pop() ?? this.#group;
    this.#at++;
  }

  #plain(): void {
    const next = endOfText(this.#rtf, this.#at);
    const text = this.#rtf.slice(this.#at, next).replace(/[\r\n]/g, '');
    this.#at = next;
    const skipped = Math.min(this.#left, text.length);
    this.#left -= skipped;
    if (skipped < text.length) this.#add(text.slice(skipped));
  }

  #control(): void {
    CONTROL.lastIndex = this.#at;
    const [whole = '\\', word, number, hex, symbol] = CONTROL.exec(this.#rtf) ?? [];
    this.#at += whole.length;
    if (word === 'bin') this.#at += Math.max(0, Number(number ?? 0));
    else if (word !== undefined) this.#word(word, number === undefined ? undefined : Number(number));
    else if (hex !== undefined) this.#byte(Number.parseInt(hex, 16));
    else if (symbol !== undefined) this.#symbol(symbol);
  }

  #byte(byte: number): void {
    if (this.#left > 0) this.#left--;
    else if (!this.#group.skips) this.#pending.push(byte);
  }

  #symbol(symbol: string): void {
    if (symbol === '*') this.#group = { ...this.#group, skips: true };
    else if (symbol === '\n' || symbol === '\r') this.#endParagraph();
    else if (symbol !== '-') this.#add(CHARACTERS[symbol] ?? symbol);
  }

  #word(word: string, number: number | undefined): void {
    if (SKIPPED.has(word)) this.#group = { ...this.#group, skips: true };
    else if (word === 'ansicpg' && number) this.#encoding = encodingOf(number);
    else if (word === 'uc') this.#group = { ...this.#group, substitutes: number ?? 1 };
    else if (word === 'u' && number !== undefined) {
      this.#add(String.fromCharCode(number & 0xffff));
      this.#left = this.#group.substitutes;
    } else if (!this.#group.skips) this.#format(word);
  }

  /** What divides a text into paragraphs, rows and cells, or stands for a character of it. */
  #format(word: string): void {
    if (word === 'trowd' || word === 'intbl') this.#row ??= [];
    else if (word === 'cell' && this.#row) {
      this.#decodePending();
      this.#row.push(this.#text.replace(/\s+/g, ' ').trim());
      this.#text = '';
    } else if (word === 'row' && this.#row) {
      this.#builder.paragraph(this.#row.join(' | '));
      this.#row = undefined;
      this.#text = '';
    } else if (word === 'par' || word === 'sect' || word === 'page') this.#endParagraph();
    else if (word === 'pard' && this.#row?.length === 0) this.#row = undefined;
    else if (CHARACTERS[word] !== undefined) this.#add(CHARACTERS[word]);
  }

  #add(text: string): void {
    if (this.#group.skips) return;
    this.#decodePending();
    this.#text += text;
  }

  #decodePending(): void {
    if (this.#pending.length > 0) this.#text += new TextDecoder(this.#encoding).decode(Uint8Array.from(this.#pending));
    this.#pending = [];
  }

  #endParagraph(): void {
    this.#decodePending();
    if (this.#row) this.#text += ' ';
    else {
      this.#builder.paragraph(this.#text.replace(/[^\S\n]+/g, ' '));
      this.#text = '';
    }
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
