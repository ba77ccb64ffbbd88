import { Parser } from 'htmlparser2';
import { MAX_NESTING, tooNested } from './nesting.ts';
import { type Outline, OutlineBuilder } from './outline.ts';

/** Elements whose content is not text for readers. */
const SKIPPED = new Set(
  'script style noscript template iframe object embed applet svg math canvas audio video head select button textarea datalist'.split(
    ' ',
  ),
);
/** Elements that begin and end a paragraph. */
const BLOCKS = new Set(
  `address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form header
  hr html legend li main nav ol p pre section summary table tbody tfoot thead tr ul`.split(/\s+/),
);

/**
 * Reads the text of an HTML page: headings, paragraphs, list items, rows. Nothing is run and nothing is fetched.
 * Scripts, styles and what the page hides from its readers are left out, the latter because hidden text is written for
 * machines.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for elements nested without end, TOO_LARGE.
 */
export function readHtml(html: string): Outline {
  const builder = new OutlineBuilder();
  let text = '';
  let skipping = 0;
  /** Elements that are open and whether each hides its content. */
  const open: { name: string; hides: boolean }[] = [];
  let preformatted = 0;

  const flush = () => {
    builder.paragraph(text.replace(/[^\S\n]+/g, ' ').replace(/ ?\n ?/g, '\n'));
    text = '';
  };
  const close = (element: { name: string; hides: boolean }) => {
    const level = headingLevel(element.name);
    if (level && skipping === 0) {
      builder.heading(level, text);
      text = '';
    } else if (BLOCKS.has(element.name)) flush();
    if (element.hides) skipping--;
    if (element.name === 'pre') preformatted--;
  };

  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (open.length >= MAX_NESTING) throw tooNested();
        if (headingLevel(name) || BLOCKS.has(name)) flush();
        const hides = SKIPPED.has(name) || isHidden(attributes);
        if (hides) skipping++;
        if (name === 'pre') preformatted++;
        open.push({ name, hides });
        if (skipping > 0) return;
        if (name === 'br') text += '\n';
        else if (name === 'li') text += '- ';
        else if ((name === 'td' || name === 'th') && text.trim() !== '') text += ' | ';
        else if (name === 'img' && attributes['alt']) text += ` ${attributes['alt']} `;
      },
      ontext(piece) {
        if (skipping === 0) text += preformatted > 0 ? piece : piece.replace(/\s+/g, ' ');
      },
      onclosetag() {
        // The parser closes in order, so that the innermost open element is the one that ends.
        const element = open.pop();
        if (element) close(element);
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  );
  // In pieces: a tag that is never closed would otherwise make the parser look at the whole rest again and again.
  for (let at = 0; at < html.length; at += 65_536) parser.write(html.slice(at, at + 65_536));
  parser.end();
  flush();
  return builder.build();
}

const headingLevel = (name: string): number => (/^h[1-6]$/.test(name) ? Number(name[1]) : 0);

const isHidden = (attributes: Record<string, string>): boolean =>
  'hidden' in attributes ||
  attributes['aria-hidden'] === 'true' ||
  /(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d]))/i.test(
    attributes['style'] ?? '',
  );
