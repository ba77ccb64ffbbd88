import { frequentIn, hasMisplacedMarks, isWrittenIn, wordsOfTable, writtenLanguage } from './written-language.ts';

/** Those of the encoding of Windows for the West, windows-1252. */
const LANGUAGES = [
  // Of English there are marks alone.
  writtenLanguage('', 'the|and|is|of|are|was|for|with|that|this|it|you|not|have'),
  writtenLanguage(
    'äöüßé',
    'der|die|das|und|ist|nicht|eine?|mit|für|von|auf|im|dem|zu|zur|sich|wir|ich|auch|bei|oder|wird',
  ),
  writtenLanguage('éèêëàâçîïôûùüœ', 'les|des|une|est|et|dans|pour|que|qui|sur|avec|nous|vous|aux|cette|à|où|du'),
  // In Polish its n stands where no vowel follows.
  writtenLanguage('áéíóúñü', 'que|los|las|del|una|por|con|para|el|es|está|y|como|más|qué', /ñ(?![aeiouáéíóú])/iu),
  // The long vowel of Hungarian has the byte of one that Portuguese has before an e alone.
  writtenLanguage('ãõáéíóúâêôçà', 'que|não|com|uma?|os|as|para|por|em|é|são|dos|das|mais', /õ(?!e)/iu),
  writtenLanguage('åäöé', 'och|att|det|är|som|på|för|inte|jag|med|av|ett|ja|että|ei|hän|oli|ovat'),
  writtenLanguage('æøåé', 'og|det|er|på|som|til|af|av|ikke|jeg|med|et|har|for'),
  // Of Czech they stand within words as well.
  writtenLanguage('àèéìòù', 'il|che|di|per|non|del|della|sono|con|gli|più|è|una', /[àèéìòù](?=\p{L})/iu),
  writtenLanguage('éèëïöü', 'het|een|van|en|is|niet|dat|met|voor|zijn|op|aan|ook|wordt'),
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
  if (hasMisplacedMarks(text) || opensMoreThanItEnds(text)) return false;
  if (isTable) return wordsOfTable(text).every((word) => LANGUAGES.some((one) => isWrittenIn(one, word)));
  return beyond.length >= ENOUGH && LANGUAGES.some((one) => frequentIn(text, one) > 0 && isWrittenIn(one, text));
}

/** Spanish opens its questions and calls, and ends each; in Polish the first byte is a letter. */
const opensMoreThanItEnds = (text: string): boolean =>
  timesOf(text, '¿') > timesOf(text, '?') || timesOf(text, '¡') > timesOf(text, '!');

const timesOf = (text: string, character: string): number => text.split(character).length - 1;
