import { decodeText } from './decode-text.ts';
import { documentType, OUTLOOK } from './file-kind.ts';
import { readHtml, readHtmlInto } from './html.ts';
import { isTnef } from './is-tnef.ts';
import { type Attached, type Letter, MAX_ATTACHMENTS } from './letter.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { wordsIn } from './passages.ts';
import { DocumentProblem } from './problem.ts';
import { isSigned, signedContent } from './signed-content.ts';

type LetterType = 'message/rfc822' | typeof OUTLOOK;

/**
 * Reads an e-mail: as programs send it, as Outlook saves one (`.msg`), or as Outlook packs one (`winmail.dat`).
 *
 * @throws {DocumentProblem} TOO_EXPENSIVE for parts nested without end, TYPE_MISMATCH, PASSWORD_PROTECTED for an
 * encrypted one, DAMAGED, TOO_LARGE, NO_TEXT.
 */
export async function readLetter(bytes: Uint8Array, type: LetterType): Promise<Outline> {
  const letter = await letterIn(bytes, type);
  if (type === 'message/rfc822' && letter.about.length === 0 && letter.subject === undefined)
    throw new DocumentProblem('TYPE_MISMATCH', 'The file was declared as an e-mail, but it has no headers of one.');
  if (isSealed(letter))
    throw new DocumentProblem(
      'PASSWORD_PROTECTED',
      'The e-mail is encrypted (S/MIME or PGP): save its text in your mail program and upload that.',
    );
  if (isEmpty(letter)) throw new DocumentProblem('NO_TEXT', 'The e-mail holds no text and no attachment.');
  const builder = new OutlineBuilder();
  await addLetter(builder, letter);
  return builder.build();
}

/** E-mails in one another. */
const MAX_DEPTH = 5;
/** From how many times the words on HTML is what was written, and the text beside it a remark that there is HTML. */
const FULLER = 3;

/**
 * Adds an e-mail to an outline: its subject is the section; who wrote it to whom and when, its text, the names of what
 * is attached, and what of that is text or an e-mail.
 */
async function addLetter(builder: OutlineBuilder, letter: Letter, level = 1): Promise<void> {
  const { subject, about, text, html, attached } = letter;
  builder.heading(level, subject ?? 'E-mail');
  builder.paragraph(about.map(([name, value]) => `${name}: ${value}`).join('\n'));
  addBody(builder, text, html);
  const names = attached.map(({ name, type }) => name || type);
  if (names.length > 0) builder.paragraph(`Attached: ${names.slice(0, MAX_ATTACHMENTS).join(', ')}`);
  for (const one of attached.slice(0, MAX_ATTACHMENTS)) {
    const inner = level < MAX_DEPTH ? await attachedLetter(one) : undefined;
    if (inner) {
      await addLetter(builder, inner, level + 1);
      continue;
    }
    const said = attachedText(one);
    if (said === undefined) continue;
    builder.heading(level + 1, one.name ?? 'Attachment');
    if (typeOf(one) === 'text/html') readHtmlInto(builder, said);
    else for (const paragraph of said.split(/\n\s*\n/)) builder.paragraph(paragraph);
  }
}

/** Reads an attached e-mail, whatever program saved it. Returns nothing for other files and what cannot be read. */
async function attachedLetter({ name, type, content, letter }: Attached): Promise<Letter | undefined> {
  try {
    if (letter) return await opened(letter());
    const kind = documentType(type, name);
    if (typeof content !== 'string' && (kind === 'message/rfc822' || kind === OUTLOOK))
      return await letterIn(content, kind);
  } catch (error) {
    // A name promises nothing: other programs call their files so, too.
    if (error instanceof DocumentProblem && (error.code === 'TOO_LARGE' || error.code === 'TOO_EXPENSIVE')) throw error;
  }
  return undefined;
}

/** Returns the e-mail that a file holds. Each format is loaded with its first file. */
async function letterIn(bytes: Uint8Array, type: LetterType): Promise<Letter> {
  if (type === 'message/rfc822') return opened(await (await import('./email.ts')).emailLetter(bytes));
  return opened(
    isTnef(bytes) ? (await import('./tnef.ts')).readTnef(bytes) : (await import('./msg.ts')).msgLetter(bytes),
  );
}

