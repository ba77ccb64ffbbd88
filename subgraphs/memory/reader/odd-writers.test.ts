import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DOCX, PPTX, XLSX } from './file-kind.ts';
import { readDocument } from './read-document.ts';
import { docx, pdf } from './testing/files.ts';
import { epub, ods, pptx, xlsx } from './testing/packed-files.ts';

const ODS = 'application/vnd.oasis.opendocument.spreadsheet';
const EPUB = 'application/epub+zip';
const EML = 'message/rfc822';
const read = (bytes: Uint8Array, contentType: string) => readDocument(bytes, contentType);
const textOf = async (bytes: Uint8Array, contentType: string) => (await read(bytes, contentType)).text;

/** A packed file with its files changed. */
function changed(file: Uint8Array, change: (files: Record<string, string>) => void): Uint8Array {
  const texts = Object.fromEntries(
    Object.entries(unzipSync(file)).map(([name, one]) => [name, Buffer.from(one).toString()]),
  );
  change(texts);
  const { mimetype, ...files } = texts;
  return zipSync({
    ...(mimetype && { mimetype: [strToU8(mimetype), { level: 0 }] as const }),
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])),
  } as Parameters<typeof zipSync>[0]);
}
const book = (change: (files: Record<string, string>) => void = () => {}) =>
  changed(xlsx([{ name: 'S', rows: [['hello', 5]] }]), change);
const sheet = (rows: string, styles?: string) =>
  book((files) => {
    files['xl/worksheets/sheet1.xml'] = `<worksheet><sheetData>${rows}</sheetData></worksheet>`;
    if (styles !== undefined) files['xl/styles.xml'] = styles;
  });
const moved = (files: Record<string, string>, from: string, to: string) => {
  files[to] = files[from]!;
  delete files[from];
};

describe('XLSX of other programs', () => {
  it('a formula without a computed value is read as it is written', async () => {
    const file = sheet(
      '<row r="1"><c r="A1"><f>SUM(B1:B9)</f></c><c r="B1"><f>1+1</f><v>2</v></c><c r="C1" t="str"><f>A&amp;B</f><v>AB</v></c><c r="D1" t="str"><f>IF(A1="","",A1)</f><v></v></c></row>',
    );
    // A formula whose text is empty has been computed.
    expect(await textOf(file, XLSX)).toBe('S\n\n=SUM(B1:B9) | 2 | AB');
  });

  it('cells that do not say where they are stand behind one another', async () => {
    const file = sheet(
      '<row><c><v>1</v></c><c/><c><v>2</v></c></row><row r="4"><c r="C4"><v>3</v></c><c><v>4</v></c></row><row><c><v>5</v></c></row><row><c r="B9"><v>6</v></c></row>',
    );
    const { text, passages } = await read(file, XLSX);
    expect(text).toBe('S\n\n1 | 2\n\n3 | 4\n\n5\n\n6');
    expect(passages[0]!.cells).toBe('A1:B9');
  });

  it('texts that cells share are found under any name, and a file that lost them is damaged', async () => {
    const named = book((files) => {
      moved(files, 'xl/sharedStrings.xml', 'xl/strings.xml');
      files['xl/_rels/workbook.xml.rels'] = files['xl/_rels/workbook.xml.rels']!.replace(
        '</Relationships>',
        '<Relationship Id="s" Target="strings.xml"/></Relationships>',
      );
    });
    expect(await textOf(named, XLSX)).toBe('S\n\nhello | 5');
    const capitals = book((files) => moved(files, 'xl/worksheets/sheet1.xml', 'xl/Worksheets/Sheet1.xml'));
    expect(await textOf(capitals, XLSX)).toBe('S\n\nhello | 5');
    for (const lost of ['xl/sharedStrings.xml', 'xl/worksheets/sheet1.xml'])
      await expect(
        read(
          book((files) => {
            delete files[lost];
          }),
          XLSX,
        ),
      ).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  it('characters that XML cannot hold, how a word is read, and what is written twice', async () => {
    const file = sheet(
      '<row r="1"><c r="A1" t="inlineStr"><is><t>漢字_x000D_b _x005F_x0041__x0000_</t><rPh><t>かんじ</t></rPh></is></c></row>',
    );
    expect(await textOf(file, XLSX)).toBe('S\n\n漢字 b _x0041_');
    const slides = changed(pptx([{ title: 'T', paragraphs: ['One.'] }]), (files) => {
      const shape = (text: string) => `<p:sp><p:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></p:txBody></p:sp>`;
      files['ppt/slides/slide1.xml'] = files['ppt/slides/slide1.xml']!.replace(
        '</p:spTree>',
        `<mc:AlternateContent><mc:Choice>${shape('E=mc²')}</mc:Choice><mc:Fallback>${shape('E=mc2')}</mc:Fallback></mc:AlternateContent>
         <mc:AlternateContent><mc:Fallback>${shape('Alone.')}</mc:Fallback></mc:AlternateContent></p:spTree>`,
      );
    });
    expect(await textOf(slides, PPTX)).toBe('T\n\nOne.\n\nE=mc²\n\nAlone.');
  });

  it.each([
    ['a time that passed', '[h]:mm', 1.5, '36:00'],
    ['a time that passed, with seconds', '[mm]:ss', 90.5 / 86_400, '0:01:31'],
    ['a time that is missing', '[h]:mm', -0.25, '-6:00'],
    ['a time of day', 'h:mm AM/PM', 0.75, '18:00'],
    ['a date with the day of the week', '[$-F800]dddd\\,\\ mmmm\\ dd', 46_095, '2026-03-14'],
    ['a number of days', '0.00&quot; days [h]&quot;', 3.25, '3.25'],
  ])('%s', async (_, format, value, expected) => {
    const styles = `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="${format}"/></numFmts><cellXfs><xf numFmtId="170"/></cellXfs></styleSheet>`;
    const file = sheet(`<row r="1"><c r="A1" s="0"><v>${value}</v></c></row>`, styles);
    expect(await textOf(file, XLSX)).toBe(`S\n\n${expected}`);
  });

  it('two hundred thousand empty rows with a format cost no text', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => `<row r="${i + 1}" s="1"><c r="A${i + 1}" s="1"/></row>`);
    const { text, passages } = await read(
      sheet(`${rows.join('')}<row r="1048576"><c r="XFD1048576"><v>7</v></c></row>`),
      XLSX,
    );
    expect([text, passages[0]!.cells]).toEqual(['S\n\n7', 'XFD1048576']);
  });
});

