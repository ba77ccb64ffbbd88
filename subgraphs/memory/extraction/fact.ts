import { queryWords, words } from '#retrieval/vectors/words.ts';
import type { MemoryKind } from '../memories/store.ts';

/** A fact that an extractor claims a user has said. */
export interface ClaimedFact {
  readonly text: string;
  /** The words of the user that say it. */
  readonly quote: string;
  readonly kind: MemoryKind;
  readonly importance: number;
  /** Id of a known memory whose place it takes. */
  readonly replaces: string | undefined;
}

const MAX_FACT = 500;
const SHORTEST_QUOTE = 6;
/** Share of a fact's telling words that its source must have. */
const LEAST_SUPPORT = 0.5;

/**
 * Returns whether the text says what is claimed: the quotation stands in it word by word, and the fact holds no number,
 * no name and not much else that the text does not have. An audit of another system found nearly all of its memories to
 * be inventions or restated prompts; this is the guard against that.
 */
export function isSupported(fact: ClaimedFact, source: string): boolean {
  if (fact.text.length > MAX_FACT || fact.quote.trim().length < SHORTEST_QUOTE) return false;
  if (!plain(source).includes(plain(fact.quote))) return false;
  const has = new Set(words(source));
  const telling = queryWords(fact.text).filter((word) => word !== 'user');
  if (telling.length === 0) return false;
  if (telling.some((word) => /\d/.test(word) && !has.has(word))) return false;
  const names = fact.text.match(/(?<=[\p{L},;:] )\p{Lu}[\p{L}\p{N}]+/gu) ?? [];
  if (names.some((name) => words(name).some((word) => !has.has(word)))) return false;
  return telling.filter((word) => has.has(word)).length / telling.length >= LEAST_SUPPORT;
}

/** Without the differences that a model introduces when it copies. */
const plain = (text: string): string =>
  text.normalize('NFKC').toLowerCase().replace(/[‘’]/g, "'").replace(/[“”]/g, '"').replace(/\s+/g, ' ').trim();
