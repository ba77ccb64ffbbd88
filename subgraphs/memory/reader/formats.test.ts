import { strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { DocumentReader } from './document-reader.ts';
import { DOCX, PPTX, XLSX } from './file-kind.ts';
import { docx, pdf } from './testing/files.ts';
import { type Cell, email, epub, odp, ods, odt, pptx, rtf, xlsx } from './testing/packed-files.ts';

const reader = new DocumentReader();
afterAll(() => reader[Symbol.asyncDispose]());

const ODT = 'application/vnd.oasis.opendocument.text';
const ODS = 'application/vnd.oasis.opendocument.spreadsheet';
const ODP = 'application/vnd.oasis.opendocument.presentation';
const EPUB = 'application/epub+zip';
const read = (bytes: Uint8Array, contentType: string, fileName?: string) =>
  reader.read(bytes, { contentType, fileName });
const refused = (bytes: Uint8Array, contentType: string, code: string) =>
  expect(read(bytes, contentType)).rejects.toMatchObject({ name: 'DocumentProblem', code });

describe('a document', () => {
  it('of XLSX: sheets are sections, rows are whole, and cells are cited', async () => {
    const file = xlsx([
      {
        name: 'Budget',
        rows: [['Item', 'Amount', 'Due'], ['Rent & heat', 1284.5, { days: 46_095 }], [], [null, 'Total']],
      },
      { name: 'Staff', rows: [['Ada'], ['Charles']] },
    ]);
    const { text, passages } = await read(file, XLSX);
    expect(text).toBe(
      'Budget\n\nItem | Amount | Due\n\nRent & heat | 1284.5 | 2026-03-14\n\nTotal\n\nStaff\n\nAda\n\nCharles',
    );
    expect(passages.map(({ section, cells }) => [section, cells])).toEqual([
      ['Budget', 'A1:B4'],
      ['Staff', 'A1:A2'],
    ]);
    expect((await read(xlsx([{ name: 'S', rows: [['inline < text']] }], { inline: true }), XLSX)).text).toContain(
      'inline < text',
    );
  });

  it('of PPTX: slides are pages with their titles, tables and notes', async () => {
    const file = pptx([
      { title: 'Whales', paragraphs: ['They sing.', 'They dive.'], notes: 'Mention the blue one.' },
      { paragraphs: ['No title here.'] },
    ]);
    const { text, passages } = await read(file, PPTX);
    expect(text).toBe('Whales\n\nThey sing.\n\nThey dive.\n\nMention the blue one.\n\nSlide 2\n\nNo title here.');
    expect(passages.map(({ section, page }) => [section, page])).toEqual([
      ['Whales', 1],
      ['Slide 2', 2],
    ]);
  });

  it('of OpenDocument: headings, rows, sheets with their cells, slides', async () => {
    const text = await read(
      odt(
        ['# Log', 'Calm sea.'],
        [
          ['Day', 'Wind'],
          ['1', 'west'],
        ],
      ),
      ODT,
    );
    expect(text.text).toBe('Log\n\nCalm sea.\n\nDay | Wind\n\n1 | west');
    expect(text.passages[0]!.section).toBe('Log');
    const sheet = await read(
      ods('Crew', [
        ['Ada', 'mate'],
        ['', ''],
        ['Bob', 'cook'],
      ]),
      ODS,
    );
    expect(sheet.text).toBe('Crew\n\nAda | mate\n\nBob | cook');
    expect(sheet.passages[0]).toMatchObject({ section: 'Crew', cells: 'A1:B3' });
    const slides = await read(odp([['First.'], ['Second.']]), ODP);
    expect(slides.passages.map(({ page, text: said }) => [page, said])).toEqual([
      [1, 'Slide 1\n\nFirst.'],
      [2, 'Slide 2\n\nSecond.'],
    ]);
  });

  it('of EPUB whose reading order leads to nothing, or that lists nothing: all of its pages', async () => {
    const chapters = [
      { title: 'One', paragraphs: ['It began.'] },
      { title: 'Two', paragraphs: ['It ended.'] },
    ];
    const book = (opf: string) => {
      const files = unzipSync(epub(chapters));
      return zipSync({ ...files, 'OEBPS/content.opf': strToU8(opf) });
    };
    const page = (n: number) =>
      `<item id="c${n}" href="text/chapter%20${n}.xhtml" media-type="application/xhtml+xml"/>`;
    for (const opf of [
      '<package><manifest/><spine/></package>',
      `<package><manifest>${page(1)}${page(2)}<item id="x" href="gone.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="x"/></spine></package>`,
    ])
      expect((await read(book(opf), EPUB)).text).toBe('One\n\nIt began.\n\nTwo\n\nIt ended.');
  });

  it('of EPUB: chapters in their reading order, and nothing from outside of the book', async () => {
    const file = epub(
      [
        { title: 'One', paragraphs: ['It began.'] },
        { title: 'Two', paragraphs: ['It ended.'] },
      ],
      {
        items:
          '<item id="x" href="../../../../etc/passwd"/><item id="y" href="https://example.org/"/><item id="z" href="file:///etc/passwd"/>',
        spine: '<itemref idref="x"/><itemref idref="y"/><itemref idref="z"/><itemref idref="c1"/>',
      },
    );
    const { text, passages } = await read(file, EPUB);
    expect(text).toBe('One\n\nIt began.\n\nTwo\n\nIt ended.');
    expect(passages.map(({ section }) => section)).toEqual(['One', 'Two']);
  });

  it('of RTF: letters of all scripts, rows, and nothing of its tables of fonts', async () => {
    const file = rtf(
      ['Grüße — привет, 世界 {braces} \\ 🐋.', 'Second.'],
      [
        ['Day', 'Wind'],
        ['1', 'west'],
      ],
    );
    expect((await read(file, 'application/rtf')).text).toBe(
      'Grüße — привет, 世界 {braces} \\ 🐋.\n\nSecond.\n\nDay | Wind\n\n1 | west',
    );
    const cyrillic = Buffer.from("{\\rtf1\\ansi\\ansicpg1251 \\'ef\\'f0\\'e8\\'e2\\'e5\\'f2\\par}", 'latin1');
    expect((await read(cyrillic, 'application/rtf')).text).toBe('привет');
    for (const [head, bytes, text] of [
      ['\\ansi\\ansicpg437', "caf\\'82 \\'e1", 'café ß'],
      ['\\pc', "caf\\'82", 'café'],
      ['\\pca', "\\'9btre \\'d0", 'øtre ð'],
      ['\\ansi\\ansicpg852', "\\'9d\\'a2d\\'ab", 'Łódź'],
      ['\\ansi\\ansicpg866', "\\'af\\'e0\\'a8", 'при'],
      ['\\mac', "caf\\'8e", 'café'],
      ['\\ansi\\ansicpg1250', "\\'a3\\'f3d\\'9f", 'Łódź'],
      ['\\ansi\\ansicpg4242', "caf\\'e9", 'café'],
    ] as const)
      expect([
        head,
        (await read(Buffer.from(`{\\rtf1${head} ${bytes}\\par}`, 'latin1'), 'application/rtf')).text,
      ]).toEqual([head, text]);
  });

  it('of e-mail: who, when, the text or the HTML, and what is attached', async () => {
    const plain = await read(
      email({ subject: 'Grüße', text: 'First.\r\n\r\nSecond.', attachment: 'invoice.pdf' }),
      'message/rfc822',
    );
    expect(plain.text).toContain('From: Ada Lovelace <ada@example.org>\nTo: Charles <charles@example.org>');
    expect(plain.text).toMatch(/First\.\n\nSecond\.\n\nAttached: invoice\.pdf$/);
    expect(plain.passages[0]!.section).toBe('Grüße');
    const html = await read(email({ subject: 'x', html: '<p>Hi <b>you</b></p><script>no</script>' }), 'message/rfc822');
    expect(html.text).toContain('Hi you');
    expect(html.text).not.toContain('no');
  });

  it('of e-mail with texts attached: they are read under their names, e-mails within it too, and binaries are not', async () => {
    const part = (headers: string, body: string) => `--x\r\n${headers}\r\n\r\n${body}\r\n`;
    const named = (type: string, name: string) =>
      `Content-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"`;
    const file = [
      'From: a@example.org\r\nSubject: Papers\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n',
      part('Content-Type: text/plain', 'See what is attached.'),
      part('Content-Type: message/rfc822', 'From: b@example.org\r\nSubject: Inner\r\n\r\nForwarded words.'),
      part(named('text/plain', 'notes.txt'), 'First note.\r\n\r\nJ\xfcrgen came.'),
      part(named('text/html', 'page.html'), '<p>On a <b>page</b></p><script>no</script>'),
      part(named('text/plain', 'broken.txt'), 'not\0text'),
      part(named('application/pdf', 'bill.pdf'), '%PDF-1.4'),
      '--x--\r\n',
    ];
    const { text, passages } = await read(Buffer.from(file.join(''), 'latin1'), 'message/rfc822');
    expect(text).toContain('Forwarded words.');
    expect(text).toMatch(
      /Attached: notes\.txt, page\.html, broken\.txt, bill\.pdf\n\nnotes\.txt\n\nFirst note\.\n\nJürgen came\.\n\npage\.html\n\nOn a page$/,
    );
    expect(passages.find((one) => one.text.includes('Jürgen'))!.section).toBe('Papers › notes.txt');
  });

  it('of CSV: records are whole, also over several lines, and lines are cited', async () => {
    const text = `name,note\nAda,"likes\nmaths, and ""tea"""\n\nBob,${'word '.repeat(70)}\nEve,short`;
    const file = await read(strToU8(text), 'text/csv');
    expect(file.text).toBe(text);
    expect(file.passages.map(({ line, text: said }) => [line, said.slice(0, 4)])).toEqual([
      [1, 'name'],
      [6, 'Eve,'],
    ]);
    expect((await read(Buffer.from('a;ü\n', 'latin1'), 'application/vnd.ms-excel', 'x.csv')).text).toBe('a;ü\n');
  });

  it.each([
    ['main.ts', 'video/mp2t'],
    ['main.rs', 'application/octet-stream'],
    ['main.py', 'text/x-python'],
    ['main.sh', 'application/x-sh'],
    ['data.json', 'application/json'],
    ['main', 'text/x-kotlin'],
  ])('of source code, as %s: lines are cited', async (name, type) => {
    const code = `${'// a comment of some words\n'.repeat(15)}\nfunction whale() {}\n`;
    const { contentType, passages } = await read(strToU8(code), type, name);
    expect(contentType).toBe('text/plain');
    expect(passages.at(-1)).toMatchObject({ line: 17, text: 'function whale() {}' });
  });

  it('with tables of DOCX and HTML keeps its rows; one that arranges a page does not', async () => {
    const cell = (text: string) => `<w:tc><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:tc>`;
    const table = `<w:tbl><w:tr>${cell('Port')}${cell('Arrival')}</w:tr><w:tr>${cell('Ghent')}${cell('Monday')}</w:tr></w:tbl>`;
    const word = docx(['x'], {
      'word/document.xml': strToU8(
        `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${table}<w:p><w:r><w:t>After.</w:t></w:r></w:p></w:body></w:document>`,
      ),
    });
    expect((await read(word, DOCX)).text).toBe('Port | Arrival\n\nGhent | Monday\n\nAfter.');
    const html = (body: string) => read(strToU8(body), 'text/html').then(({ text }) => text);
    expect(await html('<table><tr><th><p>a</p><th>b<tr><td>c<td><p>d</p><p>e</p></table>f')).toBe(
      'a | b\n\nc | d e\n\nf',
    );
    expect(await html('<table><tr><td>menu<td><h1>Title</h1><p>One.</p><p>Two.</p></table>')).toBe(
      'menu\n\nTitle\n\nOne.\n\nTwo.',
    );
    expect(await html('<table><tr><td><table><tr><td>1<td>2</table><td>3</table>')).toBe('1 | 2 | 3');
    expect(await html('<td>alone</td> and <tr>so')).toBe('alone\n\nand\n\nso');
  });
});

describe('a bad document has a clear outcome:', () => {
  /** Says of one file in an archive that it unpacks to 250 MB, as a bomb does. */
  const inflated = (file: Uint8Array, name: string): Uint8Array => {
    const bomb = Buffer.from(file);
    const nameAt = bomb.lastIndexOf(name);
    bomb.writeUInt32LE(250 * 1024 ** 2, nameAt - 22);
    return bomb;
  };
  it.each([
    ['XLSX', XLSX, 'xl/worksheets/sheet1.xml', xlsx([{ name: 'S', rows: [['x']] }])],
    ['PPTX', PPTX, 'ppt/slides/slide1.xml', pptx([{ paragraphs: ['x'] }])],
    ['EPUB', EPUB, 'OEBPS/content.opf', epub([{ title: 'x', paragraphs: ['x'] }])],
    ['ODT', ODT, 'content.xml', odt(['x'])],
  ])('a zip bomb in %s', async (_, type, name, whole) => {
    expect((await read(whole, type)).passages).toHaveLength(1);
    await refused(inflated(whole, name), type, 'TOO_LARGE');
  });

  it('entities that make a billion of one stay what they are', async () => {
    const lol = `<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>`;
    const file = odt(['x']);
    const { mimetype, ...files } = unzipSync(file);
    const content = Buffer.from(files['content.xml']!)
      .toString()
      .replace('?>\n', `?>${lol}\n`)
      .replace('>x<', '>&b; &c; &amp; whale<');
    const packed = zipSync({ mimetype: [mimetype!, { level: 0 }], ...files, 'content.xml': strToU8(content) });
    const { text } = await read(packed, ODT);
    expect(text).toContain('& whale');
    expect(text).not.toMatch(/lollol|root:/);
  });

  it('ten thousand sheets', async () => {
    const rows: Cell[][] = [['x']];
    await refused(xlsx(Array.from({ length: 10_001 }, (_, i) => ({ name: `S${i}`, rows }))), XLSX, 'TOO_LARGE');
    await refused(xlsx(Array.from({ length: 1_001 }, (_, i) => ({ name: `S${i}`, rows }))), XLSX, 'TOO_LARGE');
    const many = await read(xlsx(Array.from({ length: 900 }, (_, i) => ({ name: `S${i}`, rows }))), XLSX);
    expect(many.passages).toHaveLength(900);
  });

  it('a CSV of one line of thirty megabytes, and one whose quote never ends', async () => {
    await refused(Buffer.alloc(30 * 1024 ** 2, 'a,'), 'text/csv', 'TOO_LARGE');
    const open = await read(strToU8(`a,"b\n${'c,d\n'.repeat(5_000)}`), 'text/csv');
    expect(open.passages.length).toBeGreaterThan(50);
  });

  it('an e-mail that only a key opens', async () => {
    const sealed = (type: string) =>
      strToU8(
        `From: a@example.org\r\nSubject: Secret\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\n\r\nMIAGCSqG\r\n`,
      );
    for (const type of ['application/pkcs7-mime; smime-type=enveloped-data', 'application/pgp-encrypted'])
      await expect(read(sealed(type), 'message/rfc822')).rejects.toMatchObject({
        code: 'PASSWORD_PROTECTED',
        message: expect.stringContaining('save its text'),
      });
  });

  it('e-mails in one another, and headers without end', async () => {
    let inner = 'Subject: core\r\n\r\nwhale';
    for (let i = 0; i < 200; i++)
      inner = `Subject: ${i}\r\nContent-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--b${i}--`;
    await read(strToU8(inner), 'message/rfc822').then(
      ({ text }) => expect(text).toContain('199'),
      (error) => expect(error).toMatchObject({ name: 'DocumentProblem', code: 'TOO_EXPENSIVE' }),
    );
    await refused(strToU8(`Subject: ${'x'.repeat(3 * 1024 ** 2)}\r\n\r\nhi`), 'message/rfc822', 'TOO_EXPENSIVE');
    await refused(strToU8('just a text'), 'message/rfc822', 'TYPE_MISMATCH');
  });

  it('groups of RTF in one another, and one that breaks off', async () => {
    await refused(strToU8(`{\\rtf1 ${'{'.repeat(200_000)}x`), 'application/rtf', 'TOO_EXPENSIVE');
    expect((await read(strToU8('{\\rtf1 whale \\'), 'application/rtf')).text).toContain('whale');
    expect((await read(strToU8('{\\rtf1 before\\par\\bin99999999 after}'), 'application/rtf')).text).toBe('before');
  });

  it('RTF of letters without end, whole or cut off, and of words that RTF does not have', async () => {
    const rtf = (body: string) => read(strToU8(`{\\rtf1\\ansi ${body}\\par}`), 'application/rtf');
    // Each byte is decoded once: else this takes hours.
    expect((await rtf(`\\ansicpg932 ${"\\'83A".repeat(300_000)}`)).text).toBe('ア'.repeat(300_000));
    expect((await rtf(`\\ansicpg65001 ${"\\'e4A".repeat(300_000)}`)).text).toBe('\ufffdA'.repeat(300_000));
    expect((await rtf('a\\constructor b\\toString c\\valueOf d')).text).toBe('abcd');
  });

  it.each([
    ['an XLSX said to be a DOCX', xlsx([{ name: 'S', rows: [['x']] }]), DOCX],
    ['an EPUB said to be an ODT', epub([{ title: 'x', paragraphs: ['x'] }]), ODT],
    ['a PDF said to be a PPTX', pdf(['x']), PPTX],
    ['a text said to be RTF', strToU8('hello'), 'application/rtf'],
    ['a zip said to be an EPUB', zipSync({ a: strToU8('x') }), EPUB],
  ])('%s', (_, bytes, type) => refused(bytes, type, 'TYPE_MISMATCH'));

  it.each([
    ['an XLSX without cells', xlsx([{ name: 'S', rows: [] }]), XLSX],
    ['a PPTX of pictures', pptx([{ paragraphs: [] }, { paragraphs: [] }]), PPTX],
    ['an ODP of pictures', odp([[], []]), ODP],
    ['an ODS without cells', ods('S', []), ODS],
    ['an EPUB without chapters', epub([]), EPUB],
    ['an ODT without text', odt([]), ODT],
  ])('%s', (_, bytes, type) => refused(bytes, type, 'NO_TEXT'));
});
