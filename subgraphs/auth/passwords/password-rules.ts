import { badInput } from '#platform/base/errors/errors.ts';

/** In characters. 15 is what OWASP ASVS and NIST ask for where the password is the only factor. */
export const MIN_LENGTH = 15;
export const MAX_LENGTH = 128;

let dictionary: Promise<ReadonlySet<string>> | undefined;

/** Read with the first password: unpacking it takes a good part of a start. */
const commonPasswords = (): Promise<ReadonlySet<string>> =>
  (dictionary ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary: words }) => new Set(words['passwords-common'].map((password) => password.toLowerCase())),
  ));

/**
 * Checks length and commonness; no rule on which characters, because such rules make passwords worse (ASVS 6.2.5).
 *
 * @param argument dotted path of the argument, for the error.
 * @param personal what must not be the password itself: the address, the name.
 * @throws {CodedError} BAD_USER_INPUT that names the argument and what to do.
 */
export async function checkPassword(password: string, argument: string, personal: readonly string[]): Promise<void> {
  const length = [...password].length;
  if (length < MIN_LENGTH) {
    throw badInput(
      argument,
      `has ${length} characters; at least ${MIN_LENGTH} are needed. A few words make a good one.`,
    );
  }
  if (length > MAX_LENGTH) throw badInput(argument, `has ${length} characters; at most ${MAX_LENGTH} are accepted.`);
  if (isCommon(password, await commonPasswords()) || isPersonal(password, personal)) {
    throw badInput(
      argument,
      'is easy to guess: it is common, repeats itself or is made of your own name or address. Choose another.',
    );
  }
}

/** Common as it is, or made of one short piece over and over, or counting up or down. */
function isCommon(password: string, common: ReadonlySet<string>): boolean {
  const text = password.normalize('NFKC').toLowerCase();
  if (common.has(text) || common.has(text.replaceAll(/[^\p{L}]/gu, ''))) return true;
  return isRepetition(text, common) || isSequence(text);
}

/** A text found in its own double, not at the ends, repeats a piece; the pieces that count here are short or common. */
function isRepetition(text: string, common: ReadonlySet<string>): boolean {
  const period = `${text}${text}`.indexOf(text, 1);
  if (period === text.length) {
    return [...common].some(
      (one) => one.length >= 6 && text === one.repeat(Math.ceil(text.length / one.length)).slice(0, text.length),
    );
  }
  return period <= 4 || common.has(text.slice(0, period));
}

function isSequence(text: string): boolean {
  const steps = new Set<number>();
  for (let index = 1; index < text.length; index++)
    steps.add((text.charCodeAt(index) - text.charCodeAt(index - 1) + 10) % 10);
  return steps.size === 1;
}

function isPersonal(password: string, personal: readonly string[]): boolean {
  const text = password.normalize('NFKC').toLowerCase();
  return personal.some((one) => {
    const piece = one.trim().toLowerCase();
    return piece.length >= 4 && text.replaceAll(piece, '').length < 4;
  });
}
