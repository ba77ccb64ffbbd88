import { strToU8, unzipSync, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { DOCX, type DocumentType, PPTX, XLSX } from './file-kind.ts';
import { readDocument } from './read-document.ts';
import { docx } from './testing/files.ts';
import { ods, pptx, xlsx } from './testing/packed-files.ts';

const withPart = (file: Uint8Array, part: string, change: (xml: string) => string): Uint8Array => {
  const files = unzipSync(file);
  return zipSync({ ...files, [part]: strToU8(change(Buffer.from(files[part]!).toString())) });
};
const rowsOf = async (file: Uint8Array, type: DocumentType) =>
  (await readDocument(file, type)).text.split('\n\n').filter((row) => row.includes('|'));

const ROWS = ['Region | Year | Share', 'North | 2025 | 12', 'North | 2026 | 13', 'South | 2025 | 1'];
const [LABELLED, BELOW] = [
  ['North', '2025', '12'],
  ['', '2026', '13'],
];

it('of a page: what a cell says that runs down several rows is said in each of them', async () => {
  const page = (body: string) => rowsOf(strToU8(`<table>${body}</table>`), 'text/html');
  expect(
    await page(
      '<tr><th>Region<th>Year<th>Share</tr><tr><td rowspan="2">North<td>2025<td>12</tr><tr><td>2026<td>13</tr><tr><td>South<td>2025<td>1</tr>',
    ),
  ).toEqual(ROWS);
  expect(
    await page('<tr><td rowspan=2 colspan=2>Wide<td>a<td rowspan=2>End</tr><tr><td>b</tr><tr><td>c<td>d<td>e</tr>'),
  ).toEqual(['Wide | a | End', 'Wide | b | End', 'c | d | e']);
  const long = 'A long cell that tells a tale. '.repeat(5).trim();
  expect(await page(`<tr><td rowspan=2>${long}<td>a</tr><tr><td>b<td>c</tr>`)).toEqual([`${long} | a`, 'b | c']);
});

it('of a Word document', async () => {
  const cell = (text: string, merge = '') =>
    `<w:tc><w:tcPr>${merge}</w:tcPr><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:tc>`;
  const row = (...cells: readonly string[]) => `<w:tr>${cells.join('')}</w:tr>`;
  const body = [
    row(cell('Region'), cell('Year'), cell('Share')),
    row(cell('North', '<w:vMerge w:val="restart"/>'), cell('2025'), cell('12')),
    row(cell('', '<w:vMerge/>'), cell('2026'), cell('13')),
    row(cell('South'), cell('2025'), cell('1')),
  ];
  const file = withPart(docx(['x']), 'word/document.xml', (xml) =>
    xml.replace(/<w:body>.*<\/w:body>/, `<w:body><w:tbl>${body.join('')}</w:tbl></w:body>`),
  );
  expect(await rowsOf(file, DOCX)).toEqual(ROWS);
});

it('of a spreadsheet, each row with its own cells', async () => {
  const sheet = (name: string) => ({
    name,
    rows: [['Region', 'Year', 'Share'], LABELLED!, [null, ...BELOW!.slice(1)], ['South', '2025', '1']],
  });
  const merged = withPart(xlsx([sheet('A')]), 'xl/worksheets/sheet1.xml', (xml) =>
    xml.replace('</sheetData>', '</sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'),
  );
  expect(await rowsOf(merged, XLSX)).toEqual(ROWS);
  // Without it the cell is empty.
  expect(await rowsOf(xlsx([sheet('A')]), XLSX)).toContain('2026 | 13');

  const open = withPart(
    ods('A', [['Region', 'Year', 'Share'], LABELLED!, BELOW!, ['South', '2025', '1']]),
    'content.xml',
    (xml) =>
      xml
        .replace('<table:table-cell><text:p>North', '<table:table-cell table:number-rows-spanned="2"><text:p>North')
        .replace('<table:table-cell><text:p></text:p></table:table-cell>', '<table:covered-table-cell/>'),
  );
  expect(await rowsOf(open, 'application/vnd.oasis.opendocument.spreadsheet')).toEqual(ROWS);
});

it('of a presentation', async () => {
  const cell = (text: string, merge = '') => `<a:tc${merge}><a:p><a:r><a:t>${text}</a:t></a:r></a:p></a:tc>`;
  const body = [
    ['Region', 'Year', 'Share'].map((text) => cell(text)).join(''),
    cell('North', ' rowSpan="2"') + cell('2025') + cell('12'),
    cell('', ' vMerge="1"') + cell('2026') + cell('13'),
    ['South', '2025', '1'].map((text) => cell(text)).join(''),
  ];
  const file = withPart(pptx([{ title: 'T', paragraphs: [] }]), 'ppt/slides/slide1.xml', (xml) =>
    xml.replace(
      '</p:spTree>',
      `<p:graphicFrame><a:tbl>${body.map((row) => `<a:tr>${row}</a:tr>`).join('')}</a:tbl></p:graphicFrame></p:spTree>`,
    ),
  );
  expect(await rowsOf(file, PPTX)).toEqual(ROWS);
});
