import { badInput } from '#platform/base/errors/errors.ts';

/** Parts of a form: a file and a few values. */
const MAX_PARTS = 20;
/** Bytes of the headers of a part. */
const MAX_HEADERS = 8_192;

/** The characters of RFC 2046, but for blanks, which need quotes everywhere. */
const BOUNDARY =
  /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'+.-]{1,70}))\s*(?:;|$)/is;

/**
 * Returns what divides the parts of a form.
 *
 * @throws {CodedError} BAD_USER_INPUT where a request is not a form.
 */
export function readBoundary(contentType: string | undefined): string {
  const [, quoted, plain] = BOUNDARY.exec((contentType ?? '').slice(0, 500)) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) {
    throw badInput('body', 'must be a form: send the content type multipart/form-data with a boundary.');
  }
  return boundary;
}

/**
 * Refuses a form of many parts or with large headers before it is parsed. That happens at once, and takes ten
 * microseconds for each part: half a million of them fit into the largest form.
 *
 * @throws {CodedError} BAD_USER_INPUT naming the limit.
 */
export function checkParts(body: Buffer, boundary: string): void {
  const delimiter = `--${boundary}`;
  let parts = 0;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + delimiter.length)) {
    const from = at + delimiter.length;
    // The last one has no part behind it.
    if (body.toString('latin1', from, from + 2) === '--') continue;
    if (++parts > MAX_PARTS) throw badInput('body', `has more than ${MAX_PARTS} parts; send a file and its values.`);
    const isLong = body.length - from > MAX_HEADERS && !body.subarray(from, from + MAX_HEADERS).includes('\r\n\r\n');
    if (isLong) throw badInput('body', `has a part with more than ${MAX_HEADERS} bytes of headers.`);
  }
}
