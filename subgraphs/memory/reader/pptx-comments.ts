import type { Archive } from './archive.ts';
import { type Remark, remarkText } from './remarks.ts';
import { walkXml } from './xml.ts';

const COMMENTS = /\/comments\/[^/]*comment[^/]*\.xml$/i;

/** Returns the names of those who wrote remarks on slides, by their ids, whichever program kept them. */
export async function commentAuthors(archive: Archive): Promise<Map<string, string>> {
  const authors = new Map<string, string>();
  for (const file of ['ppt/commentAuthors.xml', 'ppt/authors.xml'])
    walkXml((await archive.text(file)) ?? '', {
      open(element, { id, name }) {
        if ((element === 'cmAuthor' || element === 'author') && id) authors.set(id, name ?? '');
      },
    });
  return authors;
}

/** Reads the remarks on a slide, each before the answers to it. @param files that belong to the slide. */
export async function slideRemarks(
  archive: Archive,
  files: readonly string[],
  authors: ReadonlyMap<string, string>,
): Promise<string[]> {
  const remarks: string[] = [];
  for (const file of files.filter((one) => COMMENTS.test(one)))
    remarks.push(...remarksIn((await archive.text(file)) ?? '', authors).map(remarkText));
  return remarks;
}

function remarksIn(xml: string, authors: ReadonlyMap<string, string>): Remark[] {
  const remarks: { author: string; text: string }[] = [];
  const open: { author: string; text: string }[] = [];
  let isText = false;
  walkXml(xml, {
    open(name, { authorId = '' }) {
      if (name === 'cm' || name === 'reply') {
        const remark = { author: authors.get(authorId) ?? '', text: '' };
        remarks.push(remark);
        open.push(remark);
      } else if (name === 't' || name === 'text') isText = true;
      else if (name === 'p' && open.at(-1)?.text) open.at(-1)!.text += '\n';
    },
    text(piece) {
      if (isText && open.length > 0) open.at(-1)!.text += piece;
    },
    close(name) {
      if (name === 't' || name === 'text') isText = false;
      else if (name === 'cm' || name === 'reply') open.pop();
    },
  });
  return remarks.map(({ author, text }) => ({ author, text: text.trim() })).filter(({ text }) => text !== '');
}
