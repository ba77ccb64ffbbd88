import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { readDocument } from './read-document.ts';
import { odt } from './testing/packed-files.ts';

const ODT = 'application/vnd.oasis.opendocument.text';

/** A text with these styles and this body, as LibreOffice writes it. */
function written(body: string, { own = '', shared = '' }: { own?: string; shared?: string } = {}): Uint8Array {
  const { mimetype, ...files } = unzipSync(odt(['PLACE']));
  const content = Buffer.from(files['content.xml']!)
    .toString()
    .replace('<office:body>', `<office:automatic-styles>${own}</office:automatic-styles><office:body>`)
    .replace('<text:p>PLACE</text:p>', body);
  return zipSync({
    mimetype: [mimetype!, { level: 0 }],
    ...files,
    'content.xml': strToU8(content),
    'styles.xml': strToU8(`<office:document-styles><office:styles>${shared}</office:styles></office:document-styles>`),
  });
}
const style = (name: string, family: string, properties: string, parent = '') =>
  `<style:style style:name="${name}" style:family="${family}"${parent && ` style:parent-style-name="${parent}"`}><style:text-properties ${properties}/></style:style>`;
const HIDDEN = 'text:display="none"';

describe('hidden text of an OpenDocument file', () => {
  it.each([
    [
      'of letters',
      '<text:p>Seen<text:span text:style-name="T1"> and hidden</text:span>.</text:p>',
      { own: style('T1', 'text', HIDDEN) },
    ],
    [
      'of a paragraph',
      '<text:p text:style-name="P1">Hidden.</text:p><text:p>Seen.</text:p>',
      { own: style('P1', 'paragraph', HIDDEN) },
    ],
    [
      'of a style that another one is based on',
      '<text:h text:style-name="P2">Hidden</text:h><text:p>Seen.</text:p>',
      { own: style('P2', 'paragraph', 'fo:color="#ff0000"', 'Secret'), shared: style('Secret', 'paragraph', HIDDEN) },
    ],
    [
      'of a section with a list and a note in it',
      '<text:section text:name="S" text:display="none"><text:list><text:list-item><text:p>Hidden<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Too.</text:p></text:note-body></text:note></text:p></text:list-item></text:list></text:section><text:p>Seen.</text:p>',
      {},
    ],
    [
      'of a field that hides its paragraph',
      '<text:p><text:hidden-paragraph text:is-hidden="true"/>Hidden.</text:p><text:p><text:hidden-paragraph text:is-hidden="false"/>Seen.</text:p>',
      {},
    ],
    ['of a field', '<text:p>Seen<text:hidden-text text:is-hidden="true">hidden</text:hidden-text>.</text:p>', {}],
  ])('is not read: %s', async (_, body, styles) => {
    expect((await readDocument(written(body, styles), ODT)).text).toBe('Seen.');
  });

  it('is not read at the edge of pages', async () => {
    const header =
      '<style:header><text:p>Letterhead<text:span text:style-name="T1"> hidden</text:span>.</text:p><text:p><text:hidden-paragraph text:is-hidden="true"/>Hidden.</text:p></style:header>';
    const shared = `${style('T1', 'text', HIDDEN)}${header}`;
    expect((await readDocument(written('<text:p>Seen.</text:p>', { shared }), ODT)).text).toBe('Seen.\n\nLetterhead.');
  });

  it('is read again where a style shows it', async () => {
    const shared = style('Secret', 'text', HIDDEN);
    const own = style('T1', 'text', 'text:display="true"', 'Secret');
    const body = '<text:p>Seen <text:span text:style-name="T1">too</text:span>.</text:p>';
    expect((await readDocument(written(body, { own, shared }), ODT)).text).toBe('Seen too.');
  });

  it('leaves the letters of another family alone whose style has the same name', async () => {
    const body = '<text:p text:style-name="P1">Seen.</text:p>';
    expect((await readDocument(written(body, { own: style('P1', 'text', HIDDEN) }), ODT)).text).toBe('Seen.');
  });
});
