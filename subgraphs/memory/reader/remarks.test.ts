import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DOCX, type DocumentType, PPTX, XLSX } from './file-kind.ts';
import { readDocument } from './read-document.ts';
import { docx } from './testing/files.ts';
import { odp, ods, odt, pptx, xlsx } from './testing/packed-files.ts';

/** A packed file with parts beside those that it has, or instead of them. */
const withParts = (file: Uint8Array, parts: Readonly<Record<string, string>>): Uint8Array =>
  zipSync({
    ...unzipSync(file),
    ...Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, strToU8(text)])),
  });
const changed = (file: Uint8Array, part: string, from: string, to: string): Uint8Array =>
  withParts(file, { [part]: Buffer.from(unzipSync(file)[part]!).toString().replace(from, to) });
const links = (...targets: readonly string[]) =>
  `<Relationships>${targets.map((target, i) => `<Relationship Id="r${i + 1}" Target="${target}"/>`).join('')}</Relationships>`;

/** The remark of a document that is cited, with where that is. */
async function remarkIn(file: Uint8Array, type: DocumentType, words: string) {
  const { text, passages } = await readDocument(file, type);
  const passage = passages.find((one) => one.text.includes(words));
  expect(text.slice(passage!.start, passage!.end)).toBe(passage!.text);
  return { text, passage: passage! };
}

