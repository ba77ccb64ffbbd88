import { burn } from '@kenjiuno/msgreader/lib/Burner.js';
import { strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DocumentReader } from './document-reader.ts';
import { readDocument } from './read-document.ts';

const EML = 'message/rfc822';
const MSG = 'application/vnd.ms-outlook';

/** Bytes padded to a multiple of four. */
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const utf16 = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le');

/** Properties of MAPI as TNEF has them: numbers, texts, and bytes. */
function properties(values: readonly (readonly [id: number, value: number | string | Buffer])[]): Buffer {
  const parts = values.flatMap(([id, value]) => {
    if (typeof value === 'number') return [u16(3), u16(id), u32(value)];
    const bytes = typeof value === 'string' ? utf16(value) : value;
    return [u16(typeof value === 'string' ? 0x1f : 0x102), u16(id), u32(1), u32(bytes.length), padded(bytes)];
  });
  // One with a name of its own comes first.
  const named = [u16(0x1f), u16(0x8001), Buffer.alloc(16), u32(1), u32(6), padded(utf16('me')), u32(1), u32(4)];
  return Buffer.concat([u32(values.length + 1), ...named, utf16('x'), ...parts]);
}
const attribute = (level: number, id: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.of(level), u32(id), u32(data.length), data, u16(0)]);
const tnef = (...attributes: Buffer[]): Buffer => Buffer.concat([u32(0x223e9f78), u16(1), ...attributes]);
const text = (value: string): Buffer => Buffer.from(`${value}\0`, 'latin1');

/** RTF as Outlook stores it when it does not press it. */
const storedRtf = (rtf: string): Buffer =>
  Buffer.concat([u32(rtf.length + 12), u32(rtf.length), u32(0x414c454d), u32(0), Buffer.from(rtf, 'latin1')]);

const winmail = tnef(
  attribute(1, 0x69007, u32(1252)),
  attribute(1, 0x18004, text('Offer')),
  attribute(1, 0x69003, properties([[0x1009, storedRtf('{\\rtf1\\ansi The price is 7 \\u8364?.\\par{\\v hidden}}')]])),
  attribute(2, 0x69002, Buffer.alloc(14)),
  attribute(2, 0x18010, text('NOTES~1.TXT')),
  attribute(2, 0x6800f, Buffer.from('Call Zoé.', 'latin1')),
  attribute(2, 0x69005, properties([[0x3707, 'Notes of März.txt']])),
  attribute(2, 0x69002, Buffer.alloc(14)),
  attribute(2, 0x18010, text('Forwarded')),
  attribute(
    2,
    0x69005,
    properties([
      [
        0x3701,
        Buffer.concat([
          Buffer.alloc(16),
          tnef(attribute(1, 0x18004, text('Older')), attribute(1, 0x2800c, text('Older words.'))),
        ]),
      ],
    ]),
  ),
);

const wrapped = (file: Buffer, own = ''): Uint8Array =>
  strToU8(
    [
      'From: Ada <ada@example.org>',
      'Subject: Offer',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      own,
      '--b',
      'Content-Type: application/ms-tnef; name="winmail.dat"',
      'Content-Transfer-Encoding: base64',
      '',
      file.toString('base64').replace(/.{76}/g, '$&\r\n'),
      '--b--',
      '',
    ].join('\r\n'),
  );

