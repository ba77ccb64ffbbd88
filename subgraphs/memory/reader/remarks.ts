import { oneLine } from './outline.ts';

/** The section of what people noted on a document. */
export const NOTES = 'Notes';

/** A remark of a person on a part of a document. */
export interface Remark {
  readonly author: string;
  readonly text: string;
  /** The cell of a spreadsheet that it is about. */
  readonly cell?: string;
  /** The words that it is about. */
  readonly about?: string;
}

/** Most letters of the words that a remark is about. */
export const MAX_ABOUT = 80;

/** Returns a remark as it is read and found: `Grace on “by day”: Is it?`, `B2, Ada: Three bags.` */
export function remarkText({ author, text, cell, about = '' }: Remark): string {
  const words = oneLine(about);
  const quoted = words.length > MAX_ABOUT ? `${words.slice(0, MAX_ABOUT).toWellFormed()}…` : words;
  const name = oneLine(author);
  const who = quoted === '' ? name : name === '' ? `On “${quoted}”` : `${name} on “${quoted}”`;
  const head = [cell, who].filter(Boolean).join(', ');
  return head === '' ? text : `${head}: ${text}`;
}
