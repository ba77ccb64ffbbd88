import { strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DOCX, PPTX } from './file-kind.ts';
import { readDocument } from './read-document.ts';
import { docx, pdf } from './testing/files.ts';
import { pptx } from './testing/packed-files.ts';

const textOf = async (bytes: Uint8Array, contentType: string, fileName?: string) =>
  (await readDocument(bytes, contentType, { fileName })).text;
const refused = (bytes: Uint8Array, contentType: string, fileName?: string) =>
  expect(textOf(bytes, contentType, fileName)).rejects.toMatchObject({ code: 'TYPE_MISMATCH' });
const hex = (digits: string) => Buffer.from(digits, 'hex');
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const KANJI = hex('1b244234413b7a1b2842');

describe('a text is read', () => {
  it.each([
    ['in UTF-16 without a mark', utf16('Hello, Grüße 漢字\nagain'), 'text/plain', 'Hello, Grüße 漢字\nagain'],
    ['in the other UTF-16', utf16('name;Größe').swap16(), 'text/csv', 'name;Größe'],
    ['of XML in UTF-16', utf16('<?xml version="1.0" encoding="utf-16"?><a>ü</a>'), 'application/xml', 'ü'],
    [
      'of XML in the encoding that it names',
      Buffer.concat([strToU8('<?xml version="1.0" encoding="windows-1251"?><a>'), hex('c8ecff'), strToU8('</a>')]),
      'application/xml',
      'Имя',
    ],
    ['in the Japanese of e-mail, which is ASCII as it stands', KANJI, 'text/plain', '漢字'],
    ['in that, where it is said', KANJI, 'text/plain; charset=iso-2022-jp', '漢字'],
    ['in GBK, where it is said', hex('d0d5c3fb'), 'text/plain; charset=gbk', '姓名'],
    [
      'of Windows in the West',
      Buffer.from('Straße;Ä Ö Ü;määrä;«été»', 'latin1'),
      'text/csv',
      'Straße;Ä Ö Ü;määrä;«été»',
    ],
    ['with the colours of a terminal', strToU8('\u001b[31mred\u001b(B\u001b[m'), 'text/plain', '\u001b[31mred'],
  ])('%s', async (_, bytes, type, expected) => {
    expect(await textOf(bytes, type)).toContain(expected);
  });

  it.each([
    'BMW is a car.',
    'MZ was here.',
    'GIF89a is a format.',
    'FORM 27b',
    'FWSB met.',
    'solid cube',
    'BZh, he said.',
  ])('that begins like a file of another format: %s', async (text) => {
    expect(await textOf(strToU8(text), 'text/plain')).toBe(text);
    expect(await textOf(Buffer.from(`${text},ü`, 'latin1'), 'text/csv')).toBe(`${text},ü`);
  });
});

describe('what is not text in a known encoding is refused, and not read as nonsense:', () => {
  it.each([
    ['a table in GBK', hex('d0d5c3fb2cb5d8d6b70ad5c5c8fd2cb1b1bea9cad00a')],
    ['a table in Shift JIS', hex('96bc914f2c8f5a8f8a0a8e5293632c938c8b9e0a')],
    ['a table in the Cyrillic of Windows', hex('c8ecff2ccce5f1f2ee0ac0edede0')],
    ['numbers of sixteen bits', Buffer.from(Uint16Array.from({ length: 200 }, (_, i) => i % 32).buffer)],
    ['a bitmap', Buffer.concat([strToU8('BM'), hex('3600000000000000'), Buffer.alloc(64, 0x41)])],
    ['a PDF', pdf(['x'])],
    ['RTF', strToU8('{\\rtf1 x}')],
  ])('%s', (_, bytes) => refused(bytes, 'text/csv'));
});

describe('a file is known by its name where its type says', () => {
  it.each([
    ['an archive', 'application/zip', 'a.docx'],
    ['an archive of Windows', 'application/x-zip-compressed', 'a.docx'],
    ['the program that opens it', 'application/msword', 'a.DOCX'],
    ['nothing', 'binary/octet-stream', 'a.docx'],
  ])('%s', async (_, type, name) => {
    const { text, contentType } = await readDocument(docx(['Some words.']), type, { fileName: name });
    expect([text, contentType]).toEqual(['Some words.', DOCX]);
  });

  it('the older format of a presentation; and what is in it decides', async () => {
    const file = pptx([{ paragraphs: ['Whales.'] }]);
    expect(await readDocument(file, 'application/vnd.ms-powerpoint', { fileName: 'a.pptx' })).toMatchObject({
      contentType: PPTX,
    });
    await refused(file, 'application/zip', 'a.docx');
    await expect(textOf(file, 'application/zip', 'a.zip')).rejects.toMatchObject({ code: 'UNSUPPORTED_TYPE' });
  });
});
