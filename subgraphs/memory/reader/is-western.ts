/** A language that is written in the encoding of Windows for the West, windows-1252. */
interface WesternLanguage {
  /** Its letters outside of ASCII. */
  readonly letters: ReadonlySet<string>;
  /** Frequent words that languages of other encodings do not have. */
  readonly frequent: RegExp;
  /** Places in which its letters do not stand, as those of other languages do that have the same bytes. */
  readonly odd: RegExp | undefined;
}

const language = (letters: string, frequent: string, odd?: RegExp): WesternLanguage => ({
  letters: new Set(letters + letters.toUpperCase()),
  frequent: new RegExp(`(?<!\\p{L})(?:${frequent})(?!\\p{L})`, 'iu'),
  odd,
});

const LANGUAGES = [
  // Of English there are marks alone.
  language('', 'the|and|is|of|are|was|for|with|that|this|it|you|not|have'),
  language('äöüßé', 'der|die|das|und|ist|nicht|eine?|mit|für|von|auf|im|dem|zu|zur|sich|wir|ich|auch|bei|oder|wird'),
  language('éèêëàâçîïôûùüœ', 'les|des|une|est|et|dans|pour|que|qui|sur|avec|nous|vous|aux|cette|à|où|du'),
  language('áéíóúñü', 'que|los|las|del|una|por|con|para|el|es|está|y|como|más|qué'),
  // The long vowel of Hungarian has the byte of one that Portuguese has before an e alone.
  language('ãõáéíóúâêôçà', 'que|não|com|uma?|os|as|para|por|em|é|são|dos|das|mais', /õ(?!e)/iu),
  language('åäöé', 'och|att|det|är|som|på|för|inte|jag|med|av|ett|ja|että|ei|hän|oli|ovat'),
  language('æøåé', 'og|det|er|på|som|til|af|av|ikke|jeg|med|et|har|for'),
  // Of Czech they stand within words as well.
  language('àèéìòù', 'il|che|di|per|non|del|della|sono|con|gli|più|è|una', /[àèéìòù](?=\p{L})/iu),
  language('éèëïöü', 'het|een|van|en|is|niet|dat|met|voor|zijn|op|aan|ook|wordt'),
];

/** Marks that no encoding of Windows has as a letter, or that tell by where they stand that they are marks. */
const MARKS = new Set('“”„‘’‚–—…•«»‹›€£°§©®™†‡‰×±·µ²³½¼ºª¿¡ \u00a0');
/** Where marks do not stand; there they are letters of another encoding. */
const MISPLACED = [
  /\p{L}[“”„–—…•«»‹›€£°§©®™†‡‰×±·½¼¿¡]\p{L}/u,
  /[£½¼]\p{L}|\p{L}[½¼¿¡]/u,
  /(?<![\dmM])[²³]|[²³]\p{L}/u,
  /(?<![\d.n]|\p{Lu})[ºª]|[ºª]\p{L}/u,
];
/** Characters outside of ASCII from which on a text says in which language it is. */
const ENOUGH = 3;

/**
 * Returns whether a text that was decoded as windows-1252 is one. Every byte means something in it, so that texts of
 * other encodings can be decoded as well, to nonsense: a text of the West has the letters of one language, at the
 * places where that has them, and a frequent word of it. A table may have names of several, each of one.
 */
export function isWestern(text: string, isTable: boolean): boolean {
  const beyond = Array.from(text).filter((character) => character > '\x7f');
  if (MISPLACED.some((place) => place.test(text)) || opensMoreThanItEnds(text)) return false;
  const isOf = ({ letters, odd }: WesternLanguage, part: string): boolean =>
    Array.from(part).every((character) => character <= '\x7f' || MARKS.has(character) || letters.has(character)) &&
    odd?.test(part) !== true;
  if (isTable) return text.split(/[\s,;]+/u).every((word) => LANGUAGES.some((one) => isOf(one, word)));
  return beyond.length >= ENOUGH && LANGUAGES.some((one) => one.frequent.test(text) && isOf(one, text));
}

/** Spanish opens its questions and calls, and ends each; in Polish the first byte is a letter. */
const opensMoreThanItEnds = (text: string): boolean =>
  timesOf(text, '¿') > timesOf(text, '?') || timesOf(text, '¡') > timesOf(text, '!');

const timesOf = (text: string, character: string): number => text.split(character).length - 1;
