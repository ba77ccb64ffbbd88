import { textOfCompressedRtf } from './compressed-rtf.ts';
import { isTnef, TNEF_HEAD } from './is-tnef.ts';
import { type Attached, type Letter, MAX_ATTACHMENTS } from './letter.ts';

/** Attributes, by their numbers. */
const CODE_PAGE = 0x69007;
const SUBJECT = 0x18004;
const BODY = 0x2800c;
const PROPERTIES = 0x69003;
const BEGIN_ATTACHMENT = 0x69002;
const ATTACHMENT_TITLE = 0x18010;
const ATTACHMENT_DATA = 0x6800f;
const ATTACHMENT_PROPERTIES = 0x69005;

/** Properties of MAPI, by their numbers. */
const P = {
  subject: 0x0037,
  sent: 0x0039,
  from: 0x0c1a,
  cc: 0x0e03,
  to: 0x0e04,
  text: 0x1000,
  rtf: 0x1009,
  html: 0x1013,
  htmlCodePage: 0x3fde,
  longName: 0x3707,
  mediaType: 0x370e,
  data: 0x3701,
} as const;

/** Who wrote it to whom and when, where Outlook has packed that, too. */
const ABOUT = [
  ['From', P.from],
  ['To', P.to],
  ['Cc', P.cc],
  ['Date', P.sent],
] as const;

const MULTIPLE = 0x1000;
const STRING = 0x1e;
const UNICODE = 0x1f;
const BINARY = 0x102;
const OBJECT = 0x0d;
const TIME = 0x40;
/** Bytes of values of a fixed length. */
const FIXED = new Map(Object.entries({ 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16 }));

/**
 * Reads an e-mail that Outlook has packed (TNEF, `winmail.dat`): its subject, what was written, and what was attached.
 * One that is cut off is read as far as it goes.
 */
export function readTnef(bytes: Uint8Array): Letter {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let encoding = 'windows-1252';
  let subject: string | undefined;
  let body = '';
  let message: Properties = new Map();
  const attached: { title?: string; data?: Buffer; properties: Properties }[] = [];
  for (const { id, data } of attributesOf(file)) {
    if (id === BEGIN_ATTACHMENT && attached.length >= MAX_ATTACHMENTS) break;
    const last = attached.at(-1);
    if (id === CODE_PAGE && data.length >= 4) encoding = encodingOf(data.readUInt32LE(0)) ?? encoding;
    else if (id === SUBJECT) subject = decoded(data, encoding);
    else if (id === BODY) body = decoded(data, encoding);
    else if (id === PROPERTIES) message = propertiesOf(data, encoding);
    else if (id === BEGIN_ATTACHMENT) attached.push({ properties: new Map() });
    else if (last && id === ATTACHMENT_TITLE) last.title = decoded(data, encoding);
    else if (last && id === ATTACHMENT_DATA) last.data = data;
    else if (last && id === ATTACHMENT_PROPERTIES) last.properties = propertiesOf(data, encoding);
  }
  const rtf = message.get(P.rtf);
  return {
    subject: textIn(message, P.subject) ?? subject,
    about: ABOUT.flatMap(([name, id]) => {
      const value = textIn(message, id);
      return value ? [[name, value] as const] : [];
    }),
    text: textIn(message, P.text) || body || (rtf instanceof Buffer ? textOfCompressedRtf(rtf) : ''),
    html: htmlIn(message, encoding),
    attached: attached.flatMap(({ title, data, properties }): Attached[] => {
      const inner = properties.get(P.data);
      // An e-mail that is attached is packed in the same way, behind the name of its kind.
      const packed = inner instanceof Buffer ? inner.subarray(KIND_BYTES) : undefined;
      const content = packed && isTnef(packed) ? packed : data;
      if (!content) return [];
      return [
        {
          name: textIn(properties, P.longName) ?? title,
          type: textIn(properties, P.mediaType) ?? 'application/octet-stream',
          content,
          ...(isTnef(content) && { letter: () => readTnef(content) }),
        },
      ];
    }),
  };
}

