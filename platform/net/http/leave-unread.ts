import type { ServerResponse } from 'node:http';

/** How long what a client still sends is thrown away, in ms. */
const LINGER_MS = 2_000;

/**
 * Ends the connection behind a response whose request is not read to its end. What still comes is thrown away for two
 * seconds: to close a connection upon bytes that were not read resets it, and a client that writes its whole request
 * before it reads would hear of a broken pipe in place of what was wrong.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 */
export function leaveUnread(response: ServerResponse): void {
  response.setHeader('connection', 'close');
  const request = response.req;
  // HTTP/2 ends the stream alone, and tells the client not to go on.
  if (request.httpVersionMajor >= 2 || request.complete) return;
  const { socket } = request;
  // Node calls it once the response is written.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(timer));
    request.once('end', () => socket.destroy());
    request.removeAllListeners('data');
    request.resume();
  };
}
