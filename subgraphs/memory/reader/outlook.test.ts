import { strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { DocumentReader } from './document-reader.ts';
import { readDocument } from './read-document.ts';
import { msg, utf } from './testing/msg.ts';

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

const stringOf = (id: number, value: string): Buffer =>
  Buffer.concat([u16(0x1f), u16(id), u32(1), u32(utf16(value).length), padded(utf16(value))]);
/** An attachment without a name. */
const ATTACHMENT = Buffer.concat([attribute(2, 0x69002, Buffer.alloc(0)), attribute(2, 0x6800f, Buffer.alloc(0))]);

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

/** An e-mail of one attachment. */
const withFile = (head: string, file: Buffer | Uint8Array, own = 'My words.'): Uint8Array =>
  strToU8(
    [
      ...['From: Ada <ada@example.org>', 'Subject: Offer', 'MIME-Version: 1.0'],
      ...['Content-Type: multipart/mixed; boundary="b"', '', '--b', 'Content-Type: text/plain', '', own, '--b'],
      ...[
        head,
        'Content-Transfer-Encoding: base64',
        '',
        Buffer.from(file).toString('base64').replace(/.{76}/g, '$&\r\n'),
      ],
      ...['--b--', ''],
    ].join('\r\n'),
  );
const octets = (name: string): string =>
  `Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="${name}"`;

const wrapped = (file: Buffer, own = ''): Uint8Array =>
  withFile('Content-Type: application/ms-tnef; name="winmail.dat"', file, own);

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

  it('that was cut before anything was said has no text', async () => {
    const cut = Buffer.from('789f3e2200000000', 'hex');
    await expect(readDocument(cut, 'application/ms-tnef', { fileName: 'winmail.dat' })).rejects.toMatchObject({
      code: 'NO_TEXT',
    });
  });

  it('is known by its name, and says who wrote it where that is packed, too, with an e-mail in it', async () => {
    // 2026-05-12T10:00:00Z.
    const time = Buffer.alloc(8);
    time.writeBigUInt64LE((BigInt(Date.UTC(2026, 4, 12, 10)) + 11_644_473_600_000n) * 10_000n);
    const mail = tnef(
      attribute(1, 0x18004, text('Hello')),
      attribute(1, 0x69003, Buffer.concat([u32(2), u16(0x40), u16(0x39), time, stringOf(0x0c1a, 'Ada')])),
      attribute(2, 0x69002, Buffer.alloc(14)),
      attribute(2, 0x18010, text('old.eml')),
      attribute(2, 0x6800f, Buffer.from('From: bob@example.org\r\nSubject: Older\r\n\r\nOlder words.')),
    );
    for (const name of ['winmail.dat', 'Winmail (1).DAT'])
      expect((await readDocument(mail, 'application/octet-stream', { fileName: name })).text.split('\n\n')).toEqual([
        ...['Hello', 'From: Ada\nDate: 2026-05-12T10:00:00.000Z', 'Attached: old.eml'],
        ...['Older', 'From: bob@example.org', 'Older words.'],
      ]);
  });

  it('is read as far as it goes where it declares values or holds attachments without end', async () => {
    const endless = Buffer.concat([u32(2), u16(0x1003), u16(0x6000), u32(0xffffffff), stringOf(0x1000, 'Unseen.')]);
    const mail = tnef(
      attribute(1, 0x18004, text('Hello')),
      attribute(1, 0x69003, endless),
      Buffer.concat(Array(200_000).fill(ATTACHMENT)),
    );
    expect((await readDocument(wrapped(mail, 'Words.'), EML)).text).toContain('Words.');
  });
});

describe('an e-mail that Outlook has saved as a file (MSG)', () => {
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

  it('in Japanese letters is read, and one of which an attachment is only a link', async () => {
    const entry = Buffer.alloc(16);
    entry.writeUInt32LE(0x3fde0003, 0);
    entry.writeUInt32LE(6, 4);
    entry.writeUInt32LE(50220, 8);
    const mail = msg(
      {
        '001A001E': text('IPM.Note'),
        '0037001E': Buffer.from([0x89, 0xef, 0x8b, 0x63]),
        '1000001E': text('Words.'),
      },
      [{ '3707001F': utf('far away.txt') }],
      entry,
    );
    expect((await readDocument(mail, MSG)).text.split('\n\n').slice(0, 3)).toEqual([
      ...['会議', 'Words.', 'Attached: far away.txt'],
    ]);
  });

  it('is refused where it is encrypted, and has the e-mails attached to it', async () => {
    const head = { '001A001F': utf('IPM.Note.SMIME'), '0037001F': utf('Secret') };
    const sealed = msg(head, [
      {
        '3707001F': utf('smime.p7m'),
        '370E001F': utf('application/pkcs7-mime'),
        '37010102': pkcs7('06092a864886f70d010703', Buffer.from('?')),
      },
    ]);
    await expect(readDocument(sealed, MSG)).rejects.toMatchObject({ code: 'PASSWORD_PROTECTED' });
    const clear =
      'Content-Type: multipart/signed; boundary="s"\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nSigned words.\r\n--s--\r\n';
    const signed = msg({ '001A001F': utf('IPM.Note.SMIME.MultipartSigned'), '0037001F': utf('Open') }, [
      { '3707001F': utf('smime.p7m'), '370E001F': utf('multipart/signed'), '37010102': Buffer.from(clear) },
    ]);
    expect((await readDocument(signed, MSG)).text).toBe('Open\n\nSigned words.');
    const holder = msg({ '001A001F': utf('IPM.Note'), '0037001F': utf('Holder') }, [
      { '3707001F': utf('old.eml'), '37010102': Buffer.from('Subject: Older\r\n\r\nOlder words.') },
    ]);
    expect((await readDocument(holder, MSG)).text).toBe('Holder\n\nAttached: old.eml\n\nOlder\n\nOlder words.');
  });
});

