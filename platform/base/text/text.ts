const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Z}\u115F\u1160\u2800\u3164\uFFA0]/u;

/** Returns whether a text has a character that can be seen; spaces of any kind and marks without width have none. */
export const isVisible = (text: string): boolean => VISIBLE.test(text);

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Returns the beginning of a text, of at most `most` UTF-16 code units; what is seen as one character stays whole. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return text;
  // A character has few units; where one has thousands, it is torn all the same.
  const { index } = characters.segment(text.slice(0, most + 64)).containing(most)!;
  return text.slice(0, index === 0 ? most : index).toWellFormed();
}
