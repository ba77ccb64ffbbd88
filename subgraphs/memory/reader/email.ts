import { isUtf8 } from 'node:buffer';
import PostalMime, { type Address } from 'postal-mime';
import { decodeText } from './decode-text.ts';
import { readHtml, readHtmlInto } from './html.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { wordsIn } from './passages.ts';
import { DocumentProblem } from './problem.ts';

/** E-mails and parts in one another. */
const MAX_NESTING = 50;
const MAX_HEADERS = 1024 ** 2;
const MAX_ADDRESSES = 50;
const MAX_ATTACHMENTS = 200;

/** Of what is attached, e-mails in one another. */
const MAX_ATTACHED_DEPTH = 5;
/** From how many times the words on HTML is what was written, and the text beside it a remark that there is HTML. */
const FULLER = 3;

/**
 * Reads an e-mail: its subject is the section; who wrote it to whom and when, its text, the names of what is attached,
 * and what of that is text or an e-mail.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for parts nested without end, TOO_LARGE, NO_TEXT.
 */
export async function readEmail(bytes: Uint8Array): Promise<Outline> {
  const builder = new OutlineBuilder();
  await readInto(builder, bytes, 1);
  return builder.build();
}

async function readInto(builder: OutlineBuilder, bytes: Uint8Array, level: number): Promise<void> {
  const email = await PostalMime.parse(withKnownEncoding(bytes), {
    maxNestingDepth: MAX_NESTING,
    maxHeadersSize: MAX_HEADERS,
    attachmentEncoding: 'arraybuffer',
  }).catch((error: unknown) => {
    throw new DocumentProblem(
      'TOO_EXPENSIVE',
      `The e-mail cannot be read: ${error instanceof Error ? error.message : String(error)} Save its text and upload that.`,
    );
  });
  builder.heading(level, email.subject ?? 'E-mail');
  const about = [
    ['From', email.from ? named([email.from]) : ''],
    ['To', named(email.to ?? [])],
    ['Cc', named(email.cc ?? [])],
    ['Date', email.date ?? ''],
  ].filter(([, value]) => value !== '');
  if (about.length === 0 && email.subject === undefined && level === 1)
    throw new DocumentProblem('TYPE_MISMATCH', 'The file was declared as an e-mail, but it has no headers of one.');
  builder.paragraph(about.map(([name, value]) => `${name}: ${value}`).join('\n'));
  addBody(builder, email.text ?? '', email.html ?? '');
  const attached = email.attachments.map(({ filename, mimeType }) => filename || mimeType);
  if (attached.length > 0) builder.paragraph(`Attached: ${attached.slice(0, MAX_ATTACHMENTS).join(', ')}`);
  for (const { filename, mimeType, content } of email.attachments.slice(0, MAX_ATTACHMENTS)) {
    if (mimeType === 'message/rfc822' && typeof content !== 'string' && level < MAX_ATTACHED_DEPTH) {
      await readInto(builder, new Uint8Array(content as ArrayBuffer), level + 1);
      continue;
    }
    const text = attachedText(mimeType, content);
    if (text === undefined) continue;
    builder.heading(level + 1, filename ?? 'Attachment');
    if (mimeType === 'text/html') readHtmlInto(builder, text);
    else for (const paragraph of text.split(/\n\s*\n/)) builder.paragraph(paragraph);
  }
}

/** Adds what was written: the text, or the HTML where there is none, or where the text says only that there is HTML. */
function addBody(builder: OutlineBuilder, text: string, html: string): void {
  if (html !== '') {
    const page = readHtml(html);
    if (wordsIn(page.text) > FULLER * wordsIn(text)) {
      readHtmlInto(builder, html);
      return;
    }
  }
  for (const paragraph of text.split(/\r?\n\s*\n/)) builder.paragraph(paragraph.replaceAll('\r\n', '\n'));
}

/**
 * An e-mail whose letters can be read: names of unknown encodings (`unknown-8bit`) are taken out of one in
 * UTF-8, and one that names none and is not in UTF-8 is in the encoding of Windows, as programs write that name none.
 */
function withKnownEncoding(bytes: Uint8Array): Uint8Array {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(raw)) return Buffer.from(raw.toString('latin1').replace(UNKNOWN, '$1utf-8'), 'latin1');
  return /charset/i.test(raw.toString('latin1')) ? bytes : Buffer.from(new TextDecoder('windows-1252').decode(raw));
}

const UNKNOWN = /(\bcharset=["']?)(?:x-)?(?:unknown(?:-8bit)?|default(?:_charset)?|8bit|binary|none|user-defined)\b/gi;

/** Texts, and what servers say of a delivery, by their media types. */
const TEXTS = /^(?:text\/.+|message\/(?:delivery-status|disposition-notification)|application\/(?:json|xml))$/;

/** Texts that are attached are read with the e-mail; files of other formats are uploaded by themselves. */
function attachedText(type: string, content: string | ArrayBuffer | Uint8Array): string | undefined {
  if (!TEXTS.test(type)) return undefined;
  if (typeof content === 'string') return content.replace(/\r\n?/g, '\n');
  try {
    // The encoding of Windows is the last that is tried, as with tables.
    return decodeText(content instanceof Uint8Array ? content : new Uint8Array(content), 'text/csv', type);
  } catch {
    return undefined;
  }
}

const named = (addresses: readonly Address[]): string =>
  addresses
    .flatMap((one) => (one.group ? one.group : [one]))
    .slice(0, MAX_ADDRESSES)
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address || ''))
    .join(', ');
