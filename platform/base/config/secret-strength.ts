import { deflateRawSync } from 'node:zlib';

/**
 * Fewest different characters of a random secret: 32 random hexadecimal digits have fewer once in ten million times.
 */
const MIN_VARIETY = 8;
/** What repeats itself is shorter than this when it is compressed, in bytes; 32 random characters are not. */
const MIN_COMPRESSED = 24;
/** Characters in a row that count up or down by one, or stand still: in chance there are hardly ever so many. */
const MIN_RUN = 4;
/** Largest part of a secret that such rows may be, and largest part of its characters that repeat the one before. */
const MAX_PART = 1 / 3;
const PLACEHOLDER = /change.?(me|it|this)|replace.?(me|it|this)|your.{0,12}(secret|key)|password|qwerty|placeholder/i;

/**
 * Returns whether a secret is of the kind that people type for want of a better one: it repeats itself, counts, has few
 * different characters, or is the placeholder of a manual. What it does not find may be weak all the same.
 */
export function isWeakSecret(secret: string): boolean {
  if (new Set(secret).size < MIN_VARIETY || PLACEHOLDER.test(secret)) return true;
  if (deflateRawSync(secret).length < MIN_COMPRESSED) return true;
  const steps = Array.from(secret.slice(1), (_, index) => secret.charCodeAt(index + 1) - secret.charCodeAt(index));
  const repeated = steps.filter((step) => step === 0).length;
  return repeated > MAX_PART * steps.length || countedIn(steps) > MAX_PART * secret.length;
}

/** Returns how many characters stand in rows that count by one, or stand still. */
function countedIn(steps: readonly number[]): number {
  let counted = 0;
  let run = 1;
  steps.forEach((step, index) => {
    run = Math.abs(step) > 1 ? 1 : step === steps[index - 1] ? run + 1 : 2;
    if (run === MIN_RUN) counted += MIN_RUN;
    else if (run > MIN_RUN) counted++;
  });
  return counted;
}
