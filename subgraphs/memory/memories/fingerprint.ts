import { createHash } from 'node:crypto';
import { queryWords } from '#retrieval/vectors/words.ts';
import { lexiconOf } from '../lexicon/languages.ts';

/** Returns a digest of a text without case, punctuation and spacing: texts with the same one say the same. */
export function fingerprint(text: string): string {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{S}]+/gu, ' ')
    .trim();
  return createHash('sha256')
    .update(plain || text)
    .digest('base64url');
}

const NEGATION =
  /\b(?:not|no|never|none|nobody|nothing|without|neither|nor|stopped|quit|hate|hates|dislike|dislikes)\b|n['’]t\b/i;

/** The telling words of a text. What is negated is told apart: "likes tea" and "does not like tea" share every word. */
function gist(text: string): Set<string> {
  const found = new Set(queryWords(text));
  for (const word of ['user', 'i', 'my', 'me']) found.delete(word);
  if (NEGATION.test(text) || lexiconOf(text).negation.test(text)) found.add('¬');
  return found;
}

/**
 * Returns whether two short texts say the same in nearly the same words. Deliberately by words and not by similarity of
 * meaning: to a small embedding model "I like tea" and "I like coffee" are almost equal.
 */
export function sameStatement(one: string, other: string): boolean {
  const [a, b] = [gist(one), gist(other)];
  if (a.size === 0 || b.size === 0) return false;
  const shared = [...a].filter((word) => b.has(word)).length;
  const union = a.size + b.size - shared;
  const differing = [...a, ...b].filter((word) => !(a.has(word) && b.has(word)));
  // A different number or negation is a different statement, however many words are shared.
  if (differing.some((word) => word === '¬' || /\d/.test(word))) return false;
  return shared / union >= 0.8;
}
