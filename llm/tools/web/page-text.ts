import { setImmediate } from 'node:timers/promises';
import { Parser } from 'htmlparser2';
import { beginningOf } from '#platform/base/text/text.ts';
import { plainLines } from './plain-lines.ts';

/** Elements whose content is not text for readers. */
const SKIPPED = new Set(
  'script style noscript template iframe object embed svg math canvas audio video button select textarea'.split(' '),
);
/** Elements that begin and end a line. */
const BLOCKS = new Set(
  `address article aside blockquote body br caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3
  h4 h5 h6 header hr legend li main nav ol p pre section summary table tbody td tfoot th thead tr ul`.split(/\s+/),
);

/** Most elements in one another. */
const MAX_NESTING = 1_000;
/**
 * Characters that are read in one round of the loop: tags without anything in them take a microsecond each, and a page
 * can be made of nothing else.
 */
const ROUND = 32_768;

/** Characters of a title that are looked at. */
const MAX_TITLE = 2_000;

class TooNested extends Error {}

/** The text of a page. */
export interface Page {
  readonly title: string;
  readonly text: string;
}

/**
 * Reads the text of an HTML page. Nothing is run and nothing is fetched; what the page hides from its readers is left
 * out, since it is written for machines. A page ends where its elements are nested deeper than any page's are: the
 * parser's cost grows with the square of that. Others have their turn between its parts.
 */
export async function readPage(html: string): Promise<Page> {
  let title = '';
  let text = '';
  let inTitle = false;
  /** The open elements below one that hides its content, that one included. */
  let hidden = 0;
  let depth = 0;
  /** Line breaks at the end of the text: more than two mean nothing. */
  let breaks = 0;
  const breakLine = (): void => {
    if (breaks++ < 2) text += '\n';
  };
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (!VOID.has(name) && ++depth > MAX_NESTING) throw new TooNested();
        if (hidden > 0) {
          if (!VOID.has(name)) hidden++;
          return;
        }
        if (name === 'title') inTitle = title === '';
        if (BLOCKS.has(name)) breakLine();
        if ((SKIPPED.has(name) || isHidden(attributes)) && !VOID.has(name)) hidden = 1;
      },
      ontext(piece) {
        if (inTitle) title += title.length < MAX_TITLE ? piece : '';
        else if (hidden === 0) {
          text += piece;
          breaks = 0;
        }
      },
      onclosetag(name) {
        if (VOID.has(name)) return;
        depth--;
        if (hidden > 0) {
          hidden--;
          return;
        }
        if (name === 'title') inTitle = false;
        if (BLOCKS.has(name)) breakLine();
      },
    },
    { decodeEntities: true },
  );
  try {
    for (let at = 0; at < html.length; at += ROUND) {
      parser.write(html.slice(at, at + ROUND));
      await setImmediate();
    }
    parser.end();
  } catch (error) {
    if (!(error instanceof TooNested)) throw error;
  }
  return { title: beginningOf(title.slice(0, MAX_TITLE).replace(/\s+/g, ' ').trim(), 200), text: plainLines(text) };
}

const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

const isHidden = ({ hidden, style = '', 'aria-hidden': aria }: Readonly<Record<string, string>>): boolean =>
  hidden !== undefined || aria === 'true' || /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style);
