import library, { type FieldsData } from '@kenjiuno/msgreader';
import { textOfCompressedRtf } from './compressed-rtf.ts';
import type { Attached, Letter } from './letter.ts';
import { DocumentProblem } from './problem.ts';
import { encodingOf } from './tnef.ts';

/** Node takes all that the package exports for its default, other loaders what the package calls so. */
const MsgReader = library.default ?? (library as unknown as typeof library.default);
type MsgReader = InstanceType<typeof MsgReader>;

const MAX_RECIPIENTS = 50;

/** Returns the e-mail that a `.msg` holds. @throws {DocumentProblem} DAMAGED. */
export function msgLetter(bytes: Uint8Array): Letter {
  try {
    const view = () => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let reader = new MsgReader(view());
    let fields = reader.getFileData();
    // Old files are in the letters of the machine that wrote them.
    const encoding = encodingOf(fields.messageCodepage ?? fields.internetCodepage ?? 0);
    if (encoding !== undefined && encoding !== 'utf-8') {
      reader = new MsgReader(view());
      // The library does not know the encoding of Japanese e-mails; Outlook keeps their texts in that of Windows.
      reader.parserConfig = { ansiEncoding: encoding === 'iso-2022-jp' ? 'shift_jis' : encoding };
      fields = reader.getFileData();
    }
    // The library takes a file for a message whatever is in it.
    if (fields.error || (!fields.messageClass && fields.subject === undefined && fields.body === undefined))
      throw damaged();
    return letterOf(reader, fields);
  } catch {
    throw damaged();
  }
}

const damaged = (): DocumentProblem =>
  new DocumentProblem('DAMAGED', 'The e-mail of Outlook is damaged and cannot be read: save it again and upload that.');

function letterOf(reader: MsgReader, fields: FieldsData): Letter {
  const to = (kind: 'to' | 'cc') =>
    (fields.recipients ?? [])
      .filter(({ recipType }) => (recipType ?? 'to') === kind)
      .slice(0, MAX_RECIPIENTS)
      .map(({ name, smtpAddress, email }) => named(name, smtpAddress ?? email))
      .join(', ');
  const about = [
    ['From', named(fields.senderName, fields.senderSmtpAddress ?? fields.senderEmail)],
    ['To', to('to')],
    ['Cc', to('cc')],
    ['Date', isoDate(fields.clientSubmitTime ?? fields.messageDeliveryTime)],
  ] as const;
  const { html, body, bodyHtml, compressedRtf } = fields;
  const rtf = () => (compressedRtf ? textOfCompressedRtf(Buffer.from(compressedRtf)) : '');
  return {
    subject: fields.subject,
    about: about.filter(([, value]) => value !== ''),
    text: body?.trim() ? body : rtf(),
    html: bodyHtml ?? (html ? new TextDecoder(encodingOf(fields.internetCodepage ?? 65001)).decode(html) : ''),
    attached: (fields.attachments ?? []).map((one) => attachedOf(reader, one)),
  };
}

function attachedOf(reader: MsgReader, one: FieldsData): Attached {
  const { fileName, fileNameShort, name, attachMimeTag, innerMsgContentFields: inner } = one;
  return {
    name: fileName ?? fileNameShort ?? name,
    type: attachMimeTag ?? 'application/octet-stream',
    ...(inner ? { content: '', letter: () => letterOf(reader, inner) } : { content: contentOf(reader, one) }),
  };
}

/** What is attached by a link to it has no content. */
function contentOf(reader: MsgReader, one: FieldsData): Uint8Array {
  try {
    return reader.getAttachment(one).content;
  } catch {
    return new Uint8Array();
  }
}

/** An address of the person's own organisation is a path through its directory (`/o=…`), which tells nothing. */
const named = (name = '', address = ''): string => {
  const known = address.includes('@') ? address : '';
  return name && known && name !== known ? `${name} <${known}>` : name || known;
};

const isoDate = (said: string | undefined): string => {
  const date = new Date(said ?? '');
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
};