describe('ODS of other programs', () => {
  const rows = (xml: string) =>
    changed(ods('S', [['a']]), (files) => {
      files['content.xml'] = files['content.xml']!.replace(/<table:table-row>.*?<\/table:table-row>/, xml);
    });

  it('values that are not written out are read', async () => {
    const cell = (type: string, value: string) => `<table:table-cell office:value-type="${type}" ${value}/>`;
    const file = rows(
      `<table:table-row>${cell('float', 'office:value="42"')}${cell('date', 'office:date-value="2026-01-02"')}${cell('string', 'office:string-value="hey"')}${cell('boolean', 'office:boolean-value="true"')}<table:table-cell office:value-type="float" office:value="1.5"><text:p>1,50</text:p></table:table-cell></table:table-row>`,
    );
    const { text, passages } = await read(file, ODS);
    expect(text).toBe('S\n\n42 | 2026-01-02 | hey | true | 1,50');
    expect(passages[0]!.cells).toBe('A1:E1');
  });

  it('a row that is a thousand times all cells of a sheet is read once each', async () => {
    const bomb =
      '<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row>';
    expect((await textOf(rows(bomb.repeat(1_000)), ODS)).length).toBeLessThan(4_000);
  });
});

describe('EPUB of other programs', () => {
  const two = (change: (opf: string) => string) =>
    changed(
      epub([
        { title: 'A', paragraphs: ['one'] },
        { title: 'B', paragraphs: ['two'] },
      ]),
      (files) => {
        files['OEBPS/content.opf'] = change(files['OEBPS/content.opf']!);
      },
    );
  it.each([
    [
      'the order before what it is of',
      (opf: string) => opf.replace(/(<manifest>.*<\/manifest>)(<spine>.*<\/spine>)/, '$2$1'),
    ],
    ['no order', (opf: string) => opf.replace(/<spine>.*<\/spine>/, '')],
    ['an order of what is not there', (opf: string) => opf.replaceAll('idref="c', 'idref="d')],
    ['a name in capitals', (opf: string) => opf.replace('chapter%201', 'Chapter%201')],
  ])('with %s', async (_, change) => {
    expect(await textOf(two(change), EPUB)).toBe('A\n\none\n\nB\n\ntwo');
  });
});

describe('DOCX of other programs', () => {
  it('ends of lines by another name, and words that may be divided', async () => {
    const file = changed(docx(['x']), (files) => {
      files['word/document.xml'] = files['word/document.xml']!.replace(
        /<w:r>.*<\/w:r>/,
        '<w:r><w:t>bre</w:t><w:softHyphen/><w:t>aks</w:t><w:cr/><w:t>next</w:t><w:ptab w:alignment="right"/><w:t>to</w:t></w:r>',
      );
    });
    expect(await textOf(file, DOCX)).toBe('breaks\nnext to');
    expect(await textOf(strToU8('<p>hyphen&shy;ation</p><p>&shy;</p>'), 'text/html')).toBe('hyphenation');
  });
});

describe('a PDF of other programs', () => {
  it('is read where something stands before it, as servers and scanners put there', async () => {
    const head = strToU8('HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n'.padEnd(900, '-'));
    const late = Buffer.concat([head, pdf(['A page speaks of whales.'])]);
    expect(await textOf(late, 'application/pdf')).toBe('A page speaks of whales.');
    const tooLate = Buffer.concat([Buffer.alloc(2_000, '-'), pdf(['x'])]);
    await expect(read(tooLate, 'application/pdf')).rejects.toMatchObject({ code: 'TYPE_MISMATCH' });
  });
});

