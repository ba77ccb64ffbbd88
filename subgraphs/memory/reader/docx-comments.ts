import type { Archive } from './archive.ts';
import { HeadingTrail } from './outline.ts';
import { relationshipsOf } from './relationships.ts';
import { MAX_ABOUT, type Remark, remarkText } from './remarks.ts';
import { walkXml } from './xml.ts';

/** A remark of a reviewer on a Word document, with the headings above what it is about. */
export interface Comment {
  readonly text: string;
  readonly headings: readonly string[];
}

const COMMENTS = /\/comments\d*\.xml$/i;

/**
 * Reads the remarks of reviewers in the order in which the document refers to them; last come those to which it does
 * not refer.
 *
 * @param main the part that is the document itself. @param xml that part. @param levels of the styles of headings.
 */
export async function commentsOf(
  archive: Archive,
  main: string,
  xml: string,
  levels: ReadonlyMap<string, number>,
): Promise<Comment[]> {
  const named = [...(await relationshipsOf(archive, main)).values()].find((file) => COMMENTS.test(file));
  const said = commentTexts((await archive.text(named ?? 'word/comments.xml')) ?? '');
  if (said.size === 0) return [];
  const places = placesOf(xml, levels);
  const ids = [...places.keys(), ...said.keys()].filter((id) => said.has(id));
  return [...new Set(ids)].map((id) => ({
    text: remarkText({ ...said.get(id)!, about: places.get(id)?.about ?? '' }),
    headings: places.get(id)?.headings ?? [],
  }));
}

function commentTexts(xml: string): Map<string, Remark> {
  const comments = new Map<string, Remark>();
  let open: { readonly id: string; readonly author: string } | undefined;
  let paragraphs: string[] = [];
  let text = '';
  let isText = false;
  walkXml(xml, {
    open(name, { id = '', author = '' }) {
      if (name === 'comment') [open, paragraphs, text] = [{ id, author }, [], ''];
      else if (name === 't') isText = true;
      else if (name === 'tab' || name === 'br') text += ' ';
    },
    text(piece) {
      if (isText) text += piece;
    },
    close(name) {
      if (name === 't') isText = false;
      else if (name === 'p') {
        paragraphs.push(text.trim());
        text = '';
      } else if (name === 'comment' && open) {
        const whole = paragraphs.filter((one) => one !== '').join('\n');
        if (whole !== '') comments.set(open.id, { author: open.author, text: whole });
        open = undefined;
      }
    },
  });
  return comments;
}

/** Returns what each remark is about: its words, and the headings above them. */
function placesOf(
  xml: string,
  levels: ReadonlyMap<string, number>,
): Map<string, { about: string; headings: readonly string[] }> {
  const places = new Map<string, { about: string; headings: readonly string[] }>();
  const trail = new HeadingTrail();
  const open = new Set<string>();
  let level: number | undefined;
  let text = '';
  let isText = false;
  const place = (id: string) => {
    const known = places.get(id) ?? { about: '', headings: trail.titles() };
    places.set(id, known);
    return known;
  };
  walkXml(xml, {
    open(name, { id = '', val = '' }) {
      if (name === 'p') [text, level] = ['', undefined];
      else if (name === 'pStyle') level = levels.get(val);
      else if (name === 'outlineLvl') level = Number(val);
      else if (name === 't') isText = true;
      else if (name === 'commentRangeStart') {
        place(id);
        open.add(id);
      } else if (name === 'commentRangeEnd') open.delete(id);
      else if (name === 'commentReference') place(id);
    },
    text(piece) {
      if (!isText) return;
      text += piece;
      for (const id of open) {
        const { about } = place(id);
        // No more of it is told, and a document may leave many open to its end.
        if (about.length > MAX_ABOUT) open.delete(id);
        else place(id).about += piece;
      }
    },
    close(name) {
      if (name === 't') isText = false;
      else if (name === 'p') {
        for (const id of open) place(id).about += ' ';
        if (level !== undefined && level < MAX_LEVELS && text.trim() !== '') trail.enter(level + 1, text.trim());
      }
    },
  });
  return places;
}
const MAX_LEVELS = 6;
