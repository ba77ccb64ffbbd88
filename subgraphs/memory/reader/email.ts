import PostalMime, { type Address } from 'postal-mime';
import { readHtmlInto } from './html.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { DocumentProblem } from './problem.ts';

/** E-mails and parts in one another. */
const MAX_NESTING = 50;
const MAX_HEADERS = 1024 ** 2;
const MAX_ADDRESSES = 50;
const MAX_ATTACHMENTS = 200;

/**
 * Reads an e-mail: its subject is the section; who wrote it to whom and when, its text, the names of what is attached.
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
  return builder.build();
}

const named = (addresses: readonly Address[]): string =>
  addresses
    .flatMap((one) => (one.group ? one.group : [one]))
    .slice(0, MAX_ADDRESSES)
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address || ''))
    .join(', ');
