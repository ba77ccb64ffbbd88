import { OpenAI } from 'openai';

/** The words in which endpoints say that they were given too many texts at once. */
const TOO_MANY = /batch|too many|larger than|at most|up to|maximum|max_|exceed|limit|array/i;

/**
 * Returns how many texts an endpoint takes that refused so many at once: the number that it names, else half of them.
 * Undefined when it refused something else.
 */
export function fewerTexts(error: unknown, given: number): number | undefined {
  if (!(error instanceof OpenAI.APIError) || given < 2) return undefined;
  if (error.status !== 400 && error.status !== 413 && error.status !== 422) return undefined;
  const words = `${error.message} ${JSON.stringify(error.error ?? '')}`;
  if (error.status !== 413 && !TOO_MANY.test(words)) return undefined;
  const named = [...words.matchAll(/(?:than|most|to|maximum|limit|<=?)\D{0,20}(\d{1,4})\b/gi)]
    .map(([, number]) => Number(number))
    .filter((number) => number >= 1 && number < given);
  return named[0] ?? Math.floor(given / 2);
}
