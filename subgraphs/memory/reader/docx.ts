import mammoth from 'mammoth';
import { Archive, damaged, UnpackedBytes } from './archive.ts';
import { chunksOf, htmlOfChunk, withChunks } from './docx-chunks.ts';
import { type Comment, commentsOf } from './docx-comments.ts';
import { type WordStyles, wordStyles } from './docx-styles.ts';
import { withoutHidden } from './docx-visible.ts';
import { replaceElements } from './elements.ts';
import { readHtmlInto } from './html.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';
import { relationshipsOf } from './relationships.ts';
import { NOTES } from './remarks.ts';
import { walkXml } from './xml.ts';

const WHAT = 'The Word document';

/** What stands at the edge of each page. */
const EDGES = /^word\/(?:header|footer)\d*\.xml$/;
/** Elements around text that mammoth does not look into: fields, runs of one direction, what a reading is given for. */
const WRAPPERS = /<\/?w:(?:fldSimple|dir|bdo|ruby|rubyBase)(?:\s[^>]*)?>/g;
/** Ends of lines and places in a line by names that mammoth does not know. */
const ENDS = /<w:cr\s*\/>/g;
const PLACES = /<w:ptab(?:\s[^>]*)?\/>/g;
const MATHS = /<(\/?)m:(\w+)(?:\s[^>]*?)?(\/?)>/g;

/** Word documents within one another. */
const MAX_DEPTH = 3;

/**
 * Reads the text of a DOCX with its headings, lists, tables, notes and formulas, the documents within it, remarks of
 * reviewers, and once what stands at the edge of each page; pictures and what the program does not show are left out.
 *
 * @throws {DocumentProblem} TOO_LARGE for a zip bomb, TOO_EXPENSIVE for elements nested without end, DAMAGED, NO_TEXT.
 */
