/** `you`, `me` and `i` change a question's sense elsewhere; in these phrases they are politeness. */
const POLITE =
  /\b(can|could|would|will) you( please)?( (tell|show|give) me)?\b|\b(please )?(tell|show|give) me\b|\bi (want|would like|'d like) to know\b|\blet me know\b/g;

const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\bwon['’]t\b/g, 'will not'],
  [/\bcan['’]?t\b|\bcannot\b/g, 'can not'],
  [/n['’]t\b/g, ' not'],
  [/['’](s|re|m)\b/g, ' is'],
  [/['’]ll\b/g, ' will'],
  [/['’]ve\b/g, ' have'],
];

/** Words without which a question asks the same. Nothing that negates, counts, compares, places or asks may be here. */
const DROPPED = new Set([
  'a',
  'an',
  'the',
  'please',
  'pls',
  'kindly',
  'thanks',
  'hi',
  'hello',
  'hey',
  'is',
  'are',
  'am',
]);

/**
 * Returns what must be equal, in order, for two prompts to be one: every word that carries sense. A cosine close to one
 * is not a proof ("turn on" and "turn off" are closer than most paraphrases), so this gate lets only wording differ
 * that cannot change the answer. It misses many paraphrases; that is the price of never giving a wrong answer.
 */
export function senseOf(text: string): string {
  let plain = text.normalize('NFKC').toLowerCase();
  for (const [pattern, full] of CONTRACTIONS) plain = plain.replace(pattern, full);
  // Signs, decimals and units are part of a number; a question mark is not part of a word.
  const words =
    plain.replace(POLITE, ' ').match(/[-+]?\d+(?:[.,:/]\d+)*%?|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{N}.,;:!?"'’()]/gu) ?? [];
  return words.filter((word) => !DROPPED.has(word)).join(' ');
}
