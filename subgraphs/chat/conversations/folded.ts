/** As `search_folded` of the database: the marks of Latin and Greek letters, and those of the Cyrillic "е". */
const MARKED = /([A-Za-z\u0370-\u03FF\u0415\u0435])[\u0300-\u036F]+/g;
/** A character and what is written onto it. */
const LETTER = /.\p{M}*/gsu;

/** Returns a text without accents. In scripts other than Latin and Greek a mark makes another letter, and stays. */
export const folded = (text: string): string => text.normalize('NFD').replace(MARKED, '$1').normalize('NFC');

/**
 * Returns excerpts of a folded text as they stand in the text itself, with accents.
 *
 * @param excerpts in the order of the text, and marks in between.
 * @param marks what stands in the excerpts and not in the text.
 */
export function unfolded(excerpts: string, marks: RegExp, text: string): string {
  /** Where each place of the folded text is in the text. */
  const places: number[] = [];
  let plain = '';
  for (const { 0: letter, index } of text.matchAll(LETTER)) {
    const short = folded(letter);
    for (let unit = 0; unit < short.length; unit++) places.push(index + Math.min(unit, letter.length - 1));
    plain += short;
  }
  places.push(text.length);
  let at = 0;
  return excerpts
    .split(marks)
    .map((part, index) => {
      // The marks themselves are at odd places.
      const found = index % 2 === 0 && part !== '' ? plain.indexOf(part, at) : -1;
      if (found === -1) return part;
      at = found + part.length;
      return text.slice(places[found], places[at]);
    })
    .join('');
}
