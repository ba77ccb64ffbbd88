import { strToU8, zipSync } from 'fflate';

/** Packed files for tests, as the programs write them that people have. */

type Files = Record<string, string>;
const zip = (files: Files): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

const typesOf = (parts: Record<string, string>): string =>
  `${HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${Object.entries(
    parts,
  )
    .map(
      ([part, type]) =>
        `<Override PartName="/${part}" ContentType="application/vnd.openxmlformats-officedocument.${type}+xml"/>`,
    )
    .join('')}</Types>`;

const relationshipsTo = (targets: readonly { type: string; target: string }[]): string =>
  `${HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets
    .map(({ type, target }, i) => `<Relationship Id="rId${i + 1}" Type="${RELATIONSHIPS}/${type}" Target="${target}"/>`)
    .join('')}</Relationships>`;

/** A cell: a text, a number, or a date as its number of days. */
export type Cell = string | number | { readonly days: number } | null;

/** An XLSX of sheets of rows. Texts are shared, as Excel writes them, or stand in their cells. */
export function xlsx(
  sheets: readonly { readonly name: string; readonly rows: readonly (readonly Cell[])[] }[],
  { inline = false }: { inline?: boolean } = {},
): Uint8Array {
  const strings: string[] = [];
  const cell = (value: Cell, at: string): string => {
    if (value === null) return '';
    if (typeof value === 'number') return `<c r="${at}"><v>${value}</v></c>`;
    if (typeof value === 'object') return `<c r="${at}" s="1"><v>${value.days}</v></c>`;
    if (inline) return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`;
    strings.push(value);
    return `<c r="${at}" t="s"><v>${strings.length - 1}</v></c>`;
  };
  const files: Files = {
    '[Content_Types].xml': typesOf({ 'xl/workbook.xml': 'spreadsheetml.sheet.main' }),
    '_rels/.rels': relationshipsTo([{ type: 'officeDocument', target: 'xl/workbook.xml' }]),
    'xl/workbook.xml': `${HEAD}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${RELATIONSHIPS}"><sheets>${sheets.map(({ name }, i) => `<sheet name="${escaped(name)}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relationshipsTo(
      sheets.map((_, i) => ({ type: 'worksheet', target: `worksheets/sheet${i + 1}.xml` })),
    ),
    'xl/styles.xml': `${HEAD}<styleSheet><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
  };
  for (const [i, { rows }] of sheets.entries()) {
    const body = rows.map((row, y) => {
      const cells = row.map((value, x) => cell(value, `${String.fromCharCode(65 + x)}${y + 1}`)).join('');
      return `<row r="${y + 1}">${cells}</row>`;
    });
    files[`xl/worksheets/sheet${i + 1}.xml`] =
      `${HEAD}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${body.join('')}</sheetData></worksheet>`;
  }
  if (!inline)
    files['xl/sharedStrings.xml'] =
      `${HEAD}<sst>${strings.map((text) => `<si><r><t xml:space="preserve">${escaped(text)}</t></r><rPh><t>sound</t></rPh></si>`).join('')}</sst>`;
  return zip(files);
}

/** A PPTX of slides, each with a title, paragraphs, and notes where there are some. */
export function pptx(
  slides: readonly { readonly title?: string; readonly paragraphs: readonly string[]; readonly notes?: string }[],
): Uint8Array {
  const shape = (kind: string, paragraphs: readonly string[]) =>
    `<p:sp><p:nvSpPr><p:nvPr><p:ph type="${kind}"/></p:nvPr></p:nvSpPr><p:txBody>${paragraphs.map((text) => `<a:p><a:r><a:t>${escaped(text)}</a:t></a:r></a:p>`).join('')}</p:txBody></p:sp>`;
  const part = (name: string, shapes: string) =>
    `${HEAD}<p:${name} xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:${name}>`;
  const files: Files = {
    '[Content_Types].xml': typesOf({ 'ppt/presentation.xml': 'presentationml.presentation.main' }),
    '_rels/.rels': relationshipsTo([{ type: 'officeDocument', target: 'ppt/presentation.xml' }]),
    'ppt/presentation.xml': `${HEAD}<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="${RELATIONSHIPS}"><p:sldIdLst>${slides.map((_, i) => `<p:sldId id="${256 + i}" r:id="rId${i + 1}"/>`).join('')}</p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': relationshipsTo(
      slides.map((_, i) => ({ type: 'slide', target: `slides/slide${i + 1}.xml` })),
    ),
  };
  for (const [i, { title, paragraphs, notes }] of slides.entries()) {
    const shapes = `${title ? shape('title', [title]) : ''}${shape('body', paragraphs)}${shape('sldNum', [String(i + 1)])}`;
    files[`ppt/slides/slide${i + 1}.xml`] = part('sld', shapes);
    if (notes === undefined) continue;
    files[`ppt/slides/_rels/slide${i + 1}.xml.rels`] = relationshipsTo([
      { type: 'notesSlide', target: `../notesSlides/notesSlide${i + 1}.xml` },
    ]);
    files[`ppt/notesSlides/notesSlide${i + 1}.xml`] = part('notes', shape('body', [notes]));
  }
  return zip(files);
}

