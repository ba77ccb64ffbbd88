import { isUtf8 } from 'node:buffer';
import PostalMime, { type Address, type Attachment } from 'postal-mime';
import { guessEncoding } from './guess-encoding.ts';
import { isTnef } from './is-tnef.ts';
import type { Attached, Letter } from './letter.ts';
import { wordsIn } from './passages.ts';
import { DocumentProblem } from './problem.ts';
import { readTnef } from './tnef.ts';

/** E-mails and parts in one another. */
const MAX_NESTING = 50;
const MAX_HEADERS = 1024 ** 2;
const MAX_ADDRESSES = 50;

/**
 * Returns the e-mail that a file holds as programs send it.
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for parts nested without end.
 */
export async function emailLetter(bytes: Uint8Array): Promise<Letter> {
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

const attachedOf = ({ filename, mimeType, content }: Attachment): Attached => ({
  name: filename ?? undefined,
  type: mimeType,
  content: typeof content === 'string' ? content : new Uint8Array(content as ArrayBuffer),
});

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
 * UTF-8, and one that names none and is not in UTF-8 is in what its letters tell, or in the encoding of Windows, as
 * programs write that name none. Headers are in the encoding of the text, where they are in none that headers may have.
 */
function withKnownEncoding(bytes: Uint8Array): Uint8Array {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(raw)) return Buffer.from(raw.toString('latin1').replace(UNKNOWN, '$1utf-8'), 'latin1');
  const end = /\r?\n\r?\n/.exec(raw.toString('latin1'))?.index ?? raw.length;
  if (!/charset/i.test(raw.toString('latin1'))) return Buffer.from(decoded(raw, guessEncoding(raw, false)));
  const head = raw.subarray(0, end);
  if (isUtf8(head)) return bytes;
  return Buffer.concat([Buffer.from(decoded(head, NAMED.exec(head.toString('latin1'))?.[1])), raw.subarray(end)]);
}

const NAMED = /\bcharset=["']?([\w.:-]+)/i;

/** @param label of an encoding; where there is none, or the text is not in it, the one of Windows is taken. */
function decoded(bytes: Uint8Array, label: string | undefined): string {
  try {
    if (label) return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    // An encoding that is not known, or another one than the text is in.
  }
  return new TextDecoder('windows-1252').decode(bytes);
}

const UNKNOWN = /(\bcharset=["']?)(?:x-)?(?:unknown(?:-8bit)?|default(?:_charset)?|8bit|binary|none|user-defined)\b/gi;

const named = (addresses: readonly Address[]): string =>
  addresses
    .flatMap((one) => (one.group ? one.group : [one]))
    .slice(0, MAX_ADDRESSES)
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address || ''))
    .join(', ');