export async function readDocx(bytes: Uint8Array): Promise<Outline> {
  const builder = new OutlineBuilder();
  const { html, edges, comments } = await wordHtml(bytes, 1, new UnpackedBytes());
  readHtmlInto(builder, html);
  for (const { text, headings } of comments) builder.paragraph(text, { headings: [...headings, NOTES] });
  for (const text of edges) builder.aside(text);
  const outline = builder.build();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text.`);
  return outline;
}

/** Returns a Word document as HTML, what stands at the edges of its pages, and the remarks on it. */
async function wordHtml(
  bytes: Uint8Array,
  depth: number,
  allowed: UnpackedBytes,
): Promise<{ html: string; edges: string[]; comments: Comment[] }> {
  using archive = await Archive.open(bytes, WHAT, allowed);
  const styles = wordStyles((await archive.text('word/styles.xml')) ?? '');
  const main =
    [...(await relationshipsOf(archive, '')).values()].find((name) => MAIN.test(name)) ?? 'word/document.xml';
  const { xml, chunks } = await chunksOf(archive, main);
  const { value } = await mammoth
    .convertToHtml(asFile(archive, { main, xml }, styles), {
      convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
    })
    .catch(() => {
      throw damaged(WHAT);
    });
  const within: string[] = [];
  for (const chunk of chunks) {
    const word = async (inner: Buffer) => (depth < MAX_DEPTH ? (await wordHtml(inner, depth + 1, allowed)).html : '');
    within.push(await htmlOfChunk(chunk, word));
  }
  const edges: string[] = [];
  for (const name of archive.names.filter((one) => EDGES.test(one)).sort())
    edges.push(...paragraphsOf(seen((await archive.text(name)) ?? '', styles)));
  const comments = await commentsOf(archive, main, seen(xml, styles), styles.levels);
  return { html: withChunks(value, within), edges, comments };
}

/** Returns a part of a document without what its readers do not see: hidden letters, and what was moved away. */
const seen = (xml: string, styles: WordStyles): string =>
  withoutHidden(
    replaceElements(xml, 'w:moveFrom', () => ''),
    styles,
  );

/** The document itself; Office numbers it where it has repaired one. */
const MAIN = /^word\/document\d*\.xml$/i;

/**
 * An archive as mammoth takes one, though its types do not name it: by itself it would unpack without a limit.
 *
 * @param document its main part, and the XML of that without the documents within it.
 */
const asFile = (
  archive: Archive,
  document: { readonly main: string; readonly xml: string },
  styles: WordStyles,
): { readonly buffer: Buffer } =>
  ({
    file: {
      exists: (name: string) => archive.has(name),
      read: async (name: string) => {
        const text = name === document.main ? document.xml : await archive.required(name);
        if (name === 'word/styles.xml') return text.replace('</w:styles>', `${HEADINGS.join('')}</w:styles>`);
        if (name !== document.main && !/notes\.xml$/.test(name)) return text;
        return withHeadings(plain(withoutHidden(text, styles)), styles.levels);
      },
    },
  }) as never;

/** Styles that mammoth knows for headings, as what a program calls a heading may have any name, and any style. */
const HEADINGS = [1, 2, 3, 4, 5, 6].map(
  (level) =>
    `<w:style w:type="paragraph" w:styleId="heading-of-level-${level}"><w:name w:val="heading ${level}"/></w:style>`,
);

/** Gives the paragraphs that a program shows as headings the styles of headings. */
function withHeadings(xml: string, levels: ReadonlyMap<string, number>): string {
  return xml.replace(/<w:pPr>.*?<\/w:pPr>/gs, (properties) => {
    const style = /<w:pStyle w:val="([^"]*)"\/>/.exec(properties);
    const own = /<w:outlineLvl w:val="(\d)"\/>/.exec(properties)?.[1];
    const level = own === undefined ? levels.get(style?.[1] ?? '') : Number(own);
    if (level === undefined || level >= HEADINGS.length) return properties;
    const heading = `<w:pStyle w:val="heading-of-level-${level + 1}"/>`;
    return style ? properties.replace(style[0], heading) : properties.replace('<w:pPr>', `<w:pPr>${heading}`);
  });
}

/** Boxes as mammoth looks into them: it does not where a program writes them in the newer form alone. */
function withBoxes(xml: string): string {
  if (!xml.includes('<w:txbxContent')) return xml;
  const newer = replaceElements(xml, 'mc:AlternateContent', (whole) =>
    whole.includes('<mc:Fallback') ? whole : whole.replace(ALTERNATIVES, ''),
  );
  return replaceElements(newer, 'w:drawing', (whole) => {
    const boxes: string[] = [];
    replaceElements(whole, 'w:txbxContent', (box) => {
      boxes.push(box);
      return box;
    });
    return boxes.length === 0 ? whole : `<w:pict>${boxes.join('')}</w:pict>`;
  });
}
const ALTERNATIVES = /<\/?mc:(?:AlternateContent|Choice)(?:\s[^>]*)?>/g;

/** Takes away what mammoth leaves out together with the text in it; formulas become their letters and fractions. */
function plain(xml: string): string {
  // How a word is read, above it, would come in the middle of it.
  const text = withBoxes(replaceElements(xml, 'w:rt', () => ''))
    .replace(WRAPPERS, '')
    .replace(ENDS, '<w:br/>')
    .replace(PLACES, '<w:tab/>');
  if (!text.includes('<m:')) return text;
  return text.replace(MATHS, (_, end: string, name: string, empty: string) => {
    if (name === 'r' || name === 't') return `<${end}w:${name}${empty}>`;
    const sign = end ? FRACTION_ENDS[name] : FRACTION_BEGINS[name];
    return sign === undefined || empty ? '' : `<w:r><w:t>${sign}</w:t></w:r>`;
  });
}

/** What stands for the line of a fraction, without which (a + b) / c would be a + bc. */
const FRACTION_BEGINS: Readonly<Record<string, string>> = { num: '(', den: '/(' };
const FRACTION_ENDS: Readonly<Record<string, string>> = { num: ')', den: ')' };

function paragraphsOf(xml: string): string[] {
  const paragraphs: string[] = [];
  let text = '';
  let isText = false;
  walkXml(xml, {
    open(name) {
      if (name === 'p') text = '';
      else if (name === 't') isText = true;
      else if (name === 'tab' || name === 'br') text += ' ';
    },
    text(piece) {
      if (isText) text += piece;
    },
    close(name) {
      if (name === 't') isText = false;
      else if (name === 'p') {
        paragraphs.push(text);
        text = '';
      }
    },
  });
  return paragraphs;
}
