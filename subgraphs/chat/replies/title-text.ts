import { beginningOf } from '#platform/base/text/text.ts';
import { MAX_TITLE } from '../input.ts';

const WORDS = 60;

/** Returns the first words of a text, for a title: one line of about 60 characters. */
export function firstWords(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= WORDS) return line;
  const cut = line.slice(0, WORDS + 1);
  const space = cut.lastIndexOf(' ');
  return `${space > WORDS / 2 ? cut.slice(0, space) : beginningOf(line, WORDS)}…`;
}

/** "Title:", as models of several languages say it, in bold or not. */
const LABEL =
  /^[*_]*(?:(?:conversation |chat )?title|titel|titre|título|titulo|titolo|заголовок|название|标题|標題|タイトル|제목|tytuł|başlık|العنوان|عنوان)[*_]*\s*[:：][*_]*\s*/iu;
/** What marks a title as one of Markdown, HTML or a list. */
const MARKED = /^(?:#+\s+|[-*•]\s+|<title>)|<\/title>$/giu;
const NUMBER = /^[*_\s]*\d{1,2}[.)]\s+/u;
/** A whole title in marks of Markdown or in quotation marks, none of which are within. */
const WRAPPED = [
  /^(\*{1,3}|_{1,3}|`{1,3}|["'])(?<title>(?:(?!\1).)+)\1$/u,
  /^[“„‘‚«»‹›「『《〈](?<title>[^“”„‘‚«»‹›「」『』《》〈〉]+)[“”‘’«»‹›」』》〉]$/u,
];
const NOTHING = /^["'“”„‘’‚«»‹›「」『』《》〈〉`*_#\s-]*$/u;
/** What is longer is not a title: the model has answered instead. */
const MAX_LINE = 120;

/** Returns the title in what a model answered: without the wrapping that models like; undefined when there is none. */
export function titleIn(answer: string): string | undefined {
  // A template may have opened the tag, so that only its end is in the text.
  const text = answer.split('</think>').at(-1)!.replaceAll('\0', '');
  const lines = text.split('\n');
  // "2. Weltkrieg" alone is not an item of a list.
  const isList = lines.filter((line) => NUMBER.test(line)).length > 1;
  for (const line of lines) {
    const title = unwrapped(
      inJson(text) ?? (isList ? line.replace(NUMBER, (mark) => mark.replace(/\d.*/u, '')) : line),
    );
    // "Here is a title:" and the like introduce it.
    if (title === '' || /[:：]$/u.test(title)) continue;
    return title.length > MAX_LINE ? undefined : beginningOf(title, MAX_TITLE);
  }
  return undefined;
}

/** Takes off one layer after another: `**Title: "A trip"**`. */
function unwrapped(line: string): string {
  let title = line.trim();
  for (let before = ''; before !== title; ) {
    before = title;
    for (const wrapped of WRAPPED) title = wrapped.exec(title)?.groups?.['title'] ?? title;
    title = title
      .trim()
      .replace(LABEL, '')
      .replace(MARKED, '')
      .replace(/[.。।]$/u, '');
  }
  return NOTHING.test(title) ? '' : title;
}

/** `{"title": "A trip"}`. */
function inJson(text: string): string | undefined {
  const object = /^\s*(?:```(?:json)?\s*)?(\{[^{}]*\})\s*(?:```)?\s*$/.exec(text)?.[1];
  if (object === undefined) return undefined;
  try {
    const { title } = JSON.parse(object) as { title?: unknown };
    return typeof title === 'string' ? title : undefined;
  } catch {
    return undefined;
  }
}