describe('an e-mail that Outlook has packed into a winmail.dat', () => {
  it('is read with what was written and attached, and the pack is not named', async () => {
    const { text: said, passages } = await readDocument(wrapped(winmail), EML);
    expect(said.split('\n\n')).toEqual([
      ...['Offer', 'From: Ada <ada@example.org>', 'The price is 7 €.', 'Attached: Notes of März.txt, Forwarded'],
      ...['Notes of März.txt', 'Call Zoé.', 'Older', 'Older words.'],
    ]);
    for (const passage of passages) expect(said.slice(passage.start, passage.end)).toBe(passage.text);
  });

  it('says no less than the e-mail around it', async () => {
    const { text: said } = await readDocument(wrapped(winmail, 'The price is 7 euros, and it is final.'), EML);
    expect(said).toContain('The price is 7 euros, and it is final.');
    expect(said).not.toContain('€');
  });

  it('is read alone, with HTML in its own letters, and as far as it goes where it is cut off', async () => {
    const html = Buffer.from([...Buffer.from('<p>'), 0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, ...Buffer.from('</p>')]);
    const mail = tnef(
      attribute(1, 0x18004, text('Hello')),
      attribute(
        1,
        0x69003,
        properties([
          [0x3fde, 1251],
          [0x1013, html],
        ]),
      ),
    );
    expect((await readDocument(mail, 'application/ms-tnef')).text).toBe('Hello\n\nПривет');
    const whole = winmail.length;
    for (const length of [40, 100, 160, 220, whole - 30]) {
      const { text: said } = await readDocument(winmail.subarray(0, length), 'application/ms-tnef');
      expect(said).toContain('Offer');
    }
  });
});

/** A `.msg` of properties and attached files, as Outlook saves one. */
function msg(fields: Record<string, Buffer>, attached: readonly Record<string, Buffer>[] = []): Uint8Array {
  const entries: {
    name: string;
    type: number;
    length: number;
    children?: number[];
    binaryProvider?: () => Uint8Array;
  }[] = [];
  const stream = (name: string, bytes: Buffer) =>
    entries.push({ name, type: 2, length: bytes.length, binaryProvider: () => Uint8Array.from(bytes) }) - 1;
  const root = { name: 'Root Entry', type: 5, length: 0, children: [] as number[] };
  entries.push(root);
  root.children.push(stream('__properties_version1.0', Buffer.alloc(32)));
  for (const [name, bytes] of Object.entries(fields)) root.children.push(stream(`__substg1.0_${name}`, bytes));
  for (const [i, one] of attached.entries()) {
    const folder = { name: `__attach_version1.0_#0000000${i}`, type: 1, length: 0, children: [] as number[] };
    root.children.push(entries.push(folder) - 1);
    folder.children.push(stream('__properties_version1.0', Buffer.alloc(8)));
    for (const [name, bytes] of Object.entries(one)) folder.children.push(stream(`__substg1.0_${name}`, bytes));
  }
  return burn(entries);
}

describe('an e-mail that Outlook has saved as a file (MSG)', () => {
  const utf = (value: string) => Buffer.from(value, 'utf16le');
  const file = msg(
    {
      '001A001F': utf('IPM.Note'),
      '0037001F': utf('Réunion 会议'),
      '0C1A001F': utf('Ada'),
      '5D01001F': utf('ada@example.org'),
      '1000001F': utf('The harbour opens at six.\r\n\r\nBring a lantern.'),
    },
    [{ '3707001F': utf('list.csv'), '37010102': Buffer.from('a;b\n1;2\n') }],
  );

  it('is read with its people, its text, and the texts attached to it', async () => {
    await using reader = new DocumentReader();
    const upload = { contentType: 'application/octet-stream', fileName: 'x.msg' };
    const { text: said, contentType } = await reader.read(file, upload);
    expect(contentType).toBe(MSG);
    expect(said.split('\n\n')).toEqual([
      ...['Réunion 会议', 'From: Ada <ada@example.org>', 'The harbour opens at six.', 'Bring a lantern.'],
      ...['Attached: list.csv', 'list.csv', 'a;b\n1;2'],
    ]);
  });

  it('that is something else, or broken, is refused with what to do', async () => {
    const broken = Uint8Array.from(file).fill(0xff, 512, 1_400);
    await expect(readDocument(broken, MSG)).rejects.toMatchObject({
      code: 'DAMAGED',
      message: expect.stringContaining('save it again'),
    });
    await expect(readDocument(strToU8('Just words.'), MSG)).rejects.toMatchObject({ code: 'TYPE_MISMATCH' });
  });
});
