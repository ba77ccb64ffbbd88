import type { Archive } from './archive.ts';
import { columnNumber } from './columns.ts';
import { type Remark, remarkText } from './remarks.ts';
import { walkXml } from './xml.ts';

/** A remark on a sheet, and the cell that it is about. */
export interface CellRemark {
  readonly cell: string;
  readonly text: string;
}

const COMMENTS = /\/comments?[^/]*\.xml$/i;
const THREADS = /\/threadedComments?[^/]*\.xml$/i;
const PERSONS = /\/persons\/[^/]*\.xml$/i;

/** Returns the names of those who wrote threads of remarks, by their ids. @param files of the workbook. */
export async function personsOf(archive: Archive, files: readonly string[]): Promise<Map<string, string>> {
  const persons = new Map<string, string>();
  for (const file of files.filter((one) => PERSONS.test(one)))
    walkXml((await archive.text(file)) ?? '', {
      open(name, { id, displayName }) {
        if (name === 'person' && id) persons.set(id, displayName ?? '');
      },
    });
  return persons;
}

/**
 * Reads the remarks on the cells of a sheet, row by row: threads and what older programs write. A thread is written for
 * those once more, as a hint to a newer program.
 *
 * @param files that belong to the sheet.
 */
export async function cellRemarks(
  archive: Archive,
  files: readonly string[],
  persons: ReadonlyMap<string, string>,
): Promise<CellRemark[]> {
  const textsOf = (parts: RegExp) =>
    Promise.all(files.filter((one) => parts.test(one)).map((one) => archive.text(one)));
  const threads = (await textsOf(THREADS)).flatMap((xml) => threadedRemarks(xml ?? '', persons));
  const threaded = new Set(threads.map(({ cell }) => cell));
  const notes = (await textsOf(COMMENTS)).flatMap((xml) => notedRemarks(xml ?? ''));
  return [...notes.filter(({ cell }) => !threaded.has(cell)), ...threads]
    .map((one) => ({ cell: one.cell, text: remarkText(one) }))
    .sort((a, b) => rowOf(a.cell) - rowOf(b.cell) || columnNumber(a.cell) - columnNumber(b.cell));
}

const rowOf = (cell: string): number => Number(/\d+$/.exec(cell)?.[0]) || 0;

type OfCell = Remark & { readonly cell: string };

function threadedRemarks(xml: string, persons: ReadonlyMap<string, string>): OfCell[] {
  const remarks: OfCell[] = [];
  let open: { cell: string; author: string; text: string } | undefined;
  let isText = false;
  walkXml(xml, {
    open(name, { ref = '', personId = '' }) {
      if (name === 'threadedComment') open = { cell: ref, author: persons.get(personId) ?? '', text: '' };
      else if (name === 'text') isText = true;
    },
    text(piece) {
      if (open && isText) open.text += piece;
    },
    close(name) {
      if (name === 'text') isText = false;
      else if (name === 'threadedComment' && open) {
        if (open.text.trim() !== '') remarks.push({ ...open, text: open.text.trim() });
        open = undefined;
      }
    },
  });
  return remarks;
}

function notedRemarks(xml: string): OfCell[] {
  const remarks: OfCell[] = [];
  const authors: string[] = [];
  let open: { cell: string; author: string; text: string } | undefined;
  let part = '';
  walkXml(xml, {
    open(name, { ref = '', authorId = '' }) {
      part = name;
      if (name === 'author') authors.push('');
      else if (name === 'comment') open = { cell: ref, author: authors[Number(authorId)] ?? '', text: '' };
    },
    text(piece) {
      if (part === 'author') authors[authors.length - 1] += piece;
      else if (open && part === 't') open.text += piece;
    },
    close(name) {
      part = '';
      if (name !== 'comment' || !open) return;
      // Programs begin the text with the author's name, too.
      const { cell, author } = open;
      const text = open.text.trim();
      const said = author !== '' && text.startsWith(`${author}:`) ? text.slice(author.length + 1).trim() : text;
      if (said !== '') remarks.push({ cell, author, text: said });
      open = undefined;
    },
  });
  return remarks;
}
