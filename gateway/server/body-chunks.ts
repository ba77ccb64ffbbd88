import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { endSession } from '#platform/net/http/http2-sessions.ts';
import { problem } from './pages.ts';

/** Chunks after which their size counts: a small body may come in any. */
const FREE_PIECES = 1_000;
/** Bytes that each further chunk has to have, on average. A packet has more. */
const MIN_BYTES = 256;

const MESSAGE = `The request body comes in too many chunks: beyond ${FREE_PIECES}, each has to have ${MIN_BYTES} bytes on average. Send larger ones.`;

/**
 * Ends a request whose body comes in many small chunks. Each costs the loop some microseconds, however small it is:
 * half a megabyte in chunks of one byte held everything up for a second and a half, before anybody had looked at it.
 */
export function boundChunks(request: IncomingMessage, response: ServerResponse): void {
  // Over HTTP/2 each frame is a chunk, whatever length the request declares.
  if (request.headers['transfer-encoding'] === undefined && request.httpVersionMajor < 2) return;
  let pieces = 0;
  let bytes = 0;
  let isOver = false;
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (isOver) return false;
    if (chunk === null) return push(chunk, encoding);
    bytes += chunk.length;
    if (++pieces <= FREE_PIECES || bytes >= (pieces - FREE_PIECES) * MIN_BYTES) return push(chunk, encoding);
    isOver = true;
    end(request, response);
    return false;
  };
}

/** The reader of the body hears that the client has left. */
function end(request: IncomingMessage, response: ServerResponse): void {
  // The whole session: its next stream would come in as small frames.
  if (isOfHttp2(request)) {
    const { session } = request.stream;
    if (session) endSession(session);
    return;
  }
  const { socket } = request;
  // A response has its socket in its turn only: before, another one is being sent.
  if (response.headersSent || response.socket === null) return void socket.destroy();
  const body = JSON.stringify(problem('PAYLOAD_TOO_LARGE', MESSAGE));
  const head = `HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
}

const isOfHttp2 = (request: IncomingMessage | Http2ServerRequest): request is Http2ServerRequest =>
  request.httpVersionMajor >= 2;
