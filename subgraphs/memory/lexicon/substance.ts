const WORD = "[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}'’-]*";
const BASE = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/**
 * Returns the pattern of what a person is allergic to: one to three words. Any words, for no list has all of it; but
 * neither days of the week nor other figures of speech.
 *
 * @param figures what is said in jest or of persons: "work", "your".
 */
export const substance = (language: string, figures: string): string =>
  `${unless(language, `(?:${figures})(?![\\p{L}\\p{M}])`)}${WORD}(?: ${WORD}){0,2}?`;

/** Returns the same for a script without spaces. @param characters of which its words consist. */
export const substanceRun = (language: string, figures: string, characters: string): string =>
  `${unless(language, figures)}${characters}{1,10}?`;

const unless = (language: string, figures: string): string =>
  `(?!(?:${weekdays(language).join('|')})[\\p{L}\\p{M}]*|${figures})`;

/** The days of the week without their last letter, which differs from case to case. */
function weekdays(language: string): string[] {
  const format = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' });
  return Array.from({ length: 7 }, (_, day) => format.format(BASE + day * DAY_MS).slice(0, -1));
}
