import type { Outline } from './outline.ts';
import { DocumentProblem } from './problem.ts';
import { RtfBytes, RtfEncodings } from './rtf-encodings.ts';
import { type Elsewhere, RtfText } from './rtf-text.ts';

/** Code pages by the words for the character set of a file: the PC of IBM, the PS/2, the Macintosh. */
const CHARACTER_SETS: ReadonlyMap<string, number> = new Map([
  ['pc', 437],
  ['pca', 850],
  ['mac', 10000],
]);
/** Groups whose content is not text: tables of fonts and colours, pictures, what programs keep for themselves. */
const SKIPPED = new Set(
  `fonttbl colortbl stylesheet info pict object listtable listoverridetable generator xmlnstbl rsidtbl themedata
  colorschememapping latentstyles datastore fldinst filetbl revtbl mmathPr pgptbl shpinst shprslt nonshppict atnid atnauthor
  annotation`.split(/\s+/),
);
/** Words that begin a text which stands elsewhere: notes and boxes, and the edges of pages. */
const ELSEWHERE = new Map<string, Elsewhere>([
  ['footnote', 'note'],
  ['shptxt', 'note'],
  ...['header', 'footer'].flatMap((edge) => ['', 'l', 'r', 'f'].map((page) => [edge + page, 'edge'] as const)),
]);
/** Control words that stand for a character. */
const CHARACTERS = new Map(
  Object.entries({
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
  }),
);
const MAX_GROUPS = 10_000;
const CONTROL = /\\(?:([a-z]+)(-?\d{1,10})? ?|'([0-9a-f]{2})|([^a-z]))/iy;

interface Group {
  readonly skips: boolean;
  /** Whether its letters are hidden, which a person does not see. */
  readonly hides?: boolean;
  /** Characters that stand for a Unicode character where it cannot be shown. */
  readonly substitutes: number;
  /** The font that is in use, which tells the encoding. */
  readonly font: number | undefined;
  readonly isFonts: boolean;
  readonly elsewhere?: Elsewhere | undefined;
}

/**
 * Reads the text of an RTF file: its paragraphs, the rows of its tables, notes and boxes after the paragraph that they
 * belong to, and once what stands at the edge of each page.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for groups nested without end, TOO_LARGE, NO_TEXT.
 */
export function readRtf(bytes: Uint8Array): Outline {
  const rtf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const outline = new RtfReader(rtf).read();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', 'The RTF file holds no text.');
  return outline;
}

/** A reader of one RTF file: its groups, what its control words say, and the letters between them. */
class RtfReader {
  readonly #rtf: string;
  readonly #text = new RtfText();
  readonly #encodings = new RtfEncodings();
  readonly #bytes = new RtfBytes();
  readonly #groups: Group[] = [];
  #group: Group = { skips: false, substitutes: 1, font: undefined, isFonts: false };
  #at = 0;
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
      else this.#letters();
    }
    this.#endBytes();
    return this.#text.build();
  }

  #open(): void {
    if (this.#groups.length >= MAX_GROUPS) throw tooDeep();
    this.#groups.push(this.#group);
    this.#left = 0;
    this.#at++;
  }

  #close(): void {
    this.#endBytes();
    const { elsewhere } = this.#group;
    this.#group = this.#groups.pop() ?? this.#group;
    if (elsewhere && !this.#group.elsewhere) this.#text.end(elsewhere);
    this.#left = 0;
    this.#at++;
  }

  #letters(): void {
    const next = endOfText(this.#rtf, this.#at);
    let letters = this.#rtf.slice(this.#at, next).replace(/[\r\n]/g, '');
    this.#at = next;
    const skipped = Math.min(this.#left, letters.length);
    this.#left -= skipped;
    letters = letters.slice(skipped);
    // The second byte of a letter may be one that ASCII has.
    if (letters !== '' && this.#bytes.isCutOff(this.#encoding())) {
      this.#bytes.push(letters.charCodeAt(0));
      letters = letters.slice(1);
    }
    if (/[\x80-\xff]/.test(letters) && !this.#leavesOut()) {
      for (const byte of Buffer.from(letters, 'latin1')) this.#bytes.push(byte);
    } else if (letters !== '') this.#add(letters);
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
    else if (!this.#leavesOut()) this.#bytes.push(byte);
  }

  #symbol(symbol: string): void {
    if (symbol === '*') this.#group = { ...this.#group, skips: true };
    else if (symbol === '\n' || symbol === '\r') this.#endParagraph();
    else if (symbol !== '-') this.#add(CHARACTERS.get(symbol) ?? symbol);
  }

  /** What counts in text that is left out, too: where groups begin, and how their letters are written. */
  #word(word: string, number: number | undefined): void {
    const elsewhere = ELSEWHERE.get(word);
    if (elsewhere && !this.#group.elsewhere) this.#begin(elsewhere);
    // What was taken out, and stays for reviewers to see.
    else if (word === 'deleted') this.#group = { ...this.#group, skips: number !== 0 };
    else if (SKIPPED.has(word)) this.#group = { ...this.#group, skips: true, isFonts: word === 'fonttbl' };
    else if (word === 'v') this.#group = { ...this.#group, hides: number !== 0 };
    else if (word === 'uc') this.#group = { ...this.#group, substitutes: number ?? 1 };
    else if (word === 'u' && number !== undefined) {
      this.#add(String.fromCharCode(number & 0xffff));
      this.#left = this.#group.substitutes;
    } else if (!this.#writing(word, number) && !this.#group.skips) this.#format(word);
  }

  /** Takes a word that says how letters are written. @returns whether it was one. */
  #writing(word: string, number: number | undefined): boolean {
    if (word === 'ansicpg' && number) this.#encodings.setBase(number);
    else if (CHARACTER_SETS.has(word)) this.#encodings.setBase(CHARACTER_SETS.get(word)!);
    else if (word === 'deff') this.#encodings.setDefaultFont(number);
    else if (word === 'fcharset') this.#encodings.setCharset(number ?? 0);
    else if (word === 'f' && this.#group.isFonts) this.#encodings.list(number);
    else if (word === 'f' || word === 'plain') {
      this.#endBytes();
      this.#group = { ...this.#group, ...(word === 'f' ? { font: number } : { font: undefined, hides: false }) };
    } else return false;
    return true;
  }

  /** Takes a word that divides a text into paragraphs, rows and cells, or stands for a character of it. */
  #format(word: string): void {
    switch (word) {
      case 'chftn':
        this.#endBytes();
        this.#text.addNoteMark();
        break;
      case 'trowd':
      case 'intbl':
        this.#text.beginRow();
        break;
      case 'cell':
        this.#endBytes();
        this.#text.endCell();
        break;
      case 'row':
        this.#endBytes();
        this.#text.endRow();
        break;
      case 'par':
      case 'sect':
      case 'page':
        this.#endParagraph();
        break;
      case 'pard':
        this.#text.leaveRow();
        break;
      default: {
        const character = CHARACTERS.get(word);
        if (character !== undefined) this.#add(character);
      }
    }
  }

  #begin(elsewhere: Elsewhere): void {
    this.#endBytes();
    this.#group = { ...this.#group, skips: false, elsewhere };
    this.#text.begin();
  }

  #endParagraph(): void {
    this.#endBytes();
    this.#text.endParagraph();
  }

  #add(text: string): void {
    if (this.#leavesOut()) return;
    this.#endBytes();
    this.#text.add(text);
  }

  #leavesOut(): boolean {
    return this.#group.skips || this.#group.hides === true;
  }

  #endBytes(): void {
    this.#text.add(this.#bytes.end(this.#encoding()));
  }

  #encoding(): string {
    return this.#encodings.of(this.#group.font);
  }
}

const SPECIAL = /[{}\\]/g;
function endOfText(rtf: string, from: number): number {
  SPECIAL.lastIndex = from;
  return SPECIAL.exec(rtf)?.index ?? rtf.length;
}

const tooDeep = () =>
  new DocumentProblem('TOO_EXPENSIVE', `The RTF file nests groups more than ${MAX_GROUPS} deep: save it as text.`);
