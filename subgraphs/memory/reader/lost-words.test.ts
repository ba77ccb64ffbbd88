import { strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { DocumentReader } from './document-reader.ts';
import { DOCX, PPTX, XLSX } from './file-kind.ts';
import { docx, pdf } from './testing/files.ts';
import { epub, odp, ods, odt, pptx, xlsx } from './testing/packed-files.ts';

const reader = new DocumentReader();
afterAll(() => reader[Symbol.asyncDispose]());

const read = (bytes: Uint8Array, contentType: string) => reader.read(bytes, { contentType });
const textOf = async (bytes: Uint8Array, contentType: string) => (await read(bytes, contentType)).text;
/** A packed file with one of its files changed. */
function changed(file: Uint8Array, name: string, change: (xml: string) => string | Uint8Array): Uint8Array {
  const { mimetype, ...files } = unzipSync(file);
  const made = change(Buffer.from(files[name] ?? []).toString());
  return zipSync({
    ...(mimetype && { mimetype: [mimetype, { level: 0 }] as const }),
    ...files,
    [name]: typeof made === 'string' ? strToU8(made) : made,
  } as Parameters<typeof zipSync>[0]);
}
const word = (body: string, extra: Record<string, Uint8Array> = {}) =>
  docx(['x'], {
    'word/document.xml': strToU8(
      `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><w:body>${body}</w:body></w:document>`,
    ),
    ...extra,
  });
const run = (text: string) => `<w:r><w:t>${text}</w:t></w:r>`;

describe('no words are lost', () => {
  it.each([
    ['of a field', `<w:fldSimple w:instr=" AUTHOR ">${run('Ada')}</w:fldSimple>`, 'by Ada now'],
    ['that run the other way', `<w:bdo w:val="rtl">${run('שלום')}</w:bdo>`, 'by שלום now'],
    ['in an embedding of direction', `<w:dir w:val="rtl">${run('سلام')}</w:dir>`, 'by سلام now'],
    [
      'that have a reading above them',
      `<w:r><w:ruby><w:rubyPr/><w:rt>${run('かんじ')}</w:rt><w:rubyBase>${run('漢字')}</w:rubyBase></w:ruby></w:r>`,
      'by 漢字 now',
    ],
    [
      'of a formula',
      '<m:oMath><m:sSup><m:e><m:r><m:t>E</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>',
      'by E2 now',
    ],
    [
      'of a fraction',
      '<m:oMath><m:f><m:fPr/><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>c</m:t></m:r></m:den></m:f></m:oMath>',
      'by (a+b)/(c) now',
    ],
  ])('of DOCX %s', async (_, inner, expected) => {
    expect(await textOf(word(`<w:p>${run('by ')}${inner}${run(' now')}</w:p>`), DOCX)).toBe(expected);
  });

  it('of DOCX as headings: of styles that are based on one, and of paragraphs that are said to be one', async () => {
    const style = (id: string, name: string, more: string) =>
      `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/>${more}</w:style>`;
    const styles = strToU8(
      `<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${style('H1', 'heading 1', '')}${style('Red', 'Red heading', '<w:basedOn w:val="H1"/>')}${style('Blue', 'Blue', '<w:basedOn w:val="Red"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr>')}${style('Body', 'Body', '<w:pPr><w:outlineLvl w:val="9"/></w:pPr>')}</w:styles>`,
    );
    const paragraph = (properties: string, text: string) => `<w:p><w:pPr>${properties}</w:pPr>${run(text)}</w:p>`;
    const body = [
      paragraph('<w:pStyle w:val="Red"/>', 'One'),
      paragraph('<w:pStyle w:val="Blue"/>', 'Two'),
      paragraph('<w:pStyle w:val="Body"/>', 'Text.'),
      paragraph('<w:outlineLvl w:val="0"/>', 'Three'),
      paragraph('', 'More.'),
    ].join('');
    const { passages } = await read(word(body, { 'word/styles.xml': styles }), DOCX);
    expect(passages.map(({ section, text }) => [section, text])).toEqual([
      ['One', 'One'],
      ['One › Two', 'Two\n\nText.'],
      ['Three', 'Three\n\nMore.'],
    ]);
  });

  it('of DOCX and ODT at the edges of pages: they come once, without page numbers, under no heading', async () => {
    const edge = (name: string, text: string) =>
      strToU8(
        `<w:${name} xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p>${run(text)}</w:p></w:${name}>`,
      );
    const file = docx(['# One', 'First.'], {
      'word/header1.xml': edge('hdr', 'Quay Street 4'),
      'word/header2.xml': edge('hdr', 'Quay  Street 4'),
      'word/footer1.xml': edge('ftr', '7 / 12'),
    });
    const { text, passages } = await read(file, DOCX);
    expect(text).toBe('One\n\nFirst.\n\nQuay Street 4');
    expect(passages.map(({ section }) => section)).toEqual(['One', undefined]);
    const open = changed(
      odt(['# One', 'First.']),
      'styles.xml',
      () =>
        '<s><style:header><text:p>Quay<text:tab/>Street</text:p></style:header><style:header-left><text:p>Quay Street</text:p></style:header-left><style:footer><text:p>3</text:p></style:footer></s>',
    );
    expect(await textOf(open, 'application/vnd.oasis.opendocument.text')).toBe('One\n\nFirst.\n\nQuay Street');
  });

  it('of notes, and their numbers are not parts of words', async () => {
    const noted = (kind: string, text: string) =>
      `<text:${kind}>${text}<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note.</text:p></text:note-body></text:note></text:${kind}>`;
    const open = (body: string) =>
      textOf(
        changed(odt(['PLACE']), 'content.xml', (xml) => xml.replace('<text:p>PLACE</text:p>', body)),
        'application/vnd.oasis.opendocument.text',
      );
    expect(await open(noted('p', 'harbours'))).toBe('harbours[1]\n\nThe note.');
    expect(await open(`${noted('h', 'Harbours')}<text:p>Calm.</text:p>`)).toBe('Harbours[1]\n\nThe note.\n\nCalm.');
    const html = (body: string) => read(strToU8(body), 'text/html');
    expect((await html('<p>harbours<a href="#fn1"><sup>1</sup></a> at m<sup>2</sup>')).text).toBe('harbours[1] at m2');
    const page = await html(
      '<h1>A</h1><p>harbours<sup><a href="#cite_note-x">2</a></sup><h1>B</h1><p>Tides.</p><ol><li id="cite_note-x"><a href="#ref">↑</a> Of Ghent.</ol>',
    );
    expect(page.text).toBe('A\n\nharbours[2]\n\nB\n\nTides.\n\n- Of Ghent.');
    expect(page.passages.map(({ section }) => section)).toEqual(['A', 'B', 'A']);
    const book = await html(
      '<p>Mice<sup><a epub:type="noteref" href="#dataF2">i</a></sup></p><aside epub:type="footnote" id="dataF2"><p><sup><a href="#calledF2">i</a></sup>Of fields.</p></aside>',
    );
    expect(book.text).toBe('Mice[i]\n\n[i]Of fields.');
    expect((await html('<ul><li><p>Oats</p><p>Barley</p></li><li>Rye</li></ul>')).text).toBe(
      '- Oats\n\nBarley\n\n- Rye',
    );
    expect((await html('<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>だ')).text).toBe('漢字だ');
  });

  it.each([
    [
      'of WordPad in the font of another language',
      "{\\fonttbl{\\f0\\fcharset0 Arial;}{\\f1\\fcharset204 Arial;}}\\f1\\'ef\\'f0\\'e8\\f0  caf\\'e9\\par",
      'при café',
    ],
    [
      'of Word in Japanese, with second bytes of ASCII',
      "\\deff0{\\fonttbl{\\f0\\fcharset128 MS;}}\\'83A\\'83\\'43\\par",
      'アイ',
    ],
    ['that are eight-bit', '{\\fonttbl{\\f0\\fcharset238 Arial;}}\\f0 \xb9\\par', 'ą'],
    [
      'of notes',
      'harbours{\\super\\chftn{\\footnote\\pard\\chftn  Of \\b Ghent\\b0 .}} and tides.\\par Next.\\par',
      'harbours[1] and tides.\n\nOf Ghent.\n\nNext.',
    ],
    [
      'of the edges of pages',
      '{\\header\\pard Quay Street 4\\par}{\\footer\\pard \\chpgn\\par}First.\\par Second.\\par',
      'First.\n\nSecond.\n\nQuay Street 4',
    ],
    [
      'of boxes',
      'One{\\shp{\\*\\shpinst{\\sp{\\sn x}{\\sv 1}}{\\shptxt\\pard In the box.\\par}}{\\shprslt\\par In the box.}} two.\\par',
      'One two.\n\nIn the box.',
    ],
    [
      'but what was taken out, and readers’ remarks',
      'Kept{\\deleted\\revauthdel1  gone}.{\\*\\atnid A}{\\*\\annotation no}\\par',
      'Kept.',
    ],
  ])('of RTF %s', async (_, body, expected) => {
    expect(await textOf(Buffer.from(`{\\rtf1\\ansi ${body}}`, 'latin1'), 'application/rtf')).toBe(expected);
  });

  it('of EPUB: after a script that ends where it begins, in another encoding, and under their own chapter', async () => {
    const chapters = [
      { title: 'One', paragraphs: ['It began.'] },
      { title: 'Two', paragraphs: ['It ended.'] },
    ];
    const type = 'application/epub+zip';
    const scripts = changed(epub(chapters), 'OEBPS/text/chapter 1.xhtml', (xml) =>
      xml.replace('<title>x</title>', '<script src="x.js"/><style/><title/>'),
    );
    expect(await textOf(scripts, type)).toBe('One\n\nIt began.\n\nTwo\n\nIt ended.');
    const cyrillic = changed(epub(chapters), 'OEBPS/text/chapter 2.xhtml', () =>
      Buffer.from(
        '<?xml version="1.0" encoding="windows-1251"?><html><body><h1>\xef\xf0\xe8</h1></body></html>',
        'latin1',
      ),
    );
    expect(await textOf(cyrillic, type)).toBe('One\n\nIt began.\n\nпри');
    const bare = (file: Uint8Array) =>
      changed(file, 'OEBPS/text/chapter 2.xhtml', (xml) => xml.replace(/<h1>.*<\/h1>/, ''));
    const sections = async (file: Uint8Array) => (await read(file, type)).passages.map(({ section }) => section);
    expect(await sections(bare(epub(chapters)))).toEqual(['One', undefined]);
    const ncx = epub(chapters, {
      items: '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
      files: {
        'OEBPS/toc.ncx':
          '<ncx><navMap><navPoint><navLabel><text>The end</text></navLabel><content src="text/chapter%202.xhtml#a"/></navPoint></navMap></ncx>',
      },
    });
    expect(await sections(bare(ncx))).toEqual(['One', 'The end']);
    const nav = epub(chapters, {
      items: '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>',
      files: { 'OEBPS/nav.xhtml': '<html><body><nav><a href="text/chapter%202.xhtml">Finale</a></nav></body></html>' },
    });
    expect(await sections(bare(nav))).toEqual(['One', 'Finale']);
    const xhtml =
      '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><script src="x"/></head><body><p>Here.</p></body></html>';
    expect(await textOf(strToU8(xhtml), 'application/xhtml+xml')).toBe('Here.');
  });

  it('of XLSX: shares and postal codes as they are shown, sums without noise, boxes on the sheet', async () => {
    const file = changed(
      changed(
        xlsx([{ name: 'S', rows: [[1]] }]),
        'xl/styles.xml',
        () =>
          '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="0.0%"/><numFmt numFmtId="171" formatCode="0&quot; %&quot;"/><numFmt numFmtId="172" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="9"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/></cellXfs></styleSheet>',
      ),
      'xl/worksheets/sheet1.xml',
      () =>
        '<worksheet><sheetData><row><c r="A1"><v>0.30000000000000004</v></c><c r="B1" s="1"><v>0.19</v></c><c r="C1" s="2"><v>0.075</v></c><c r="D1" s="3"><v>5</v></c><c r="E1" s="4"><v>1067</v></c></row></sheetData></worksheet>',
    );
    const drawn = changed(
      changed(
        file,
        'xl/worksheets/_rels/sheet1.xml.rels',
        () => '<Relationships><Relationship Id="d" Target="../drawings/drawing1.xml"/></Relationships>',
      ),
      'xl/drawings/drawing1.xml',
      () =>
        '<xdr:wsDr><xdr:sp><xdr:txBody><a:p><a:r><a:t>Look</a:t></a:r><a:r><a:t> here</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>',
    );
    expect(await textOf(drawn, XLSX)).toBe('S\n\n0.3 | 19% | 7.5% | 5 | 01067\n\nLook here');
  });

  it('of XLSX at the edges of printed pages: once, without the numbers of pages', async () => {
    const edges =
      '<headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Walnut &amp;&amp; Co, confidential&amp;R&amp;D</oddHeader><oddFooter>&amp;CPage &amp;P of &amp;N</oddFooter></headerFooter>';
    const names = ['A', 'B'].map((name) => ({ name, rows: [[name]] }));
    let file = xlsx(names);
    for (const [i] of names.entries())
      file = changed(file, `xl/worksheets/sheet${i + 1}.xml`, (xml) =>
        xml.replace('</worksheet>', `${edges}</worksheet>`),
      );
    expect(await textOf(file, XLSX)).toBe('A\n\nA\n\nB\n\nB\n\nWalnut & Co, confidential');
  });

  it('of PPTX: tables after a page number, and diagrams', async () => {
    const slide = changed(pptx([{ title: 'T', paragraphs: ['One.'] }]), 'ppt/slides/slide1.xml', (xml) =>
      xml.replace(
        '</p:spTree>',
        '<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:r><a:t>a</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>b</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame></p:spTree>',
      ),
    );
    const diagram = changed(
      changed(
        slide,
        'ppt/slides/_rels/slide1.xml.rels',
        () => '<Relationships><Relationship Id="d" Target="../diagrams/data1.xml"/></Relationships>',
      ),
      'ppt/diagrams/data1.xml',
      () => '<dgm:dataModel><dgm:pt><dgm:t><a:p><a:r><a:t>Step one</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>',
    );
    expect(await textOf(diagram, PPTX)).toBe('T\n\nOne.\n\na | b\n\nStep one');
  });

  it('of OpenDocument: repeated cells are cited whole, slides have their titles', async () => {
    const sheet = changed(
      ods('S', [
        ['A1', 'B1'],
        ['x', 'y'],
      ]),
      'content.xml',
      (xml) =>
        xml
          .replace(
            '<table:table-row><table:table-cell><text:p>x',
            '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2"><text:p>x',
          )
          .replace('<text:p>A1', '<text:p>A<text:soft-page-break/>1'),
    );
    const { passages } = await read(sheet, 'application/vnd.oasis.opendocument.spreadsheet');
    expect(passages[0]).toMatchObject({ text: 'S\n\nA1 | B1\n\nx | y', cells: 'A1:C4' });
    const slides = changed(odp([['First.'], ['Second.']]), 'content.xml', (xml) =>
      xml.replace(
        'Second.</text:p></draw:text-box></draw:frame>',
        'Second.</text:p></draw:text-box></draw:frame><draw:frame presentation:class="title"><draw:text-box><text:p>The end</text:p></draw:text-box></draw:frame>',
      ),
    );
    const read2 = await read(slides, 'application/vnd.oasis.opendocument.presentation');
    expect(read2.text).toBe('Slide 1\n\nFirst.\n\nThe end\n\nSecond.');
    expect(read2.passages.map(({ section, page }) => [section, page])).toEqual([
      ['Slide 1', 1],
      ['The end', 2],
    ]);
  });

  it('of lines that an old program ended its own way, which are counted', async () => {
    const { text, passages } = await read(strToU8(`a,b\rc,${'d '.repeat(80)}\re,f`), 'text/csv');
    expect(text.split('\n')).toHaveLength(3);
    expect(passages.at(-1)).toMatchObject({ line: 3, text: 'e,f' });
  });

  it('of forms that were filled in, and of what was written onto a page that is a picture', async () => {
    const annotated = (page: string) => {
      const file = Buffer.from(pdf([page])).toString('latin1');
      const annotations = [
        '/Subtype /Widget /FT /Tx /T (Name) /TU (Your name) /V (Ada Lovelace)',
        '/Subtype /Widget /FT /Ch /T (Port) /V (Ghent)',
        '/Subtype /Widget /FT /Tx /T (Empty)',
        '/Subtype /Widget /FT /Btn /T (Agreed) /V /Yes /AS /Yes /AP << /N << /Yes null /Off null >> >>',
        '/Subtype /Widget /FT /Btn /T (Refused) /V /Off /AS /Off /AP << /N << /Yes null /Off null >> >>',
        '/Subtype /Widget /FT /Btn /Ff 32768 /T (Berth) /V /North /AS /North /AP << /N << /North null /Off null >> >>',
        '/Subtype /Widget /FT /Btn /Ff 32768 /T (Berth) /V /North /AS /Off /AP << /N << /South null /Off null >> >>',
        '/Subtype /Widget /FT /Btn /Ff 65536 /T (Print)',
        '/Subtype /FreeText /Contents (Approved.)',
        '/Subtype /FreeText /F 2 /Contents (Hidden.)',
      ].map((one) => `<< /Type /Annot /Rect [0 0 9 9] ${one} >>`);
      return Buffer.from(file.replace('/Contents', `/Annots [${annotations.join(' ')}] /Contents`), 'latin1');
    };
    const said = ['Your name: Ada Lovelace', 'Port: Ghent', 'Agreed: Yes', 'Berth: North', 'Approved.'];
    const form = await read(annotated('Application'), 'application/pdf');
    expect(form.text.split('\n\n').sort()).toEqual(['Application', ...said].sort());
    expect(form.passages[0]!.page).toBe(1);
    expect(form.unreadPages).toEqual([]);
    const picture = await read(annotated(''), 'application/pdf');
    expect(picture.text.split('\n\n').sort()).toEqual([...said].sort());
    expect(picture.unreadPages).toEqual([1]);
  });

  it('of a PDF whose font is outside of it, and of one whose font does not say what its letters are', async () => {
    const withFont = (font: string, shown: string) => {
      const file = Buffer.from(pdf(['x'])).toString('latin1');
      return Buffer.from(
        file
          .replace('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>', font)
          .replace('(x) Tj', shown)
          .replace(/\/Length \d+/, '/Length 200'),
        'latin1',
      );
    };
    const japanese =
      '<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /90ms-RKSJ-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>] >>';
    const known = await read(withFont(japanese, '<93FA967B8CEA> Tj'), 'application/pdf');
    expect(known.text).toBe('日本語');
    expect(known.unreadPages).toEqual([]);
    const mute =
      '<< /Type /Font /Subtype /Type0 /BaseFont /Mute /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Mute /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>] >>';
    const unknown = await read(withFont(mute, '<00010002000300040005> Tj'), 'application/pdf');
    expect(unknown.unreadPages).toEqual([1]);
  });
});
