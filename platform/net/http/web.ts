import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { CodedError } from '../../base/errors/errors.ts';
import { isClosed } from './client-left.ts';
import { inPieces } from './in-pieces.ts';
import { inflateBody, isCoded } from './inflate.ts';

/**
 * Puts a Node request in WHATWG terms, its body streamed. The URL's host is always `localhost`: what a client writes in
 * the Host header, or in place of a path (`//elsewhere/x`), leads nowhere.
 *
 * @param path the path and query, beginning with a slash, e.g. without the prefix that led here.
 */
export function toRequest(request: IncomingMessage, path: string, signal: AbortSignal): Request {
  const method = request.method ?? 'GET';
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(`http://localhost${path}`, {
    method,
    headers,
    ...(hasBody && { body: Readable.toWeb(request) as BodyInit, duplex: 'half' }),
    signal,
  });
}

/** Cookies are set together below; the others speak of the connection to a subgraph and not of the client's. */
const NOT_PASSED_ON = new Set(['set-cookie', 'connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer']);

/** Sends a WHATWG response, its body streamed. A client who leaves ends the stream, and that is not an error. */
export async function sendResponse(response: ServerResponse, answer: Response): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) if (!NOT_PASSED_ON.has(name)) response.setHeader(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  discardRest(response);
  // Where the client has left while the answer was made, there is nothing to pipe it to.
  if (answer.body === null || response.req.method === 'HEAD' || isClosed(response)) {
    await answer.body?.cancel();
    response.end();
    return;
  }
  await pipeline(Readable.fromWeb(answer.body as NodeReadableStream), inPieces, response).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    },
  );
}

/** What is not read of a request stands before the next one of its connection, which would never be answered. */
function discardRest(response: ServerResponse): void {
  const { req: request } = response;
  if (request.complete) return;
  response.once('finish', () => {
    request.removeAllListeners('data');
    request.resume();
  });
}

/**
 * Bounds the body of a request: its reader gets PAYLOAD_TOO_LARGE instead of what is beyond the limit.
 *
 * @throws {CodedError} PAYLOAD_TOO_LARGE where the request declares more.
 */
export function boundBody(request: Request, maxBytes: number): Request {
  if (request.body === null) return request;
  if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes);
  let length = 0;
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      length += chunk.byteLength;
      if (length > maxBytes) throw tooLarge(maxBytes);
      controller.enqueue(chunk);
    },
  });
  return new Request(request, { body: request.body.pipeThrough(bounded), duplex: 'half' } as RequestInit);
}

/** Returns whether reading a body failed because the client has left: what Node says of a request. */
export const isCutOff = (error: unknown): boolean =>
  error instanceof Error && error.message === 'aborted' && (error as NodeJS.ErrnoException).code === 'ECONNRESET';

/** Returns what is said of a body that did not come whole. The client that left does not read it. */
export const cutOff = (): CodedError => new CodedError('BAD_USER_INPUT', 'The request body was cut off.');

const tooLarge = (maxBytes: number): CodedError =>
  new CodedError('PAYLOAD_TOO_LARGE', `The request body is larger than ${maxBytes} bytes, which is the limit.`);

/** A function that is told of bytes that are held until the body is whole; it throws where they are too many. */
export type HoldBytes = (bytes: number) => void;

/**
 * Reads a body whole, inflated where it is compressed.
 *
 * @param maxBytes more is refused, before it is read where the length is declared.
 * @param hold is told of what comes before the rest, and of what compressed bytes become. What it throws ends the
 * reading.
 * @throws {CodedError} PAYLOAD_TOO_LARGE; {UnknownCoding}.
 */
export function readBody(request: IncomingMessage, maxBytes: number, hold?: HoldBytes): Promise<Buffer> {
  const coding = request.headers['content-encoding'];
  const read = readBytes(request, maxBytes, hold);
  if (!isCoded(coding)) return read;
  return read
    .then((bytes) => inflateBody(bytes, coding, maxBytes))
    .then((inflated) => {
      hold?.(inflated.length);
      return inflated;
    });
}

function readBytes(request: IncomingMessage, maxBytes: number, hold: HoldBytes | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const declared = Number(request.headers['content-length']);
    if (declared > maxBytes) return reject(tooLarge(maxBytes));
    // A client that has left while it was found out who it is tells nothing any more.
    if (isClosed(request)) return reject(cutOff());
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = (error: unknown): void => {
      request.removeAllListeners('data');
      request.pause();
      chunks.length = 0;
      reject(error as Error);
    };
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) return refuse(tooLarge(maxBytes));
      // Most bodies are whole at once.
      if (length !== declared) {
        try {
          hold?.(chunk.length);
        } catch (error) {
          return refuse(error);
        }
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', (error) => reject(isCutOff(error) ? cutOff() : error));
    // An upload that is cut off ends in `close` alone.
    request.on('close', () => {
      if (!request.complete) reject(cutOff());
    });
  });
}
