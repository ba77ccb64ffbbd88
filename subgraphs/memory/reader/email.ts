import PostalMime, { type Address } from 'postal-mime';
import { decodeText } from './decode-text.ts';
import { readHtmlInto } from './html.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';

/** E-mails and parts in one another. */
const MAX_NESTING = 50;
const MAX_HEADERS = 1024 ** 2;
const MAX_ADDRESSES = 50;
const MAX_ATTACHMENTS = 200;

/**
 * Reads an e-mail: its subject is the section; who wrote it to whom and when, its text, the names of what is attached,
 * and what of that is text.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for parts nested without end, TOO_LARGE, NO_TEXT.
 */
export async function readEmail(bytes: Uint8Array): Promise<Outline> {
  const email = await PostalMime.parse(bytes, {
    maxNestingDepth: MAX_NESTING,
    maxHeadersSize: MAX_HEADERS,
    attachmentEncoding: 'arraybuffer',
  }).catch((error: unknown) => {
    throw new DocumentProblem(
      'TOO_EXPENSIVE',
      `The e-mail cannot be read: ${error instanceof Error ? error.message : String(error)} Save its text and upload that.`,
    );
  });
  const builder = new OutlineBuilder();
  builder.heading(1, email.subject ?? 'E-mail');
  const about = [
    ['From', email.from ? named([email.from]) : ''],
    ['To', named(email.to ?? [])],
    ['Cc', named(email.cc ?? [])],
    ['Date', email.date ?? ''],
  ].filter(([, value]) => value !== '');
  if (about.length === 0 && email.subject === undefined)
    throw new DocumentProblem('TYPE_MISMATCH', 'The file was declared as an e-mail, but it has no headers of one.');
  builder.paragraph(about.map(([name, value]) => `${name}: ${value}`).join('\n'));
  if (email.text?.trim())
    for (const paragraph of email.text.split(/\r?\n\s*\n/)) builder.paragraph(paragraph.replaceAll('\r\n', '\n'));
  else if (email.html) readHtmlInto(builder, email.html);
  const attached = email.attachments.flatMap(({ filename }) => (filename ? [filename] : []));
  if (attached.length > 0) builder.paragraph(`Attached: ${attached.slice(0, MAX_ATTACHMENTS).join(', ')}`);
  for (const { filename, mimeType, content } of email.attachments.slice(0, MAX_ATTACHMENTS)) {
    const text = attachedText(mimeType, content);
    if (text === undefined) continue;
    builder.heading(2, filename ?? 'Attachment');
    if (mimeType === 'text/html') readHtmlInto(builder, text);
    else for (const paragraph of text.split(/\n\s*\n/)) builder.paragraph(paragraph);
  }
  return builder.build();
}

/** Texts that are attached are read with the e-mail; files of other formats are uploaded by themselves. */
function attachedText(type: string, content: string | ArrayBuffer | Uint8Array): string | undefined {
  if (!/^text\/(plain|html|csv|markdown|calendar)$/.test(type)) return undefined;
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
