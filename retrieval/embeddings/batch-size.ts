import { OpenAI } from 'openai';

/** The words in which endpoints say that they were given too many texts at once. */
const TOO_MANY = /batch|too many|larger than|at most|up to|maximum|max_|exceed|limit|array/i;
/** The words in which they say that one of them is too long, or all of them together. */
const TOO_LONG = /token|context|length|too long|characters|too large/i;
const NAMED = /(?:than|most|to|maximum|limit|<=?)\D{0,20}(\d{1,4})\b(?! ?(?:tokens|characters))/gi;

/** The next try with texts that an endpoint refused. */
export interface FewerTexts {
  /** Texts of each request: the number that the endpoint names, else half of them. */
  readonly texts: number;
  /** Whether the endpoint takes no more texts at once; undefined where it may be about what one of them is. */
  readonly isSure: boolean | undefined;
}

/** Returns whether an endpoint answered that it does not take what it was given. */
export const isRefusal = (error: unknown): error is InstanceType<typeof OpenAI.APIError> =>
  error instanceof OpenAI.APIError && (error.status === 400 || error.status === 413 || error.status === 422);

/** Returns how to ask an endpoint that refused so many texts at once. Undefined when it refused something else. */
export function fewerTexts(error: unknown, given: number): FewerTexts | undefined {
  if (!isRefusal(error) || given < 2) return undefined;
  const words = `${error.message} ${JSON.stringify(error.error ?? '')}`;
  const isLong = TOO_LONG.test(words);
  if (error.status !== 413 && !isLong && !TOO_MANY.test(words)) return undefined;
  const named = [...words.matchAll(NAMED)]
    .map(([, number]) => Number(number))
    .find((number) => number >= 1 && number < given);
  if (named !== undefined) return { texts: named, isSure: true };
  return { texts: Math.floor(given / 2), isSure: isLong ? false : undefined };
}
