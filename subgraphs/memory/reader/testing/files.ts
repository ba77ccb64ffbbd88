import { strToU8, zipSync } from 'fflate';

/** Files for tests, made on the spot so that every byte of them can be read here. */

/** A PDF with one line of text a page. Encrypted: with a password that the reader does not know. */
export function pdf(pages: readonly string[], options: { encrypted?: boolean } = {}): Uint8Array {
  const objects: string[] = [];
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(' ');
  objects.push('<< /Type /Catalog /Pages 2 0 R >>');
  objects.push(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
  objects.push('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  for (const [i, text] of pages.entries()) {
    const lines = text.split('\n').map((line) => `(${line.replace(/[()\\]/g, '\\$&')}) Tj T*`);
    const content = text === '' ? '' : `BT /F1 12 Tf 14 TL 72 720 Td ${lines.join(' ')} ET`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${5 + 2 * i} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
    );
    objects.push(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  }
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const offset = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const xref = file.length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const secret = `<${'ab'.repeat(32)}>`;
  const encrypt = options.encrypted
    ? ` /Encrypt << /Filter /Standard /V 1 /R 2 /O ${secret} /U ${secret} /P -4 >> /ID [<00> <00>]`
    : '';
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R${encrypt} >>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}

/** A text of a PDF at its place, in points from the lower left corner. */
export type PlacedText = readonly [x: number, y: number, text: string];

/**
 * A PDF of one page on which texts are drawn in this order, in letters of 10 points.
 *
 * @param annotations of the page, as dictionaries. @param files that are attached to all of it, by name.
 */
export function drawnPdf(
  texts: readonly PlacedText[],
  {
    annotations = [],
    files = {},
  }: { annotations?: readonly string[]; files?: Readonly<Record<string, Uint8Array>> } = {},
): Uint8Array {
  const names = Object.keys(files);
  const first = 6 + annotations.length;
  const content = texts
    .map(([x, y, text]) => `BT /F1 10 Tf 1 0 0 1 ${x} ${y} Tm (${text.replace(/[()\\]/g, '\\$&')}) Tj ET`)
    .join('\n');
  const tree = names.map((name, i) => `(${name}) ${first + 2 * i} 0 R`).join(' ');
  return assembled([
    `<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [${tree}] >> >> >>`,
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [${annotations.map((_, i) => `${6 + i} 0 R`).join(' ')}] >>`,
    [`<< /Length ${content.length} >>`, Buffer.from(content)],
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ...annotations,
    ...names.flatMap((name, i) => [
      `<< /Type /Filespec /F (${name}) /UF (${name}) /EF << /F ${first + 2 * i + 1} 0 R >> >>`,
      [`<< /Type /EmbeddedFile /Length ${files[name]!.byteLength} >>`, files[name]!] as const,
    ]),
  ]);
}

/** The bytes of a PDF of these objects, numbered from 1; the first one is its catalog. */
function assembled(objects: readonly (string | readonly [head: string, stream: Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('%PDF-1.4\n')];
  let length = parts[0]!.length;
  const rows = objects.map((object, i) => {
    const [head, stream] = typeof object === 'string' ? [object] : object;
    const body = stream ? [Buffer.from(`${head}\nstream\n`), stream, Buffer.from('\nendstream')] : [Buffer.from(head)];
    const whole = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), ...body, Buffer.from('\nendobj\n')]);
    const row = `${String(length).padStart(10, '0')} 00000 n \n`;
    parts.push(whole);
    length += whole.length;
    return row;
  });
  const tail = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows.join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(tail)]);
}

/** A page of a PDF that is a picture, with what an archive has stamped on it. */
interface ScannedPage {
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly stamp?: string;
}

/** A PDF of pictures, as a scanner writes it: each page is a JPEG, or a text. */
export function scannedPdf(pages: readonly (string | ScannedPage)[]): Uint8Array {
  const objects: (string | readonly [string, Uint8Array])[] = [];
  const add = (head: string, stream?: Uint8Array) => objects.push(stream ? [head, stream] : head);
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(`<< /Type /Pages /Kids [${pages.map((_, i) => `${4 + 3 * i} 0 R`).join(' ')}] /Count ${pages.length} >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>');
  for (const [i, page] of pages.entries()) {
    const own = 4 + 3 * i;
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${own + 1} 0 R /Resources << /Font << /F1 3 0 R >> /XObject << /I ${own + 2} 0 R >> >> >>`,
    );
    const content = Buffer.from(
      typeof page === 'string'
        ? `BT /F1 12 Tf 72 720 Td (${page}) Tj ET`
        : `q 523 0 0 ${Math.round((523 * page.height) / page.width)} 36 ${page.height > page.width ? 60 : 400} cm /I Do Q ${page.stamp ? `BT /F1 9 Tf 72 20 Td (${page.stamp}) Tj ET` : ''}`,
    );
    add(`<< /Length ${content.length} >>`, content);
    if (typeof page === 'string') add('<< >>');
    else
      add(
        `<< /Type /XObject /Subtype /Image /Width ${page.width} /Height ${page.height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length ${page.jpeg.length} >>`,
        page.jpeg,
      );
  }
  return assembled(objects);
}

/** A DOCX of paragraphs; one that begins with `# ` is a heading of the first level. */
export function docx(paragraphs: readonly string[], extra: Record<string, Uint8Array> = {}): Uint8Array {
  const body = paragraphs
    .map((text) => {
      const heading = text.startsWith('# ');
      const style = heading ? '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>' : '';
      return `<w:p>${style}<w:r><w:t xml:space="preserve">${heading ? text.slice(2) : text}</w:t></w:r></w:p>`;
    })
    .join('');
  const w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
  const type = 'application/vnd.openxmlformats-officedocument.wordprocessingml';
  return zipSync({
    '[Content_Types].xml': strToU8(
      `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="${type}.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="${type}.styles+xml"/></Types>`,
    ),
    '_rels/.rels': strToU8(
      '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    ),
    'word/document.xml': strToU8(`<?xml version="1.0"?><w:document ${w}><w:body>${body}</w:body></w:document>`),
    'word/styles.xml': strToU8(
      `<?xml version="1.0"?><w:styles ${w}><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>`,
    ),
    ...extra,
  });
}

/** The smallest picture. */
export const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
