import { badInput } from '#platform/base/errors/errors.ts';

const MAX_LENGTH = 80;

/** Returns a name as others will see it: trimmed, one line, without invisible control characters. */
export function parseDisplayName(given: string, argument: string): string {
  const name = given
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Bidi_Control}\s]+/gu, ' ')
    .trim();
  const length = [...name].length;
  if (length === 0) throw badInput(argument, 'is empty; 1 to 80 characters are needed.');
  if (length > MAX_LENGTH) throw badInput(argument, `has ${length} characters; at most ${MAX_LENGTH} are accepted.`);
  return name;
}
