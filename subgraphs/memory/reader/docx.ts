import mammoth from 'mammoth';
import { Archive, damaged } from './archive.ts';
import { readHtmlInto } from './html.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';
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

/**
 * Reads the text of a DOCX with its headings, lists, tables, notes and formulas, and once what stands at the edge of
 * each page; pictures and the notes of reviewers are left out.
 *
 * @throws {DocumentProblem} TOO_LARGE for a zip bomb, TOO_EXPENSIVE for elements nested without end, DAMAGED, NO_TEXT.
 */
export async function readDocx(bytes: Uint8Array): Promise<Outline> {
  using archive = await Archive.open(bytes, WHAT);
  const { value: html } = await mammoth
    .convertToHtml(asFile(archive), { convertImage: mammoth.images.imgElement(async () => ({ src: '' })) })
    .catch(() => {
      throw damaged(WHAT);
    });
  const builder = new OutlineBuilder();
  readHtmlInto(builder, html);
  for (const name of archive.names.filter((one) => EDGES.test(one)).sort())
    for (const text of paragraphsOf((await archive.text(name)) ?? '')) builder.aside(text);
  const outline = builder.build();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text.`);
  return outline;
}

/** An archive as mammoth takes one, though its types do not name it: by itself it would unpack without a limit. */
const asFile = (archive: Archive): { readonly buffer: Buffer } =>
  ({
    file: {
      exists: (name: string) => archive.has(name),
      read: async (name: string) => {
        const xml = await archive.required(name);
        if (name === 'word/styles.xml') return xml.replace('</w:styles>', `${HEADINGS.join('')}</w:styles>`);
        if (name !== 'word/document.xml' && !/notes\.xml$/.test(name)) return xml;
        return withHeadings(plain(xml), levelsOf((await archive.text('word/styles.xml')) ?? ''));
      },
    },
  }) as never;

/** Styles that mammoth knows for headings, as what a program calls a heading may have any name, and any style. */
const HEADINGS = [1, 2, 3, 4, 5, 6].map(
  (level) =>
    `<w:style w:type="paragraph" w:styleId="heading-of-level-${level}"><w:name w:val="heading ${level}"/></w:style>`,
);

/** The levels that styles give to paragraphs, from 0: each has that of the style it is based on, if none of its own. */
function levelsOf(styles: string): ReadonlyMap<string, number> {
  const known = new Map<string, { basedOn?: string; level?: number }>();
  let open: { basedOn?: string; level?: number } = {};
  walkXml(styles, {
    open(name, { val, styleId }) {
      if (name === 'style') {
        open = {};
        if (styleId) known.set(styleId, open);
      } else if (name === 'basedOn' && val) open.basedOn = val;
      else if (name === 'outlineLvl') open.level = Number(val);
      else if (name === 'name') {
        const [, number] = /^heading ([1-6])$/i.exec(val ?? '') ?? [];
        if (number) open.level = Number(number) - 1;
      }
    },
  });
  const levels = new Map<string, number>();
  for (const id of known.keys()) {
    let style = known.get(id);
    for (let depth = 0; style && style.level === undefined && depth < known.size && depth < MAX_BASES; depth++)
      style = known.get(style.basedOn ?? '');
    if (style?.level !== undefined) levels.set(id, style.level);
  }
  return levels;
}
const MAX_BASES = 20;

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

/** Takes away what mammoth leaves out together with the text in it; formulas become their letters in a row. */
function plain(xml: string): string {
  const text = withoutReadings(xml).replace(WRAPPERS, '').replace(ENDS, '<w:br/>').replace(PLACES, '<w:tab/>');
  if (!text.includes('<m:')) return text;
  return text.replace(MATHS, (_, end: string, name: string, empty: string) =>
    name === 'r' || name === 't' ? `<${end}w:${name}${empty}>` : '',
  );
}

/** How a word is read, above it, would come in the middle of it. */
function withoutReadings(xml: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { index } of xml.matchAll(/<w:rt[\s>]/g)) {
    const end = xml.indexOf('</w:rt>', index);
    if (end === -1) break;
    if (index < at) continue;
    pieces.push(xml.slice(at, index));
    at = end + '</w:rt>'.length;
  }
  return pieces.join('') + xml.slice(at);
}

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