const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument';
const openDocument = (kind: 'text' | 'spreadsheet' | 'presentation', body: string): Uint8Array =>
  zipSync({
    // First and not packed, so that the file tells what it is.
    mimetype: [strToU8(`${OPEN_DOCUMENT}.${kind}`), { level: 0 }],
    'META-INF/manifest.xml': strToU8(`${HEAD}<manifest:manifest/>`),
    'content.xml': strToU8(
      `${HEAD}<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"><office:body><office:${kind}>${body}</office:${kind}></office:body></office:document-content>`,
    ),
  });
const paragraph = (text: string) =>
  text.startsWith('# ')
    ? `<text:h text:outline-level="1">${escaped(text.slice(2))}</text:h>`
    : `<text:p>${escaped(text)}</text:p>`;
const tableOf = (name: string, rows: readonly (readonly string[])[]) =>
  `<table:table table:name="${escaped(name)}">${rows
    .map(
      (row) =>
        `<table:table-row>${row.map((text) => `<table:table-cell><text:p>${escaped(text)}</text:p></table:table-cell>`).join('')}<table:table-cell table:number-columns-repeated="16384"/></table:table-row>`,
    )
    .join(
      '',
    )}<table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row></table:table>`;

/** An ODT of paragraphs; one that begins with `# ` is a heading. */
export const odt = (paragraphs: readonly string[], rows: readonly (readonly string[])[] = []): Uint8Array =>
  openDocument('text', paragraphs.map(paragraph).join('') + (rows.length > 0 ? tableOf('T', rows) : ''));
/** An ODS of one sheet. */
export const ods = (name: string, rows: readonly (readonly string[])[]): Uint8Array =>
  openDocument('spreadsheet', tableOf(name, rows));
/** An ODP of slides of paragraphs. */
export const odp = (slides: readonly (readonly string[])[]): Uint8Array =>
  openDocument(
    'presentation',
    slides
      .map(
        (texts) =>
          `<draw:page><draw:frame><draw:text-box>${texts.map(paragraph).join('')}</draw:text-box></draw:frame></draw:page>`,
      )
      .join(''),
  );

/** An EPUB of chapters, each with a title and paragraphs. `extra` goes into its list of files. */
export function epub(
  chapters: readonly { readonly title: string; readonly paragraphs: readonly string[] }[],
  { items = '', spine = '', files = {} }: { items?: string; spine?: string; files?: Files } = {},
): Uint8Array {
  const pages = Object.fromEntries(
    chapters.map(({ title, paragraphs }, i) => [
      `OEBPS/text/chapter ${i + 1}.xhtml`,
      strToU8(
        `${HEAD}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><h1>${escaped(title)}</h1>${paragraphs.map((text) => `<p>${escaped(text)}</p>`).join('')}</body></html>`,
      ),
    ]),
  );
  return zipSync({
    mimetype: [strToU8('application/epub+zip'), { level: 0 }],
    'META-INF/container.xml': strToU8(
      `${HEAD}<container><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
    ),
    'OEBPS/content.opf': strToU8(
      `${HEAD}<package><manifest>${chapters.map((_, i) => `<item id="c${i + 1}" href="text/chapter%20${i + 1}.xhtml" media-type="application/xhtml+xml"/>`).join('')}${items}</manifest><spine>${chapters.map((_, i) => `<itemref idref="c${i + 1}"/>`).join('')}${spine}</spine></package>`,
    ),
    ...pages,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])),
  });
}

/** An RTF of paragraphs, as Word writes it. */
export const rtf = (paragraphs: readonly string[], rows: readonly (readonly string[])[] = []): Uint8Array => {
  const text = (plain: string) =>
    [...plain.replace(/[\\{}]/g, '\\$&')]
      .map((letter) =>
        letter.charCodeAt(0) < 128
          ? letter
          : Array.from(
              { length: letter.length },
              (_, i) => `\\u${letter.charCodeAt(i) - (letter.charCodeAt(i) > 32_767 ? 65_536 : 0)}?`,
            ).join(''),
      )
      .join('');
  const table = rows
    .map(
      (row) => `\\trowd\\cellx1000\\cellx2000 ${row.map((cell) => `\\pard\\intbl ${text(cell)}\\cell `).join('')}\\row`,
    )
    .join('\n');
  return strToU8(
    `{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\froman Times New Roman;}}{\\colortbl;\\red0\\green0\\blue0;}{\\*\\generator Word;}{\\info{\\author Ada}}\n${paragraphs.map((one) => `\\pard ${text(one)}\\par`).join('\n')}\n${table}}`,
  );
};

/** An e-mail with a plain text, or with HTML. */
export const email = ({
  subject,
  text,
  html,
  attachment,
}: {
  subject: string;
  text?: string;
  html?: string;
  attachment?: string;
}): Uint8Array =>
  strToU8(
    [
      'From: Ada Lovelace <ada@example.org>',
      'To: Charles <charles@example.org>',
      'Date: Sun, 29 Nov 2026 10:45:00 +0000',
      `Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      '--b',
      `Content-Type: ${html === undefined ? 'text/plain' : 'text/html'}; charset=utf-8`,
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(html ?? text ?? '')
        .toString('base64')
        .replace(/.{76}/g, '$&\r\n'),
      ...(attachment === undefined
        ? []
        : [
            '--b',
            'Content-Type: application/pdf',
            `Content-Disposition: attachment; filename="${attachment}"`,
            '',
            'x',
          ]),
      '--b--',
      '',
    ].join('\r\n'),
  );
