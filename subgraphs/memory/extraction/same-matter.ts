import { queryWords } from '#retrieval/vectors/words.ts';
import { conceptsIn, isBeing } from './concepts.ts';
import { topicsOf } from './topics.ts';

/**
 * Returns whether one memory may take the place of another: both are about the one home, name or employer of the user,
 * or about the same thing of which there are many. A model that counts badly once let a cat's name take the place of an
 * employer.
 */
export function isSameMatter(older: string, newer: string): boolean {
  const [a, b] = [topicsOf(older), topicsOf(newer)];
  const shared = [...a].filter(([topic]) => b.has(topic));
  if (a.size > 0 && b.size > 0 && shared.length === 0) return false;
  const [named, naming] = [conceptsIn(older), conceptsIn(newer)];
  const animate = (found: ReadonlySet<number>) => [...found].filter(isBeing).toSorted().join();
  // A name or home of the dog's is not one of the user's.
  if (animate(named.found) !== animate(naming.found)) return false;
  if (shared.some(([, isSingle]) => isSingle)) return true;
  if ([...named.found].some((concept) => naming.found.has(concept))) return true;
  const words = new Set(queryWords(older).map(beginning));
  return queryWords(newer).some((word) => !IDLE.has(word) && words.has(beginning(word)));
}

const beginning = (word: string): string => word.slice(0, 5);
const IDLE = new Set(
  queryWords(
    'user has have is like likes love loves prefer prefers hate hates dislikes allergic allergy allergies speaks plays studies nutzer utilisateur usuario utente',
  ),
);
