import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readDocument } from './read-document.ts';
import { docx, drawnPdf, type PlacedText, pdf } from './testing/files.ts';

const PDF = 'application/pdf';
const textOf = async (bytes: Uint8Array) => (await readDocument(bytes, PDF)).text;

/** Rows of texts from the top, each text at its column's place, drawn row by row. */
const rows = (columns: readonly number[], texts: readonly (readonly string[])[], top = 700): PlacedText[] =>
  texts.flatMap((row, i) =>
    row.flatMap((text, column) => (text === '' ? [] : [[columns[column]!, top - 12 * i, text] as const])),
  );
const prose = (name: string, lines: number) =>
  Array.from({ length: lines }, (_, i) => `The ${name} line number ${i + 1} fills its whole column`);
/** Columns of lines as rows. */
const beside = (...columns: readonly (readonly string[])[]) =>
  Array.from({ length: Math.max(...columns.map((column) => column.length)) }, (_, i) =>
    columns.map((column) => column[i] ?? ''),
  );

describe('columns of a PDF that are drawn line by line', () => {
  const [left, right] = [prose('left', 10), prose('right', 8)];

  it('are read one after another', async () => {
    expect(await textOf(drawnPdf(rows([60, 320], beside(left, right))))).toBe(`${left.join(' ')} ${right.join(' ')}`);
  });

  it('are read one after another below a title, and above a foot that run across them', async () => {
    const across = 'A title that runs across both of the columns, from the left one far into the other one';
    const texts = [
      ...rows([60], [[across]], 740),
      ...rows([60, 320], beside(left, right)),
      ...rows([60], [[`Foot: ${across}`]], 500),
    ];
    expect(await textOf(drawnPdf(texts))).toMatch(
      new RegExp(`^${across}\\s+${left.join(' ')} ${right.join(' ')}\\s+Foot: ${across}$`),
    );
  });

  it('are read one after another where there are three', async () => {
    const three = ['one', 'two', 'three'].map((name) =>
      Array.from({ length: 8 }, (_, i) => `Column ${name} with line ${i}`),
    );
    expect(await textOf(drawnPdf(rows([50, 230, 410], beside(...three))))).toBe(three.flat().join(' '));
  });

  it('keep their paragraphs', async () => {
    const texts = rows([60, 320], beside([...left.slice(0, 5), '', ...left.slice(5)], right));
    expect(await textOf(drawnPdf(texts))).toBe(
      `${left.slice(0, 5).join(' ')}\n\n${left.slice(5).join(' ')} ${right.join(' ')}`,
    );
  });

  it('are left as they are drawn where one is drawn after the other', async () => {
    const texts = [...rows([60], beside(left)), ...rows([320], beside(right))];
    expect(await textOf(drawnPdf(texts))).toBe(`${left.join(' ')} ${right.join(' ')}`);
  });
});

describe('a table of a PDF', () => {
  it.each([
    [
      'of names and numbers',
      [60, 320],
      Array.from({ length: 12 }, (_, i) => [`Item ${i} of the long list of things`, `${i * 12}.50`]),
    ],
    ['of short words', [60, 320], Array.from({ length: 12 }, (_, i) => [`Harbour ${i}`, `open until ${i} at night`])],
    [
      'of terms and what they mean',
      [60, 200],
      Array.from({ length: 12 }, (_, i) => [`Term ${i}`, `means what is said here of the thing with number ${i}`]),
    ],
    [
      'of sentences of any length',
      [60, 320],
      Array.from({ length: 12 }, (_, i) => [
        i % 3 === 0 ? 'Yes, we do that here all of the time' : 'No, not now',
        i % 2 === 0 ? 'This is what the other one says of it' : 'Never said',
      ]),
    ],
    [
      'of questions and answers',
      [60, 320],
      Array.from({ length: 8 }, (_, i) => [
        `How do I open account number ${i}?`,
        `Visit us with passport number ${i}.`,
      ]),
    ],
  ])('%s stays together, row by row', async (_, columns, table) => {
    const text = await textOf(drawnPdf(rows(columns, table)));
    for (const row of table) expect(text).toContain(row.join(' '));
  });
});