describe('a PDF in Arabic', () => {
  it('is read in letters, where its font names the shapes that they have within words', async () => {
    const readIn = (text: string, shapes: string) => {
      const file = Buffer.from(pdf([text]))
        .toString('latin1')
        .replace('/Helvetica', `/Helvetica /Encoding << /Differences [65 ${shapes}] >>`);
      return textOf(Buffer.from(file, 'latin1'), 'application/pdf');
    };
    expect(await readIn('EDCBA F', '/uniFEE3 /uniFEAE /uniFEA3 /uniFE92 /uniFE8E /uniFEFB')).toMatch(
      /^(مرحبا لا|لا مرحبا)$/,
    );
    // The letters of Persian and Urdu have shapes elsewhere.
    expect(await readIn('EDC BA', '/uniFBFE /uniFB8F /uniFB58 /uniFBFF /uniFB7B')).toMatch(/^(یک پیچ|پیچ یک)$/);
  });
});

describe('an e-mail of other programs', () => {
  const email = (headers: string, body: string, encoding: BufferEncoding = 'utf8') =>
    Buffer.from(`From: a@example.org\nSubject: x\n${headers}\n\n${body}`.replaceAll('\n', '\r\n'), encoding);
  const parts = (kind: string, ...all: string[]) =>
    email(
      `MIME-Version: 1.0\nContent-Type: multipart/${kind}; boundary=q`,
      `${all.map((one) => `--q\n${one}\n`).join('')}--q--`,
    );
  const html = (text: string) => `Content-Type: text/html\n\n${text}`;
  const plain = (text: string) => `Content-Type: text/plain\n\n${text}`;
  const long = 'The meeting moves to Tuesday at nine in the harbour office, and all papers come along.';

  it.each([
    ['in the encoding of Windows, which it does not say', email('', 'Grüße', 'latin1'), 'Grüße'],
    [
      'in an encoding that a header in capitals names',
      email('MIME-Version: 1.0\nContent-Type: text/plain; CHARSET=ISO-8859-1', 'Grüße', 'latin1'),
      'Grüße',
    ],
    [
      'in an unknown encoding',
      email('MIME-Version: 1.0\nContent-Type: text/plain; charset="unknown-8bit"', 'Grüße 你好'),
      'Grüße 你好',
    ],
    ['whose text says that there is HTML', parts('alternative', plain('See the HTML.'), html(`<p>${long}</p>`)), long],
    ['whose text is what was written', parts('alternative', plain(long), html(`<p><b>${long}</b> Bye.</p>`)), long],
  ])('%s', async (_, bytes, expected) => {
    expect(await textOf(bytes, EML)).toBe(`x\n\nFrom: a@example.org\n\n${expected}`);
  });

  it.each([
    ['Subject: Grüße\nFrom: Jörg <a@example.org>\nContent-Type: text/plain; charset=iso-8859-1', 'latin1'],
    ['Subject: Grüße\nFrom: Jörg <a@example.org>\nContent-Type: text/plain; charset=utf-8', 'latin1'],
    ['Subject: Grüße\nFrom: Jörg <a@example.org>', 'utf8'],
  ] as const)('whose headers are in eight bits: %j in %s', async (headers, encoding) => {
    const bytes = Buffer.from(`${headers}\n\nHello.`.replaceAll('\n', '\r\n'), encoding);
    expect(await textOf(bytes, EML)).toBe('Grüße\n\nFrom: Jörg <a@example.org>\n\nHello.');
  });

  it('in Russian, which it does not say', async () => {
    const bytes = Buffer.concat([
      Buffer.from('Subject: x\r\nFrom: a@example.org\r\n\r\n'),
      // "Привет, как у вас дела?" in windows-1251.
      Buffer.from('cff0e8e2e5f22c20eae0ea20f320e2e0f120e4e5ebe03f', 'hex'),
    ]);
    expect(await textOf(bytes, EML)).toContain('Привет, как у вас дела?');
  });

  it('e-mails, what servers say, and data that are attached are read, and what has no name is told', async () => {
    const attached = (type: string, body: string, name?: string) =>
      `Content-Type: ${type}\nContent-Disposition: attachment${name ? `; filename="${name}"` : ''}\n\n${body}`;
    const file = parts(
      'mixed',
      plain('First.'),
      attached('message/rfc822', 'From: b@example.org\nSubject: Inner\n\nInner words.', 'forwarded.eml'),
      attached('message/delivery-status', 'Status: 5.1.1'),
      attached('application/json', '{"a": 1}', 'a.json'),
      attached('application/pdf', '%PDF-1.4'),
    );
    const { text, passages } = await read(file, EML);
    expect(text).toContain('Attached: forwarded.eml, message/delivery-status, a.json, application/pdf');
    for (const part of ['Inner words.', 'Status: 5.1.1', '{"a": 1}']) expect(text).toContain(part);
    expect(text).not.toContain('%PDF');
    expect(passages.find((one) => one.text.includes('Inner words.'))!.section).toBe('x › Inner');
  });
});