describe('what people noted is found where they noted it', () => {
  const commented = (document: string, comments: string, more: Record<string, string> = {}) =>
    docx(['x'], {
      'word/document.xml': strToU8(
        `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${document}</w:body></w:document>`,
      ),
      'word/comments.xml': strToU8(
        `<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${comments}</w:comments>`,
      ),
      ...Object.fromEntries(Object.entries(more).map(([name, text]) => [name, strToU8(text)])),
    });
  const comment = (id: number, author: string, ...texts: readonly string[]) =>
    `<w:comment w:id="${id}" w:author="${author}" w:initials="G">${texts.map((text) => `<w:p><w:r><w:annotationRef/></w:r><w:r><w:t>${text}</w:t></w:r></w:p>`).join('')}</w:comment>`;

  it('in a Word document: with its author, the words that it is about, and the section', async () => {
    const file = commented(
      `<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>Habitat</w:t></w:r></w:p>
       <w:p><w:r><w:t>The owl sleeps </w:t></w:r><w:commentRangeStart w:id="0"/><w:commentRangeStart w:id="1"/><w:r><w:t>by day</w:t></w:r><w:commentRangeEnd w:id="0"/><w:commentRangeEnd w:id="1"/><w:r><w:commentReference w:id="0"/></w:r><w:r><w:t>.</w:t></w:r></w:p>
       <w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>Food</w:t></w:r></w:p><w:p><w:r><w:t>Mice.</w:t></w:r><w:r><w:commentReference w:id="2"/></w:r></w:p>`,
      comment(0, 'Grace', 'Check the walnut claim.', 'Twice.') +
        comment(1, '', 'Agreed.') +
        comment(2, 'Ada', 'Voles?'),
    );
    const { text, passage } = await remarkIn(file, DOCX, 'walnut');
    expect(text).toContain('Grace on “by day”: Check the walnut claim.\nTwice.');
    expect(text).toContain('On “by day”: Agreed.');
    expect(text).toContain('Ada: Voles?');
    expect(text).toContain('The owl sleeps by day.');
    expect(passage.section).toBe('Habitat › Notes');
    expect((await remarkIn(file, DOCX, 'Voles')).passage.section).toBe('Food › Notes');
  });

  it('in a Word document: without the words that are hidden or were moved away', async () => {
    const file = commented(
      `<w:p><w:commentRangeStart w:id="0"/><w:r><w:t>Seen </w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden </w:t></w:r><w:moveFrom w:id="7" w:author="A"><w:r><w:t>moved </w:t></w:r></w:moveFrom><w:r><w:t>words.</w:t></w:r><w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r></w:p>`,
      comment(0, 'Ada', 'Really?'),
    );
    expect((await remarkIn(file, DOCX, 'Really')).text).toBe('Seen words.\n\nAda on “Seen words.”: Really?');
  });

  it('in a Word document: with the first words alone of what never ends', async () => {
    const file = commented(
      `<w:p><w:commentRangeStart w:id="0"/>${'<w:r><w:t>word </w:t></w:r>'.repeat(500)}<w:r><w:commentReference w:id="0"/></w:r></w:p>`,
      comment(0, 'Ada', 'Long.'),
    );
    expect((await remarkIn(file, DOCX, 'Long.')).text).toContain(`Ada on “${'word '.repeat(16).trim()} …”: Long.`);
  });

  it('in a Word document that names its parts its own way; one that is about nothing there is read, too', async () => {
    const file = commented('<w:p><w:r><w:t>Text.</w:t></w:r></w:p>', comment(9, 'Grace', 'No.'), {
      'word/_rels/document.xml.rels': links('comments7.xml'),
      'word/comments7.xml': `<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${comment(3, 'Ada', 'Lost walnut.')}</w:comments>`,
    });
    expect((await remarkIn(file, DOCX, 'walnut')).text).toBe('Text.\n\nAda: Lost walnut.');
  });

  const SHEET = xlsx([
    {
      name: 'Plan',
      rows: [
        ['Item', 'Count'],
        ['Nuts', 3],
      ],
    },
  ]);

  it.each([
    ['../comments1.xml', 'xl/comments1.xml'],
    // As openpyxl calls it.
    ['/xl/comments/comment1.xml', 'xl/comments/comment1.xml'],
  ])('in a spreadsheet: at its cell, with its author once, in %s', async (target, part) => {
    const file = withParts(SHEET, {
      'xl/worksheets/_rels/sheet1.xml.rels': links(target),
      [part]:
        '<comments><authors><author>Grace</author><author/></authors><commentList><comment ref="B2" authorId="0"><text><r><t>Grace:</t></r><r><t xml:space="preserve">\nAsk about the walnut order.</t></r></text></comment><comment ref="A1" authorId="1"><text><t>Short name</t></text></comment></commentList></comments>',
    });
    const { text, passage } = await remarkIn(file, XLSX, 'walnut');
    expect(text).toBe('Plan\n\nItem | Count\n\nNuts | 3\n\nA1: Short name\n\nB2, Grace: Ask about the walnut order.');
    expect(passage).toMatchObject({ section: 'Plan › Notes', cells: 'A1:B2' });
  });

  it('in a spreadsheet: threads with their answers, and not what is written for older programs', async () => {
    const file = withParts(SHEET, {
      'xl/worksheets/_rels/sheet1.xml.rels': links('../comments1.xml', '../threadedComments/threadedComment1.xml'),
      'xl/comments1.xml':
        '<comments><authors><author>tc={1}</author></authors><commentList><comment ref="B2" authorId="0"><text><t>[Threaded comment] Your version of Excel allows you to read this.</t></text></comment></commentList></comments>',
      'xl/threadedComments/threadedComment1.xml':
        '<ThreadedComments><threadedComment ref="B2" personId="{P1}" id="{1}"><text>Enough walnuts?</text></threadedComment><threadedComment ref="B2" personId="{P2}" id="{2}" parentId="{1}"><text>Three bags.</text></threadedComment></ThreadedComments>',
      'xl/_rels/workbook.xml.rels': Buffer.from(unzipSync(SHEET)['xl/_rels/workbook.xml.rels']!)
        .toString()
        .replace('</Relationships>', '<Relationship Id="p1" Target="persons/person.xml"/></Relationships>'),
      'xl/persons/person.xml':
        '<personList><person displayName="Grace" id="{P1}"/><person displayName="Ada" id="{P2}"/></personList>',
    });
    const { text, passage } = await remarkIn(file, XLSX, 'walnuts');
    expect(text).toBe('Plan\n\nItem | Count\n\nNuts | 3\n\nB2, Grace: Enough walnuts?\n\nB2, Ada: Three bags.');
    expect(passage).toMatchObject({ section: 'Plan › Notes', cells: 'B2' });
  });

  const SLIDES = pptx([
    { title: 'Owls', paragraphs: ['They hoot.'] },
    { title: 'Mice', paragraphs: ['They squeak.'] },
  ]);

  it('in a presentation: on its slide, old remarks and new ones with their answers', async () => {
    const file = withParts(SLIDES, {
      'ppt/slides/_rels/slide1.xml.rels': links('../comments/comment1.xml'),
      'ppt/comments/comment1.xml':
        '<p:cmLst xmlns:p="p"><p:cm authorId="7" idx="1"><p:pos x="1" y="1"/><p:text>A walnut here.</p:text></p:cm></p:cmLst>',
      'ppt/commentAuthors.xml': '<p:cmAuthorLst xmlns:p="p"><p:cmAuthor id="7" name="Grace"/></p:cmAuthorLst>',
      'ppt/slides/_rels/slide2.xml.rels': links('../comments/modernComment_100_0.xml'),
      'ppt/comments/modernComment_100_0.xml':
        '<p188:cmLst xmlns:p188="q" xmlns:a="a"><p188:cm id="{1}" authorId="{A}"><p188:txMkLst/><p188:replyLst><p188:reply id="{2}" authorId="{B}"><p188:txBody><a:p><a:r><a:t>Of course.</a:t></a:r></a:p></p188:txBody></p188:reply></p188:replyLst><p188:txBody><a:p><a:r><a:t>More about </a:t></a:r><a:r><a:t>hazelnuts?</a:t></a:r></a:p></p188:txBody></p188:cm></p188:cmLst>',
      'ppt/authors.xml':
        '<p188:authorLst xmlns:p188="q"><p188:author id="{A}" name="Ada"/><p188:author id="{B}" name="Grace"/></p188:authorLst>',
    });
    const first = await remarkIn(file, PPTX, 'walnut');
    expect(first.text).toBe(
      ['Owls', 'They hoot.', 'Grace: A walnut here.', 'Mice', 'They squeak.']
        .join('\n\n')
        .concat('\n\nAda: More about hazelnuts?\n\nGrace: Of course.'),
    );
    expect(first.passage).toMatchObject({ section: 'Owls › Notes', page: 1 });
    expect((await remarkIn(file, PPTX, 'hazelnuts')).passage).toMatchObject({ section: 'Mice › Notes', page: 2 });
  });

  const ANNOTATION =
    '<office:annotation office:name="c1"><dc:creator>Grace</dc:creator><dc:date>2026-01-02T10:00:00</dc:date><meta:creator-initials>G</meta:creator-initials><text:p>Check the walnuts.</text:p><text:list><text:list-item><text:p>All of them.</text:p></text:list-item></text:list></office:annotation>';

  it('in OpenDocument: behind its paragraph, at its cell, on its slide', async () => {
    const text = changed(
      odt(['# Habitat', 'It sleeps by day.', 'End.']),
      'content.xml',
      'by day',
      `${ANNOTATION}by day`,
    );
    const remark = 'Grace: Check the walnuts.\nAll of them.';
    const inText = await remarkIn(text, 'application/vnd.oasis.opendocument.text', 'walnuts');
    expect(inText.text).toBe(`Habitat\n\nIt sleeps by day.\n\n${remark}\n\nEnd.`);
    expect(inText.passage.section).toBe('Habitat › Notes');

    const sheet = changed(
      ods('Plan', [
        ['Item', 'Count'],
        ['Nuts', '3'],
      ]),
      'content.xml',
      '<text:p>3</text:p>',
      `${ANNOTATION}<text:p>3</text:p>`,
    );
    const inSheet = await remarkIn(sheet, 'application/vnd.oasis.opendocument.spreadsheet', 'walnuts');
    expect(inSheet.text).toBe(`Plan\n\nItem | Count\n\nNuts | 3\n\nB2, ${remark}`);
    expect(inSheet.passage).toMatchObject({ section: 'Plan › Notes', cells: 'B2' });

    const slide = changed(odp([['They hoot.']]), 'content.xml', '</draw:page>', `${ANNOTATION}</draw:page>`);
    const onSlide = await remarkIn(slide, 'application/vnd.oasis.opendocument.presentation', 'walnuts');
    expect(onSlide.text).toBe(`Slide 1\n\nThey hoot.\n\n${remark}`);
    expect(onSlide.passage).toMatchObject({ section: 'Slide 1 › Notes', page: 1 });
  });

  it('in OpenDocument: one on what was taken out, or on what is hidden, goes with it', async () => {
    const file = changed(
      odt(['Text.']),
      'content.xml',
      '<text:p>Text.',
      `<text:tracked-changes><text:changed-region><text:deletion><text:p>Gone${ANNOTATION}</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>Text.`,
    );
    expect((await readDocument(file, 'application/vnd.oasis.opendocument.text')).text).toBe('Text.');
  });
});
