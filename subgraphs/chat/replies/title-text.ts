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

/** "Title:", as models of several languages say it. */
const LABEL =
  /^(?:(?:conversation |chat )?title|titel|titre|título|titulo|titolo|заголовок|название|标题|標題|タイトル|제목|tytuł|başlık|العنوان|عنوان)\s*[:：]\s*/iu;
/** Marks of Markdown and lists before a title, and what wraps one. */
const BEFORE = /^(?:#+\s+|[-*•]\s+|\d{1,2}[.)]\s+|<\/?title>|["'“”„‘’‚«»‹›「『《〈`*_\s])+/iu;
const AFTER = /(?:<\/title>|["'“”„‘’‚«»‹›」』》〉`*_\s])+$/iu;
/** What is longer is not a title: the model has answered instead. */
const MAX_LINE = 120;

/** Returns the title in what a model answered: without the wrapping that models like; undefined when there is none. */
export function titleIn(answer: string): string | undefined {
  // A template may have opened the tag, so that only its end is in the text.
  const text = answer.split('</think>').at(-1)!.replaceAll('\0', '');
  for (const line of text.split('\n')) {
    const title = unwrapped(inJson(text) ?? line);
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
    title = title
      .replace(LABEL, '')
      .replace(BEFORE, '')
      .replace(AFTER, '')
      .replace(/[.。।]$/u, '');
  }
  return title.trim();
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
