import iconv from 'iconv-lite';

/** Encodings by the number of their code page, where their name does not say it. */
const CODE_PAGES: Record<number, string> = {
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

/** The encoding of what no font says otherwise of. */
const DEFAULT = 'windows-1252';

/** The encodings of an RTF file: of the file, and of each font of its table. */
export class RtfEncodings {
  #base = DEFAULT;
  #defaultFont: number | undefined;
  /** The font of the table that is being read. */
  #listed: number | undefined;
  readonly #byFont = new Map<number | undefined, string>();

  /** Takes the code page of the file. */
  setBase(codePage: number): void {
    this.#base = encodingOf(codePage);
  }

  setDefaultFont(font: number | undefined): void {
    this.#defaultFont = font;
  }

  /** Begins a font of the table. */
  list(font: number | undefined): void {
    this.#listed = font;
  }

  /** Takes the character set of the font that was listed last. */
  setCharset(charset: number): void {
    const codePage = CHARSETS[charset];
    if (codePage !== undefined) this.#byFont.set(this.#listed, encodingOf(codePage));
  }

  /** Returns the encoding of a font; of the file where it has none. */
  of(font: number | undefined): string {
    return this.#byFont.get(font ?? this.#defaultFont) ?? this.#base;
  }
}

/** Whether a byte is the first of two. In other encodings no second byte looks like a letter of ASCII. */
const BEGINS: Readonly<Record<string, (byte: number) => boolean>> = {
  shift_jis: (byte) => (byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc),
  gbk: (byte) => byte >= 0x81 && byte <= 0xfe,
  'euc-kr': (byte) => byte >= 0x81 && byte <= 0xfe,
  big5: (byte) => byte >= 0x81 && byte <= 0xfe,
};

/** The bytes of letters as an RTF file has them, one by one: a letter may have several. */
export class RtfBytes {
  #bytes: number[] = [];
  /** How many of them were looked at. */
  #seen = 0;
  #isCutOff = false;

  push(byte: number): void {
    this.#bytes.push(byte);
  }

  /** Returns whether the bytes end in the middle of a letter: the next byte of it may look like a letter of ASCII. */
  isCutOff(encoding: string): boolean {
    const begins = BEGINS[encoding];
    if (!begins) return false;
    for (; this.#seen < this.#bytes.length; this.#seen++)
      this.#isCutOff = !this.#isCutOff && begins(this.#bytes[this.#seen]!);
    return this.#isCutOff;
  }

  /** Ends the letters, and returns them. */
  end(encoding: string): string {
    if (this.#bytes.length === 0) return '';
    const text = encoding.startsWith(DOS)
      ? iconv.decode(Uint8Array.from(this.#bytes), encoding)
      : new TextDecoder(encoding).decode(Uint8Array.from(this.#bytes));
    this.#bytes = [];
    this.#seen = 0;
    this.#isCutOff = false;
    return text;
  }
}

/** Begins the names of the code pages of DOS, which the web does not know. */
const DOS = 'cp';

function encodingOf(codePage: number): string {
  const name = CODE_PAGES[codePage] ?? `windows-${codePage}`;
  if (codePage < 900 && !CODE_PAGES[codePage]) {
    const dos = `${DOS}${codePage}`;
    return iconv.encodingExists(dos) ? dos : DEFAULT;
  }
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return DEFAULT;
  }
}
