import { isUtf8 } from 'node:buffer';
import PostalMime, { type Address, type Attachment } from 'postal-mime';
import { type DocumentType, documentType, OUTLOOK } from './file-kind.ts';
import { type Attached, addLetter, type Letter } from './letter.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { wordsIn } from './passages.ts';
import { DocumentProblem } from './problem.ts';
import { isTnef, readTnef } from './tnef.ts';

/** E-mails and parts in one another. */
const MAX_NESTING = 50;
const MAX_HEADERS = 1024 ** 2;
const MAX_ADDRESSES = 50;

/**
 * Reads an e-mail.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for parts nested without end, TYPE_MISMATCH, TOO_LARGE, NO_TEXT.
 */
export async function readEmail(bytes: Uint8Array): Promise<Outline> {
  const letter = await letterOf(bytes);
  if (letter.about.length === 0 && letter.subject === undefined)
    throw new DocumentProblem('TYPE_MISMATCH', 'The file was declared as an e-mail, but it has no headers of one.');
  if (letter.text.trim() === '' && letter.html === '' && letter.attached.some(({ type }) => SEALED.test(type)))
    throw new DocumentProblem(
      'PASSWORD_PROTECTED',
      'The e-mail is encrypted (S/MIME or PGP): save its text in your mail program and upload that.',
    );
  const builder = new OutlineBuilder();
  await addLetter(builder, letter);
  return builder.build();
}

/** What an e-mail is that only a key opens. */
const SEALED = /^application\/(?:(?:x-)?pkcs7-mime|pgp-encrypted)$/;

async function letterOf(bytes: Uint8Array): Promise<Letter> {
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
  const about = [
    ['From', email.from ? named([email.from]) : ''],
    ['To', named(email.to ?? [])],
    ['Cc', named(email.cc ?? [])],
    ['Date', email.date ?? ''],
  ] as const;
  return withPacked({
    subject: email.subject,
    about: about.filter(([, value]) => value !== ''),
    text: email.text ?? '',
    html: email.html ?? '',
    attached: email.attachments.map(attachedOf),
  });
}

function attachedOf({ filename, mimeType, content }: Attachment): Attached {
  const own = typeof content === 'string' ? content : new Uint8Array(content as ArrayBuffer);
  const name = filename ?? undefined;
  return { name, type: mimeType, content: own, ...withLetter(documentType(mimeType, name), own) };
}

/** How an attached e-mail is read, whatever program saved it. */
function withLetter(type: DocumentType | undefined, content: string | Uint8Array): Pick<Attached, 'letter'> {
  if (typeof content === 'string') return {};
  if (type === 'message/rfc822') return { letter: () => letterOf(content) };
  if (type === OUTLOOK && !isTnef(content))
    return { letter: async () => (await import('./msg.ts')).msgLetter(content) };
  return {};
}

/**
 * An e-mail with what Outlook has packed into a `winmail.dat`: what was written, where the e-mail itself says less, and
 * what was attached.
 */
function withPacked(letter: Letter): Letter {
  const attached: Attached[] = [];
  let { text, html } = letter;
  for (const one of letter.attached) {
    const packed = typeof one.content !== 'string' && isTnef(one.content) ? readTnef(one.content) : undefined;
    if (!packed) {
      attached.push(one);
      continue;
    }
    attached.push(...packed.attached);
    if (html === '') html = packed.html;
    if (wordsIn(packed.text) > wordsIn(text)) text = packed.text;
  }
  return { ...letter, text, html, attached };
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

const named = (addresses: readonly Address[]): string =>
  addresses
    .flatMap((one) => (one.group ? one.group : [one]))
    .slice(0, MAX_ADDRESSES)
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address || ''))
    .join(', ');