/** A file of PKCS #7 of one kind, which has its content in two pieces and does not say how long it is. */
function pkcs7(kind: string, content: Buffer): Buffer {
  const element = (tag: number, ...parts: Buffer[]): Buffer => {
    const bytes = Buffer.concat(parts);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return Buffer.concat([Buffer.of(tag, 0x82), length, bytes]);
  };
  const endless = (tag: number, ...parts: Buffer[]): Buffer =>
    Buffer.concat([Buffer.of(tag, 0x80), ...parts, Buffer.alloc(2)]);
  const pieces = [element(0x04, content.subarray(0, 9)), element(0x04, content.subarray(9))];
  const data = Buffer.from('06092a864886f70d010701', 'hex');
  const encapsulated = endless(0x30, data, endless(0xa0, endless(0x24, ...pieces)));
  const signed = element(0x30, Buffer.of(2, 1, 1), element(0x31), encapsulated, element(0x31));
  return endless(0x30, Buffer.from(kind, 'hex'), endless(0xa0, signed));
}

describe('an e-mail', () => {
  it('is read where what is attached to it has the name of an e-mail and is none, or a damaged one', async () => {
    for (const [name, file] of [
      ['Status.msg', Buffer.from('uint8 level\nstring message\n')],
      ['damaged.msg', Buffer.from(msg({ '001A001F': Buffer.alloc(2) })).fill(0xff, 512, 1_400)],
    ] as const)
      expect((await readDocument(withFile(octets(name), file), EML)).text).toBe(
        `Offer\n\nFrom: Ada <ada@example.org>\n\nMy words.\n\nAttached: ${name}`,
      );
  });

  it('that is signed in one piece is read with what was signed', async () => {
    const words = Buffer.from('Content-Type: text/plain; charset=utf-8\r\n\r\nThe price is 7 €.\r\n');
    const mail = (file: Buffer) =>
      strToU8(
        [
          ...['From: Ada <ada@example.org>', 'Subject: Offer', 'MIME-Version: 1.0'],
          'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"',
          ...['Content-Transfer-Encoding: base64', '', file.toString('base64')],
        ].join('\r\n'),
      );
    const file = pkcs7('06092a864886f70d010702', words);
    expect((await readDocument(mail(file), EML)).text).toBe(
      'Offer\n\nFrom: Ada <ada@example.org>\n\nThe price is 7 €.',
    );
    // What stands above may be signed, too.
    const headed = pkcs7('06092a864886f70d010702', Buffer.concat([Buffer.from('Subject: Offer\r\n of us\r\n'), words]));
    expect((await readDocument(mail(headed), EML)).text).toContain('The price is 7 €.');
    // Cut off it is not encrypted, either.
    const { text: said } = await readDocument(mail(file.subarray(0, 60)), EML);
    expect(said).toBe('Offer\n\nFrom: Ada <ada@example.org>\n\nAttached: smime.p7m');
  });

  it('that has no words names a signed file that holds something else than an e-mail', async () => {
    const endless = Array.from({ length: 300 }, (_, i) => `Content-Type: multipart/mixed; boundary=${i}-\n\n--${i}-\n`);
    for (const [name, content] of [
      ['a.pdf.p7m', Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(50_000, 'x: y')])],
      ['f.xml.p7m', Buffer.from('<?xml version="1.0"?><invoice>7</invoice>')],
      ['n.txt.p7m', Buffer.from('Note: not of an e-mail\n\nWords.')],
      ['broken.p7m', Buffer.from(`${endless.join('')}Words.`)],
    ] as const) {
      const mail = withFile(octets(name), pkcs7('06092a864886f70d010702', content), '');
      expect((await readDocument(mail, EML)).text).toBe(`Offer\n\nFrom: Ada <ada@example.org>\n\nAttached: ${name}`);
    }
  });
});