/** The length of the name of a kind of object. */
const KIND_BYTES = 16;

function* attributesOf(file: Buffer): Generator<{ id: number; data: Buffer }> {
  // A byte says whether an attribute is about the message or an attachment, which the number tells, too; two at the end
  // are a checksum.
  for (let at = TNEF_HEAD; at + 9 <= file.length; ) {
    const length = file.readUInt32LE(at + 5);
    const start = at + 9;
    if (start + length > file.length) return;
    yield { id: file.readUInt32LE(at + 1), data: file.subarray(start, start + length) };
    at = start + length + 2;
  }
}

type Properties = Map<number, string | number | Buffer>;

function propertiesOf(data: Buffer, encoding: string): Properties {
  const properties: Properties = new Map();
  let at = 4;
  const number = (): number => {
    const value = data.readUInt32LE(at);
    at += 4;
    return value;
  };
  /** Bytes are padded to a multiple of four. */
  const bytes = (): Buffer => {
    const length = number();
    const value = data.subarray(at, at + length);
    at += length + ((4 - (length % 4)) % 4);
    return value;
  };
  try {
    for (let left = data.readUInt32LE(0); left > 0; left--) {
      const type = data.readUInt16LE(at);
      const id = data.readUInt16LE(at + 2);
      at += 4;
      if (id >= NAMED) {
        at += 16;
        // By a number, or by a name.
        if (number() === 0) at += 4;
        else bytes();
      }
      const kind = type & ~MULTIPLE;
      const fixed = FIXED.get(String(kind));
      const count = fixed === undefined || (type & MULTIPLE) !== 0 ? number() : 1;
      if (fixed !== undefined) {
        if (at + fixed * count > data.length) break;
        if (count > 0) properties.set(id, kind === TIME ? timeAt(data, at) : data.readUInt32LE(at));
        at += fixed * count;
        continue;
      }
      for (let i = 0; i < count; i++) {
        if (kind === UNICODE) properties.set(id, withoutEnd(bytes().toString('utf16le')));
        else if (kind === STRING) properties.set(id, decoded(bytes(), encoding));
        else if (kind === BINARY || kind === OBJECT) properties.set(id, bytes());
        else return properties;
      }
    }
  } catch {
    // Cut off: what came before is there.
  }
  return properties;
}
/** From here on properties have names. */
const NAMED = 0x8000;

function textIn(properties: Properties, id: number): string | undefined {
  const value = properties.get(id);
  return typeof value === 'string' ? value : undefined;
}

function htmlIn(properties: Properties, encoding: string): string {
  const html = properties.get(P.html);
  const page = properties.get(P.htmlCodePage);
  if (!(html instanceof Buffer)) return typeof html === 'string' ? html : '';
  return decoded(html, (typeof page === 'number' && encodingOf(page)) || encoding);
}

/** Tenths of microseconds since the beginning of 1601. */
function timeAt(data: Buffer, at: number): string {
  const time = new Date(Number(data.readBigUInt64LE(at) / 10_000n) - 11_644_473_600_000);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

const withoutEnd = (text: string): string => text.replace(/\0+$/, '');

function decoded(bytes: Buffer, encoding: string): string {
  return withoutEnd(new TextDecoder(encoding).decode(bytes));
}

/** Code pages of Windows that have other names than their number. */
const NAMES = new Map([
  [65001, 'utf-8'],
  [932, 'shift_jis'],
  [936, 'gbk'],
  [949, 'euc-kr'],
  [950, 'big5'],
  [20127, 'windows-1252'],
  [20866, 'koi8-r'],
  [28591, 'iso-8859-1'],
  [50220, 'iso-2022-jp'],
  [51932, 'euc-jp'],
  [54936, 'gb18030'],
]);

/** Returns the name of an encoding by the number of its code page, or undefined for one that is not known. */
export function encodingOf(page: number): string | undefined {
  const name = NAMES.get(page) ?? (page > 28_591 && page < 28_606 ? `iso-8859-${page - 28_590}` : `windows-${page}`);
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return undefined;
  }
}
