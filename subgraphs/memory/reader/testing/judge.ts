import type { Passage } from '../passages.ts';
import type { ReadDocument } from '../read-document.ts';

/** What a file must give its readers. */
export interface Expected {
  /** Texts that a search must find: each stands whole in a passage. */
  readonly holds: readonly string[];
  readonly lacks?: readonly string[];
  /** Texts that come once, however many pages show them. */
  readonly once?: readonly string[];
  /** Where the passages that hold a text must say that it is. */
  readonly places?: readonly (readonly [
    text: string,
    place: Partial<Pick<Passage, 'section' | 'page' | 'cells' | 'line'>>,
  ])[];
}

/** Without what a search does not tell apart either: space, marks of letters, and the order of lam and alef. */
const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[\u0627\u0644]{2,}/g, (run) => [...run].sort().join(''));

/**
 * Returns what is wrong with citations of a document: each passage must be the text at its offsets, and none be lost.
 */
export function citationFaults({ text, passages }: ReadDocument): string[] {
  const faults: string[] = [];
  let end = 0;
  for (const passage of passages) {
    const at = `the passage at ${passage.start}`;
    if (text.slice(passage.start, passage.end) !== passage.text) faults.push(`${at} is another text`);
    if (passage.start < end) faults.push(`${at} begins in the one before it`);
    // Between passages there is nothing but space: no word is in none of them.
    if (text.slice(end, passage.start).trim() !== '') faults.push(`before ${at} is a text that is in no passage`);
    if (passage.line !== undefined && text.slice(0, passage.start).split('\n').length !== passage.line)
      faults.push(`${at} is not at line ${passage.line}`);
    end = passage.end;
  }
  if (text.slice(end).trim() !== '') faults.push('the last words are in no passage');
  return faults;
}

/** Returns what is wrong with a document: words that are lost, that should not be there, that are cited elsewhere. */
export function faultsOf(read: ReadDocument, { holds, lacks = [], once = [], places = [] }: Expected): string[] {
  const faults = citationFaults(read);
  const holding = (text: string) => read.passages.filter((passage) => plain(passage.text).includes(plain(text)));
  for (const text of holds) if (holding(text).length === 0) faults.push(`“${text}” is in no passage`);
  for (const text of lacks) if (read.text.includes(text)) faults.push(`“${text}” is there`);
  for (const text of once) {
    const times = plain(read.text).split(plain(text)).length - 1;
    if (times !== 1) faults.push(`“${text}” is there ${times} times`);
  }
  for (const [text, place] of places) {
    for (const [name, value] of Object.entries(place)) {
      const cited = holding(text).map((passage) => passage[name as keyof Passage]);
      if (!cited.includes(value)) faults.push(`“${text}” is cited with ${name} ${cited.join(', ')} for ${value}`);
    }
  }
  return faults;
}
