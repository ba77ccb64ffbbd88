import { isUtf8 } from 'node:buffer';
import { badInput } from '../errors/errors.ts';
import { type JsonMeasure, MAX_JSON_LEVELS, measureJson } from './json-measure.ts';

/**
 * Microseconds that a parser takes for one of each, measured with Node 24 on texts of half a megabyte. A short text is
 * kept once for all that are equal, which has to be looked for; a hidden class is made for each new sequence of names.
 */
const PARSE_US = { containers: 0.25, fields: 0.05, shapes: 1.5, shortTexts: 0.3 } as const;
/** Work of one message that the loop is held for. A list of numbers or one long text takes far less. */
const MAX_PARSE_US = 8_000;
/**
 * Microseconds of what there may be many of in a larger message than an ordinary one, which has no room for more than
 * its allowance.
 */
const LARGE_US = { values: 0.03, longTexts: 0.15 } as const;
/** Of the work for an ordinary message, what a larger one may take. */
const LARGE = 4;
/** Bytes that do not belong to texts in a message that is larger than an ordinary one. */
const LARGE_OUTSIDE = 4_194_304;
/** Lists, objects and fields together of such a message. */
const LARGE_PARTS = 150_000;
/** Who accepts messages that are larger than this accepts more work for one as well, in proportion. */
const ORDINARY_BYTES = 524_288;

/** Why a text is not parsed, and the setting that says so. */
interface TooMuch {
  readonly problem: string;
  readonly limit: string;
}

function tooMuch(bytes: Uint8Array, maxBytes: number): TooMuch | undefined {
  const isLarge = bytes.length > maxBytes;
  const measure = measureJson(bytes, {
    levels: MAX_JSON_LEVELS,
    ...(isLarge && { outside: LARGE_OUTSIDE, parts: LARGE_PARTS }),
  });
  if (measure.levels > MAX_JSON_LEVELS) {
    const problem = `has more than ${MAX_JSON_LEVELS} levels of lists and objects; flatten it.`;
    return { problem, limit: 'MAX_VALUE_DEPTH' };
  }
  if (isLarge && measure.outside > LARGE_OUTSIDE) {
    const problem = `has more than ${LARGE_OUTSIDE} bytes that belong to no text. Send it in parts.`;
    return { problem, limit: 'MAX_BODY_BYTES' };
  }
  if (isLarge && measure.containers + measure.fields > LARGE_PARTS) {
    const problem = `has more than ${LARGE_PARTS} lists, objects and fields. Send it in parts.`;
    return { problem, limit: 'MAX_BODY_BYTES' };
  }
  const ordinary = MAX_PARSE_US * Math.max(1, maxBytes / ORDINARY_BYTES);
  const { containers, fields, shapes, shortTexts, longTexts, values } = measure;
  const ofMany = isLarge ? values * LARGE_US.values + longTexts * LARGE_US.longTexts : 0;
  if (parseMicroseconds(measure) + ofMany <= (isLarge ? LARGE * ordinary : ordinary)) return undefined;
  const counts = `${containers} lists and objects, ${fields} fields (${shapes} of new names) and ${shortTexts} short texts`;
  const problem = `is too much to read at once: ${isLarge ? `${values} values, ${longTexts} long texts, ` : ''}${counts}. Send it in parts.`;
  return { problem, limit: 'MAX_BODY_BYTES' };
}

/**
 * Returns whether the JSON of a client may be parsed: whether that takes no longer than its length says.
 *
 * @param maxBytes the largest that is accepted here, which the text is not larger than.
 */
export const mayParse = (bytes: Uint8Array, maxBytes: number): boolean => tooMuch(bytes, maxBytes) === undefined;

/**
 * Parses the JSON of a client, unless that would take much longer than its length says.
 *
 * @param maxBytes the largest ordinary message. A larger one, of a client that may send it, has to be made of long
 * texts: it may take four times the work at most.
 * @throws {CodedError} BAD_USER_INPUT about the body.
 */
export function parseClientJson(bytes: Buffer, maxBytes: number): unknown {
  // Each byte that is none becomes a character of three.
  if (!isUtf8(bytes)) throw badInput('body', 'is not UTF-8.');
  const refused = tooMuch(bytes, maxBytes);
  if (refused) throw badInput('body', refused.problem, { limit: refused.limit });
  try {
    return JSON.parse(bytes.toString().replace(/^\uFEFF/, ''));
  } catch {
    throw badInput('body', 'is not JSON.');
  }
}

const parseMicroseconds = ({ containers, fields, shapes, shortTexts }: JsonMeasure): number =>
  containers * PARSE_US.containers +
  fields * PARSE_US.fields +
  shapes * PARSE_US.shapes +
  shortTexts * PARSE_US.shortTexts;