describe('what is put on a PDF', () => {
  const note = (subtype: string, contents: string, more = '') =>
    `<< /Type /Annot /Subtype /${subtype} /Rect [100 100 120 120] /Contents (${contents}) ${more} >>`;

  it('is read: notes with their authors, under a section of their own, on their page', async () => {
    const file = drawnPdf([[60, 700, 'The ship leaves at eight.']], {
      annotations: [
        note('Text', 'Ask the captain.', '/T (Ada)'),
        note('Highlight', 'Is that so?', '/QuadPoints [60 710 90 710 60 700 90 700]'),
        // A copy of what is marked, what is not shown, and the window of a note.
        note('Highlight', 'leaves at eight', '/QuadPoints [60 710 90 710 60 700 90 700]'),
        note('Text', 'Hidden.', '/F 2'),
        // Short remarks are none, though their letters are in the page.
        note('Highlight', 'At eight', '/QuadPoints [60 710 90 710 60 700 90 700]'),
        note('Highlight', 'Hip leaves at', '/QuadPoints [60 710 90 710 60 700 90 700]'),
        note('Highlight', '!', '/QuadPoints [60 710 90 710 60 700 90 700]'),
        note('Popup', 'Ask the captain.'),
      ],
    });
    const { text, passages } = await readDocument(file, PDF);
    expect(text).toBe(
      'The ship leaves at eight.\n\nAda: Ask the captain.\n\nIs that so?\n\nAt eight\n\nHip leaves at\n\n!',
    );
    expect(passages.map(({ section, page, text: said }) => [section, page, said])).toEqual([
      [undefined, 1, 'The ship leaves at eight.'],
      ['Notes', 1, 'Ada: Ask the captain.\n\nIs that so?\n\nAt eight\n\nHip leaves at\n\n!'],
    ]);
  });

  it('is read: attached files, each under its name; those that cannot be read are named', async () => {
    const file = drawnPdf([[60, 700, 'See what is attached.']], {
      files: {
        'plan.docx': docx(['# Monday', 'We sail at noon.']),
        'rates.csv': strToU8('port,fee\nGhent,12\n'),
        'photo.jpg': strToU8('no picture'),
        'broken.docx': strToU8('no document'),
        'inner.pdf': drawnPdf([[60, 700, 'Within.']], { files: { 'deep.txt': strToU8('Too deep.') } }),
      },
    });
    const { text, passages } = await readDocument(file, PDF);
    const found = passages.map(({ section, page, text: said }) => `${section} ${page}: ${said}`);
    expect(found).toContain('undefined 1: See what is attached.');
    expect(found.find((one) => one.includes('noon'))).toMatch(/^plan\.docx › Monday undefined: /);
    expect(found.find((one) => one.includes('Ghent'))).toMatch(/^rates\.csv undefined: /);
    expect(text).toContain('Attached: photo.jpg');
    expect(text).toContain('Attached: broken.docx');
    expect(text).toContain('Within.');
    expect(text).not.toContain('Too deep.');
    for (const { start, end, text: said } of passages) expect(text.slice(start, end)).toBe(said);
  });

  it('is read: a file that is attached at a place of a page and to all of it, once', async () => {
    const file = drawnPdf([[60, 700, 'See the pin.']], {
      annotations: [note('FileAttachment', 'The list.', '/FS 7 0 R')],
      files: { 'list.txt': strToU8('Ropes and sails.') },
    });
    expect(await textOf(file)).toBe('See the pin.\n\nThe list.\n\nAttached: list.txt\n\nRopes and sails.');
  });

  it('is read: two attached files of one name and one length', async () => {
    const file = drawnPdf([[60, 700, 'See the pins.']], {
      annotations: [note('FileAttachment', 'The list.', '/FS 9 0 R')],
      files: { 'a.txt': strToU8('Ropes.'), 'b/a.txt': strToU8('Sails.') },
    });
    const text = await textOf(file);
    expect(text).toContain('Ropes.');
    expect(text).toContain('Sails.');
  });

  it('is named where it alone is too large, or no reader knows what is wrong with it', async () => {
    const rows = '<row r="1"><c r="A1"><v>1</v></c></row>';
    const sheets = Array.from({ length: 1_001 }, (_, i) => `<sheet name="S${i}" r:id="r1"/>`).join('');
    const large = zipSync({
      '[Content_Types].xml': strToU8('<Types/>'),
      'xl/workbook.xml': strToU8(`<workbook><sheets>${sheets}</sheets></workbook>`),
      'xl/_rels/workbook.xml.rels': strToU8(
        '<Relationships><Relationship Id="r1" Type="x" Target="worksheets/sheet1.xml"/></Relationships>',
      ),
      'xl/worksheets/sheet1.xml': strToU8(`<worksheet><sheetData>${rows}</sheetData></worksheet>`),
    });
    const file = drawnPdf([[60, 700, 'See the sheet.']], { files: { 'large.xlsx': large } });
    expect(await textOf(file)).toBe('See the sheet.\n\nAttached: large.xlsx');
  });

  it('is not looked for in vain: a PDF without any reads as before', async () => {
    expect(await textOf(pdf(['One.', 'Two.']))).toBe('One.\n\nTwo.');
  });
});

