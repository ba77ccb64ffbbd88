import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { CodedError } from '../errors/errors.ts';

/**
 * A Node request in WHATWG terms, its body streamed.
 *
 * @param path replaces the path and query of the URL, e.g. without the prefix that led here.
 */
export function toRequest(request: IncomingMessage, path = request.url ?? '/', signal?: AbortSignal): Request {
  const method = request.method ?? 'GET';
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(new URL(path, `http://${request.headers.host ?? 'localhost'}`), {
    method,
    headers,
    ...(hasBody && { body: Readable.toWeb(request) as BodyInit, duplex: 'half' }),
    ...(signal && { signal }),
  });
}

/** Sends a WHATWG response, its body streamed. A client who leaves ends the stream, and that is no error. */
export async function sendResponse(response: ServerResponse, answer: Response): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  if (answer.body === null || response.req.method === 'HEAD') {
    await answer.body?.cancel();
    response.end();
    return;
  }
  await pipeline(Readable.fromWeb(answer.body as NodeReadableStream), response).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    },
  );
}

/**
 * Reads a body whole.
 *
 * @param maxBytes more is refused, before it is read where the length is declared.
 * @throws {CodedError} PAYLOAD_TOO_LARGE.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = () =>
      new CodedError('PAYLOAD_TOO_LARGE', `The request body is larger than ${maxBytes} bytes, which is the limit.`);
    if (Number(request.headers['content-length']) > maxBytes) return reject(tooLarge());
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        request.removeAllListeners('data');
        request.pause();
        return reject(tooLarge());
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', reject);
    // An upload that is cut off ends in `close` alone.
    request.on('close', () => {
      if (!request.complete) reject(new CodedError('BAD_USER_INPUT', 'The request body was cut off.'));
    });
  });
}
