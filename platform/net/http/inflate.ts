import { brotliDecompress, constants, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { badInput, CodedError } from '../../base/errors/errors.ts';

type Done = (error: Error | null, bytes: Buffer) => void;
type Inflate = (bytes: Buffer, options: { readonly maxOutputLength: number }, done: Done) => void;

/** Of 8 MB, as RFC 9659 says of zstd over HTTP; by itself a frame could ask for sixteen times as much memory. */
const ZSTD_WINDOW = { [constants.ZSTD_d_windowLogMax]: 23 };

const CODINGS = new Map<string, Inflate>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', brotliDecompress],
  ['zstd', (bytes, options, done) => zstdDecompress(bytes, { ...options, params: ZSTD_WINDOW }, done)],
]);

/** So much larger a body of JSON may become: what is beyond is a bomb, and is left before it is there. */
const MAX_RATIO = 200;
/** A small body may be all blanks, in bytes. */
const MIN_INFLATED = 65_536;

/** The error of a request whose body is in a coding that is not known: HTTP status 415. */
export class UnknownCoding extends CodedError {}

/** Returns whether a body has to be inflated before it is read. */
export const isCoded = (coding: string | undefined): coding is string =>
  coding !== undefined && coding !== '' && coding !== 'identity';

/**
 * Inflates the body of a request, in the pool of threads.
 *
 * @param maxBytes of what comes out.
 * @throws {UnknownCoding}; {CodedError} PAYLOAD_TOO_LARGE, and BAD_USER_INPUT where it is not in that coding.
 */
export function inflateBody(bytes: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  const inflateBy = CODINGS.get(coding.trim().toLowerCase());
  if (!inflateBy) {
    throw new UnknownCoding(
      'BAD_USER_INPUT',
      `The content encoding ${JSON.stringify(coding.slice(0, 50))} is not known; send gzip, br, zstd, deflate or none.`,
    );
  }
  const maxOutputLength = Math.min(maxBytes, Math.max(MIN_INFLATED, bytes.length * MAX_RATIO));
  return new Promise((resolve, reject) => {
    inflateBy(bytes, { maxOutputLength }, (error, inflated) => {
      if (!error) resolve(inflated);
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        const limit = `${maxOutputLength} bytes, which is the limit for it`;
        reject(new CodedError('PAYLOAD_TOO_LARGE', `The request body inflates to more than ${limit}.`));
      } else reject(badInput('body', `is not what its content encoding ${coding} says.`));
    });
  });
}