/** An e-mail with what is in the signed file that is all of it. */
async function opened(letter: Letter): Promise<Letter> {
  let whole = letter;
  for (let depth = 0; depth < MAX_DEPTH && isWithoutWords(whole); depth++) {
    const file = whole.attached.find(isSignedFile);
    const inner = file && (await signedLetter(file));
    if (!inner) break;
    const { text, html, attached } = inner;
    whole = { ...whole, text, html, attached: [...whole.attached.filter((one) => one !== file), ...attached] };
  }
  return whole;
}

/** Returns the e-mail that a signed file holds; nothing where it holds another file, or one that cannot be read. */
async function signedLetter({ type, content }: Attached): Promise<Letter | undefined> {
  const signed = type === CLEAR_SIGNED ? content : signedContent(content as Uint8Array);
  if (!signed || typeof signed === 'string') return undefined;
  if (!ENTITY.test(Buffer.from(signed.subarray(0, MAX_ENTITY_HEAD)).toString('latin1'))) return undefined;
  try {
    return await (await import('./email.ts')).emailLetter(signed);
  } catch (error) {
    // It stays a file that is attached.
    if (error instanceof DocumentProblem) return undefined;
    throw error;
  }
}

/** How what a mail program signs begins: with headers, and one of them says of which type it is. */
const ENTITY = /^\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:content-[\w-]+|mime-version):/i;
const MAX_ENTITY_HEAD = 4_000;

/** Outlook keeps an e-mail whose signature is beside it as a file of that kind. */
const CLEAR_SIGNED = 'multipart/signed';
const isSignedFile = ({ type, content }: Attached): boolean => type === CLEAR_SIGNED || isSigned(content);

const isWithoutWords = ({ text, html }: Letter): boolean => text.trim() === '' && html === '';

/** Whether an e-mail says nothing at all, as a pack of Outlook's that was cut. */
const isEmpty = (letter: Letter): boolean =>
  isWithoutWords(letter) && letter.subject === undefined && letter.about.length === 0 && letter.attached.length === 0;

/** Whether only a key opens an e-mail. What is signed and cannot be read is not encrypted. */
const isSealed = (letter: Letter): boolean =>
  isWithoutWords(letter) &&
  letter.attached.some(
    (one) =>
      one.type === 'application/pgp-encrypted' ||
      ((SEALED.test(one.type) || /\.p7m$/i.test(one.name ?? '')) && !isSignedFile(one)),
  );
const SEALED = /^application\/(?:x-)?pkcs7-mime$/;

/** Adds what was written: the text, or the HTML where there is none, or where the text says only that there is HTML. */
function addBody(builder: OutlineBuilder, text: string, html: string): void {
  if (html !== '' && wordsIn(readHtml(html).text) > FULLER * wordsIn(text)) readHtmlInto(builder, html);
  else for (const paragraph of text.split(/\r?\n\s*\n/)) builder.paragraph(paragraph.replaceAll('\r\n', '\n'));
}

/** Texts, and what servers say of a delivery, by their media types. */
const TEXTS = /^(?:text\/.+|message\/(?:delivery-status|disposition-notification)|application\/(?:json|xml))$/;

/** Programs that do not know a type of file call it a stream of bytes; its name tells. */
const typeOf = ({ type, name }: Attached): string =>
  type === '' || type === 'application/octet-stream' ? (documentType('', name) ?? type) : type;

/** Texts that are attached are read with the e-mail; files of other formats are uploaded by themselves. */
function attachedText(attached: Attached): string | undefined {
  const type = typeOf(attached);
  if (!TEXTS.test(type)) return undefined;
  const { content } = attached;
  if (typeof content === 'string') return content.replace(/\r\n?/g, '\n');
  try {
    // The encoding of Windows is the last that is tried, as with tables.
    return decodeText(content, 'text/csv', attached.type);
  } catch {
    return undefined;
  }
}
