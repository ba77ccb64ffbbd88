import { Archive, damaged, resolveInside } from './archive.ts';
import { readHtmlInto } from './html.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';
import { walkXml } from './xml.ts';

const WHAT = 'The EPUB';
const MAX_CHAPTERS = 5_000;
/** A package that encrypts its fonts alone can be read. */
const FONTS = /\.(otf|ttf|woff2?)$/i;

/**
 * Reads the text of an EPUB in its reading order, or all of its pages where it has none; chapters are sections. What
 * leads out of the book is not followed.
 *
 * @throws {DocumentProblem} PASSWORD_PROTECTED, DAMAGED, TOO_LARGE, NO_TEXT.
 */
export async function readEpub(bytes: Uint8Array): Promise<Outline> {
  using archive = await Archive.open(bytes, WHAT);
  if (isEncrypted((await archive.text('META-INF/encryption.xml')) ?? ''))
    throw new DocumentProblem('PASSWORD_PROTECTED', `${WHAT} is protected against copying and cannot be read.`);
  const opf = packageOf(await archive.required('META-INF/container.xml'));
  if (opf === undefined) throw damaged(WHAT);
  const { order, pages, contents } = partsOf(opf, await archive.required(opf));
  const chapters =
    [order, pages, archive.names.filter((name) => PAGE.test(name)).sort()]
      .map((files) => files.filter((file) => archive.has(file)))
      .find((files) => files.length > 0) ?? [];
  if (chapters.length > MAX_CHAPTERS)
    throw new DocumentProblem(
      'TOO_LARGE',
      `${WHAT} has ${chapters.length} chapters; at most ${MAX_CHAPTERS} are read.`,
    );
  const titles = new Map<string, string>();
  for (const file of contents) titlesOf(file, (await archive.text(file)) ?? '', titles);
  const builder = new OutlineBuilder();
  // A chapter that the book names twice is read once.
  for (const chapter of new Set(chapters)) {
    const html = await archive.text(chapter);
    if (html === undefined) continue;
    // One without a heading is not a part of the chapter before it.
    builder.part(/<h[1-6][\s>]/i.test(html) ? undefined : titles.get(chapter));
    readHtmlInto(builder, html, { isXml: true });
  }
  const outline = builder.build();
  if (outline.blocks.length === 0) throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text.`);
  return outline;
}

/** The pages of a book whose list of them is lost. */
const PAGE = /\.x?html?$/i;

/** Returns the chapters of a book in their order, which may come before what they are, and all pages that it lists. */
function partsOf(
  opf: string,
  xml: string,
): { readonly order: readonly string[]; readonly pages: readonly string[]; readonly contents: readonly string[] } {
  const items = new Map<string, string>();
  const pages: string[] = [];
  const contents: string[] = [];
  const order: string[] = [];
  walkXml(xml, {
    open(name, { id, href, idref, properties, 'media-type': type }) {
      if (name === 'itemref' && idref) order.push(idref);
      const file = name === 'item' && href ? resolveInside(opf, href) : undefined;
      if (!file) return;
      if (id) items.set(id, file);
      if (properties?.split(' ').includes('nav') || type === 'application/x-dtbncx+xml') contents.push(file);
      else if (type === 'application/xhtml+xml' || type === 'text/html') pages.push(file);
    },
  });
  return { order: order.flatMap((id) => items.get(id) ?? []), pages, contents };
}

/** The titles that a table of contents gives to the files of a book: a page with links (EPUB 3) or an NCX (EPUB 2). */
function titlesOf(file: string, xml: string, titles: Map<string, string>): void {
  let text = '';
  let target: string | undefined;
  const end = (reference: string | undefined) => {
    const chapter = reference ? resolveInside(file, reference) : undefined;
    if (chapter && text.trim() !== '' && !titles.has(chapter)) titles.set(chapter, text.trim());
  };
  walkXml(xml, {
    open(name, { href, src }) {
      if (name === 'a' || name === 'navLabel') [text, target] = ['', href];
      // In an NCX the label comes before what it is of.
      else if (name === 'content') end(src);
    },
    text(piece) {
      text += piece;
    },
    close(name) {
      if (name === 'a') end(target);
    },
  });
}

function packageOf(container: string): string | undefined {
  let found: string | undefined;
  walkXml(container, {
    open(name, attributes) {
      if (name === 'rootfile' && attributes['full-path']) found ??= resolveInside('', attributes['full-path']);
    },
  });
  return found;
}

function isEncrypted(xml: string): boolean {
  let found = false;
  walkXml(xml, {
    open(name, { URI: uri }) {
      if (name === 'CipherReference' && uri && !FONTS.test(uri)) found = true;
    },
  });
  return found;
}
