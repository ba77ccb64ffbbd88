import { isWestern } from './is-western.ts';
import { regionalEncoding } from './regional-encoding.ts';

/** An encoding of before Unicode, and how what is written in it is known. */
interface Candidate {
  readonly label: string;
  /** The characters that its languages use most. */
  readonly usual: ReadonlySet<string>;
  /** Of the characters outside of ASCII, the share that is usual in any text of some length. */
  readonly share: number;
  /** The script of all its letters outside of ASCII, which do not stand within Latin words. */
  readonly script: RegExp | undefined;
}

/** Looked at to guess, in bytes. */
const SAMPLE = 65_536;
/** Characters outside of ASCII from which on their shares say something. */
const ENOUGH = 16;
/** So many times as usual as in the next encoding a text has to be. */
const CLEARLY = 1.5;
/** The share of words of two scripts that a text may have, such as names of products. */
const FEW = 0.05;

const candidate = (label: string, share: number, usual: string, script?: RegExp): Candidate => ({
  label,
  share,
  usual: new Set(usual),
  script,
});

const KANA = Array.from({ length: 0x30fe - 0x3041 }, (_, i) => String.fromCharCode(0x3041 + i)).join('');
/** In another encoding than its own a text has a few hundredths of these. */
const CANDIDATES: readonly Candidate[] = [
  candidate('shift_jis', 0.3, `${KANA}、。「」`),
  candidate('euc-jp', 0.3, `${KANA}、。「」`),
  candidate(
    'gb18030',
    0.2,
    '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实，。、：；！？（）“”',
  ),
  candidate(
    'big5',
    0.2,
    '的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實，。、：；！？（）「」',
  ),
  candidate('euc-kr', 0.3, '이다는의에을가고하지로은기사인도한를시어나대자그스리수아있해들정과서일부제보주니습'),
  candidate('windows-1251', 0.5, 'оеаинтсрвлкмі', /\p{Script=Cyrillic}/u),
  // That of Russian, and the letters of Ukrainian.
  candidate('koi8-u', 0.5, 'оеаинтсрвлкмі', /\p{Script=Cyrillic}/u),
  candidate('ibm866', 0.5, 'оеаинтсрвлкм', /\p{Script=Cyrillic}/u),
  candidate('windows-1253', 0.5, 'αοιετσνηυρίό', /\p{Script=Greek}/u),
  candidate('windows-1255', 0.5, 'יוהלאתבמרש', /\p{Script=Hebrew}/u),
  candidate('windows-1256', 0.5, 'الينموترهبةع', /\p{Script=Arabic}/u),
];

/**
 * Guesses the encoding of a text that is not in Unicode and does not say what it is in, by how often the characters are
 * that its language uses most. Where that is not clear, as in a short text, there is none: nonsense would be worse.
 *
 * @param isTable whether it is a table: of these, which have few sentences, no frequent words are asked for.
 * @returns a label for TextDecoder.
 */
export function guessEncoding(bytes: Uint8Array, isTable: boolean): string | undefined {
  const first = bytes.findIndex((byte) => byte > 0x7f);
  const sample = bytes.subarray(Math.max(0, first - SAMPLE / 2), first + SAMPLE / 2);
  const found = CANDIDATES.flatMap(({ label, usual, share, script }) => {
    const text = decoded(sample, label);
    const beyond = Array.from(text ?? '').filter(isBeyondAscii);
    if (text === undefined || beyond.length < ENOUGH || (script && strangers(text, script) > FEW)) return [];
    const score = beyond.filter((character) => usual.has(character)).length / beyond.length;
    return [{ label, score: score / share }];
  }).sort((a, b) => b.score - a.score);
  const [best, next] = found;
  if (best && best.score >= 1 && best.score >= CLEARLY * (next?.score ?? 0)) return best.label;
  if (isWestern(new TextDecoder('windows-1252').decode(sample), isTable)) return 'windows-1252';
  return regionalEncoding(sample, isTable);
}

const decoded = (bytes: Uint8Array, label: string): string | undefined => {
  try {
    // The last character may be cut off.
    return new TextDecoder(label, { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
};

const isBeyondAscii = (character: string): boolean => character > '\x7f';

/** Of encodings of one script, small letters of one are capitals of another. */
const CASES_MIXED = /\p{Ll}\p{Lu}/u;

/** The share of words with letters outside of ASCII that are none, as letters of two scripts or cases are mixed. */
function strangers(text: string, script: RegExp): number {
  const words = (text.match(/[\p{L}\p{M}]+/gu) ?? []).filter((word) => Array.from(word).some(isBeyondAscii));
  const isOdd = (word: string): boolean =>
    CASES_MIXED.test(word) || Array.from(word).some((letter) => /\p{L}/u.test(letter) && !script.test(letter));
  return words.filter(isOdd).length / words.length;
}
