import { CodedError } from '#platform/errors/errors.ts';

/**
 * A request's body as text, read no further than it may be long.
 *
 * @throws {CodedError} PAYLOAD_TOO_LARGE.
 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes)
      throw new CodedError('PAYLOAD_TOO_LARGE', `The body is larger than ${maxBytes} bytes, which is the limit.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
