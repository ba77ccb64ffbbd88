import { decodeText } from './decode-text.ts';
import { documentType } from './file-kind.ts';
import { readHtml, readHtmlInto } from './html.ts';
import type { OutlineBuilder } from './outline.ts';
import { wordsIn } from './passages.ts';

/** An e-mail as it is read, whatever format it came in. */
export interface Letter {
  readonly subject: string | undefined;
  /** Who wrote it to whom and when: what a line of each says, after its name. */
  readonly about: readonly (readonly [name: string, value: string])[];
  readonly text: string;
  readonly html: string;
  readonly attached: readonly Attached[];
}

/** A thing that is attached to an e-mail: a file, or an e-mail. */
export interface Attached {
  readonly name: string | undefined;
  /** The media type, as declared. */
  readonly type: string;
  readonly content: string | Uint8Array;
  /** Reads it, where it is an e-mail. */
  readonly letter?: () => Promise<Letter>;
}

/** E-mails in one another. */
const MAX_DEPTH = 5;
const MAX_ATTACHMENTS = 200;
/** From how many times the words on HTML is what was written, and the text beside it a remark that there is HTML. */
const FULLER = 3;

/**
 * Adds an e-mail to an outline: its subject is the section; who wrote it to whom and when, its text, the names of what
 * is attached, and what of that is text or an e-mail.
 */
export async function addLetter(builder: OutlineBuilder, letter: Letter, level = 1): Promise<void> {
  const { subject, about, text, html, attached } = letter;
  builder.heading(level, subject ?? 'E-mail');
  builder.paragraph(about.map(([name, value]) => `${name}: ${value}`).join('\n'));
  addBody(builder, text, html);
  const names = attached.map(({ name, type }) => name || type);
  if (names.length > 0) builder.paragraph(`Attached: ${names.slice(0, MAX_ATTACHMENTS).join(', ')}`);
  for (const one of attached.slice(0, MAX_ATTACHMENTS)) {
    if (one.letter && level < MAX_DEPTH) {
      await addLetter(builder, await one.letter(), level + 1);
      continue;
    }
    const said = attachedText(one);
    if (said === undefined) continue;
    builder.heading(level + 1, one.name ?? 'Attachment');
    if (typeOf(one) === 'text/html') readHtmlInto(builder, said);
    else for (const paragraph of said.split(/\n\s*\n/)) builder.paragraph(paragraph);
  }
}

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
