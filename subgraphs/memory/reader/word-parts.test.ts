import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DOCX } from './file-kind.ts';
import { readDocument } from './read-document.ts';
import { docx } from './testing/files.ts';

const SPACES =
  'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"';
const word = (body: string, extra: Record<string, Uint8Array> = {}) =>
  docx(['x'], {
    'word/document.xml': strToU8(`<w:document ${SPACES}><w:body>${body}</w:body></w:document>`),
    ...extra,
  });
const run = (text: string, properties = '') =>
  `<w:r>${properties && `<w:rPr>${properties}</w:rPr>`}<w:t xml:space="preserve">${text}</w:t></w:r>`;
const paragraph = (...runs: string[]) => `<w:p>${runs.join('')}</w:p>`;
const textOf = async (bytes: Uint8Array) => (await readDocument(bytes, DOCX)).text;

describe('of a Word document', () => {
  it('hidden text is not quoted, whether a run, a style or the style of a paragraph hides it', async () => {
    const styles = strToU8(
      `<w:styles ${SPACES}><w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type="character" w:styleId="Inner"><w:name w:val="Inner"/><w:basedOn w:val="Secret"/></w:style><w:style w:type="paragraph" w:styleId="Answers"><w:name w:val="Answers"/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>`,
    );
    const body = [
      paragraph(run('One '), run('hidden ', '<w:b/><w:vanish/>'), run('two.', '<w:vanish w:val="0"/>')),
      paragraph(run('Three '), run('hidden', '<w:rStyle w:val="Inner"/>'), run('four.')),
      `<w:p><w:pPr><w:pStyle w:val="Answers"/></w:pPr>${run('hidden answer')}${run('Shown.', '<w:vanish w:val="false"/>')}</w:p>`,
      // What a run was before a change of it does not count.
      paragraph(run('Five.', '<w:rPrChange w:id="1" w:author="A"><w:rPr><w:vanish/></w:rPr></w:rPrChange>')),
      // The mark at the end of a paragraph is hidden; its letters are not.
      `<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>${run('Six.')}</w:p>`,
      // A box in a hidden run goes with it.
      paragraph(
        `<w:r><w:rPr><w:vanish/></w:rPr><w:pict><w:txbxContent>${paragraph(run('hidden box'))}</w:txbxContent></w:pict></w:r>`,
        run('Seven.'),
      ),
    ].join('');
    expect(await textOf(word(body, { 'word/styles.xml': styles }))).toBe(
      ['One two.', 'Three four.', 'Shown.', 'Five.', 'Six.', 'Seven.'].join('\n\n'),
    );
  });

  it('what was taken out or moved away is left out, and what was put in or moved here is read', async () => {
    const taken = (text: string) => `<w:del w:id="1" w:author="A"><w:r><w:delText>${text}</w:delText></w:r></w:del>`;
    const body = [
      paragraph(run('The fee is '), taken('100'), `<w:ins w:id="2" w:author="A">${run('120')}</w:ins>`, run(' euros.')),
      paragraph(`<w:moveFrom w:id="3" w:author="A">${run('Moved words.')}</w:moveFrom>`, run('Before.')),
      paragraph(run('After. '), `<w:moveTo w:id="3" w:author="A">${run('Moved words.')}</w:moveTo>`),
    ].join('');
    const header = `<w:hdr ${SPACES}>${paragraph(run('Letterhead'), `<w:moveFrom w:id="4">${run(' of old')}</w:moveFrom>`, run(' draft', '<w:vanish/>'))}</w:hdr>`;
    expect(await textOf(word(body, { 'word/header1.xml': strToU8(header) }))).toBe(
      ['The fee is 120 euros.', 'Before.', 'After. Moved words.', 'Letterhead'].join('\n\n'),
    );
  });

  it('boxes are read where a program writes them in the newer form alone, and once where it writes both', async () => {
    const box = (text: string) =>
      `<w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent>${paragraph(run(text))}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>`;
    const choice = (text: string, fallback = '') =>
      `<w:r><mc:AlternateContent><mc:Choice Requires="wps">${box(text)}</mc:Choice>${fallback}</mc:AlternateContent></w:r>`;
    const older = `<mc:Fallback><w:pict><w:txbxContent>${paragraph(run('Both.'))}</w:txbxContent></w:pict></mc:Fallback>`;
    const body = paragraph(run('Text.'), choice('Newer.'), choice('Both.', older), `<w:r>${box('Bare.')}</w:r>`);
    expect((await textOf(word(body))).split('\n\n').sort()).toEqual(['Bare.', 'Both.', 'Newer.', 'Text.']);
  });

  it('documents in other formats within it are read where they stand', async () => {
    const chunk = (id: string) => `<w:altChunk r:id="${id}"/>`;
    const page = '<html><head><title>No</title></head><body><h2>Fees</h2><p>They are &lt; 5 euros.</p></body></html>';
    const chunks: Record<string, string | Uint8Array> = {
      'a.htm': page,
      'b.mht': `MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Na=C3=AFve page.</p>\r\n--x--\r\n`,
      'c.rtf': '{\\rtf1\\ansi Rich words.\\par}',
      'd.txt': 'Plain\n\nwords.',
      'e.docx': word(paragraph(run('Inner document.')) + chunk('r1'), {
        'word/_rels/document.xml.rels': strToU8(
          '<Relationships><Relationship Id="r1" Target="f.htm"/></Relationships>',
        ),
        'word/f.htm': strToU8('<p>Innermost.</p>'),
      }),
    };
    const names = Object.keys(chunks);
    const body = [
      paragraph(run('First.')),
      ...names.map((_, i) => chunk(`c${i}`)),
      chunk('missing'),
      paragraph(run('Last.')),
    ];
    const file = word(body.join(''), {
      'word/_rels/document.xml.rels': strToU8(
        `<Relationships>${names.map((name, i) => `<Relationship Id="c${i}" Target="${i === 0 ? '/word/' : ''}${name}"/>`).join('')}</Relationships>`,
      ),
      ...Object.fromEntries(
        Object.entries(chunks).map(([name, one]) => [`word/${name}`, typeof one === 'string' ? strToU8(one) : one]),
      ),
    });
    const { text, passages } = await readDocument(file, DOCX);
    expect(text.split('\n\n')).toEqual([
      ...['First.', 'Fees', 'They are < 5 euros.', 'Naïve page.', 'Rich words.', 'Plain', 'words.'],
      ...['Inner document.', 'Innermost.', 'Last.'],
    ]);
    for (const passage of passages) expect(text.slice(passage.start, passage.end)).toBe(passage.text);
    expect(passages.at(-1)!.section).toBe('Fees');
  });

  it('a document within it is read once, however often it is named, and all of them unpack to no more than one may', async () => {
    const target = (name: string, id = name) => `<Relationship Id="${id}" Target="${name}"/>`;
    const holder = (ids: readonly string[], targets: string, parts: Record<string, Uint8Array>) =>
      word(ids.map((id) => `<w:altChunk r:id="${id}"/>`).join(''), {
        'word/_rels/document.xml.rels': strToU8(`<Relationships>${targets}</Relationships>`),
        ...parts,
      });
    const twice = holder(['a', 'b', 'a'], target('p.htm', 'a') + target('p.htm', 'b'), {
      'word/p.htm': strToU8('<p>Words.</p>'),
    });
    expect(await textOf(twice)).toBe('Words.');
    const large = word(paragraph(run('Large.')), { 'word/media/x.bin': new Uint8Array(70 * 1024 ** 2) });
    const names = ['a.docx', 'b.docx', 'c.docx'];
    const parts = Object.fromEntries(names.map((name) => [`word/${name}`, large]));
    const bomb = holder(names, names.map((name) => target(name)).join(''), parts);
    await expect(textOf(bomb)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('one that Office has repaired, and numbered, is read like any other', async () => {
    const heading = `<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>${run('Title')}</w:p>`;
    const files = unzipSync(word(heading + paragraph(run('seen '), run('hidden', '<w:vanish/>'))));
    files['word/document2.xml'] = files['word/document.xml']!;
    delete files['word/document.xml'];
    for (const name of ['_rels/.rels', '[Content_Types].xml'])
      files[name] = strToU8(Buffer.from(files[name]!).toString().replace('word/document.xml', 'word/document2.xml'));
    const { text, passages } = await readDocument(zipSync(files), DOCX);
    expect(text).toBe('Title\n\nseen');
    expect(passages[0]!.section).toBe('Title');
  });
});
