import { badInput } from '#platform/base/errors/errors.ts';
import { isVisible } from '#platform/base/text/text.ts';
import { CURSOR_KEYS } from '#platform/data/paging/paging.ts';

/** Most bytes (UTF-8) of a message that a person sends. */
export const MAX_MESSAGE_BYTES = 128 * 1024;
/** Most bytes (UTF-8) of a system prompt. */
export const MAX_SYSTEM_PROMPT_BYTES = 32 * 1024;
/** Most characters of a title. */
export const MAX_TITLE = 200;
/** Most images of one message. */
export const MAX_ATTACHMENTS = 10;

/**
 * Returns a text as it is stored: unchanged.
 *
 * @throws {CodedError} BAD_USER_INPUT naming `argument`: empty or too long.
 */
export function checkText(argument: string, text: string, maxBytes: number): string {
  if (!isVisible(text)) throw badInput(argument, 'is empty; write something.');
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw badInput(argument, `is ${bytes} bytes long; at most ${maxBytes} are accepted. Shorten it or split it.`, {
      bytes,
      maxBytes,
    });
  }
  return text;
}

/**
 * Returns a title without white space around it.
 *
 * @throws {CodedError} BAD_USER_INPUT: empty or longer than MAX_TITLE characters.
 */
export function checkTitle(argument: string, title: string): string {
  const trimmed = checkText(argument, title, MAX_TITLE * 4).trim();
  if (trimmed.length > MAX_TITLE) {
    throw badInput(argument, `is ${trimmed.length} characters long; at most ${MAX_TITLE} are accepted.`);
  }
  return trimmed;
}

/** Returns whether a text can be an id of ours; what cannot is simply not found. */
export const isId = (id: string): boolean => CURSOR_KEYS.id.test(id);

/**
 * Checks an id.
 *
 * @throws {CodedError} BAD_USER_INPUT naming `argument` when it is not a UUID.
 */
export function checkId(argument: string, id: string): string {
  const lower = id.toLowerCase();
  if (!isId(lower)) throw badInput(argument, 'is not a UUID.');
  return lower;
}

/**
 * Checks the ids of attachments.
 *
 * @throws {CodedError} BAD_USER_INPUT: more than MAX_ATTACHMENTS, or no UUIDs.
 */
export function checkAttachments(ids: readonly string[] | null | undefined): string[] {
  if (!ids) return [];
  if (ids.length > MAX_ATTACHMENTS) {
    throw badInput('input.attachments', `names ${ids.length} images; at most ${MAX_ATTACHMENTS} are accepted.`);
  }
  return [...new Set(ids.map((id, index) => checkId(`input.attachments.${index}`, id)))];
}