describe('words of a PDF whose letters stand apart', () => {
  const WIDTHS: Readonly<Record<string, number>> = { ' ': 278, I: 278, T: 611, L: 556, S: 667, W: 944, O: 778 };
  /** A text of Helvetica with so many points between its letters, each drawn at its place. */
  const spaced = (text: string, gap: number, drawsSpaces = false): PlacedText[] => {
    let x = 60;
    return Array.from(text).flatMap((letter) => {
      const at = x;
      x += (WIDTHS[letter] ?? 722) / 100 + gap;
      return letter === ' ' && !drawsSpaces ? [] : [[Math.round(at * 100) / 100, 700, letter] as const];
    });
  };

  it.each([2, 3, 4, 5, 6, 8])('are whole words, %d points apart', async (gap) => {
    const file = drawnPdf([...spaced('INTRODUCTION TO OWLS', gap), [60, 680, 'Owls sleep by day.']]);
    expect(await textOf(file)).toBe('INTRODUCTION TO OWLS Owls sleep by day.');
  });

  it.each([1.2, 1.5, 1.8])('end where a space is drawn, %d points apart', async (gap) => {
    const file = drawnPdf([...spaced('INTRODUCTION TO OWLS', gap, true), ...rows([60], [['Owls sleep by day.']], 680)]);
    expect(await textOf(file)).toBe('INTRODUCTION TO OWLS Owls sleep by day.');
  });

  it('are read beside ordinary ones', async () => {
    const file = drawnPdf([[60, 720, 'Page 7'], ...spaced('CHAPTER 2: HABITAT', 4), [60, 680, 'I saw a big owl.']]);
    expect(await textOf(file)).toBe('Page 7 CHAPTER 2: HABITAT I saw a big owl.');
  });

  it.each([
    ['names of columns', 'A B C D E F'],
    ['answers', 'Y N Y N N Y'],
    ['digits', '1 2 3 4 5'],
    ['initials', 'J R R T'],
  ])('are not made of %s', async (_, text) => {
    const letters = text.split(' ').map((letter, i) => [60 + 11 * i, 700, letter] as const);
    expect(await textOf(drawnPdf(letters))).toBe(text);
  });

  it('are not made of cells of one letter', async () => {
    const letters = Array.from('OWLET', (letter, i) => [60 + 40 * i, 700, letter] as const);
    expect(await textOf(drawnPdf(letters))).toBe('O W L E T');
  });
});
