import { badInput } from '../errors/errors.ts';
import { MAX_JSON_LEVELS, measureJson } from './json-levels.ts';

/**
 * Fields of all objects in one message. A parser makes something of each new name and order of names, which takes two
 * microseconds: half a megabyte of them held everything up for 90 ms.
 */
const MAX_FIELDS = 20_000;
/** Who accepts larger messages accepts one field more for each so many bytes. */
const BYTES_A_FIELD = 26;

/**
 * Parses the JSON of a client, unless that would take much longer than its length says.
 *
 * @param maxBytes the largest that is accepted here, which the text is not larger than.
 * @throws {CodedError} BAD_USER_INPUT about the body.
 */
export function parseClientJson(bytes: Buffer, maxBytes: number): unknown {
  const { levels, fields } = measureJson(bytes, MAX_JSON_LEVELS);
  if (levels > MAX_JSON_LEVELS) {
    const problem = `has more than ${MAX_JSON_LEVELS} levels of lists and objects; flatten it.`;
    throw badInput('body', problem, { limit: 'MAX_VALUE_DEPTH' });
  }
  const maxFields = Math.max(MAX_FIELDS, Math.floor(maxBytes / BYTES_A_FIELD));
  if (fields > maxFields) {
    const problem = `has ${fields} fields of objects; at most ${maxFields} are accepted. Send it in parts.`;
    throw badInput('body', problem, { limit: 'MAX_BODY_BYTES' });
  }
  try {
    return JSON.parse(bytes.toString().replace(/^\uFEFF/, ''));
  } catch {
    throw badInput('body', 'is not JSON.');
  }
}
