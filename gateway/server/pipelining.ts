import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that wait for the answers before theirs. */
const MAX_WAITING = 100;

const waiting = new WeakMap<Socket, number>();

/**
 * Ends a connection on which too many requests come without waiting for answers. Node begins with each of them at once,
 * more than a thousand out of one packet, and their answers are kept until those before them are read.
 *
 * @returns whether the request may go on.
 */
export function boundPipelining({ socket }: IncomingMessage, response: ServerResponse): boolean {
  // A response has the socket from the beginning, unless another one has it.
  if (response.socket !== null) return true;
  const count = (waiting.get(socket) ?? 0) + 1;
  if (count > MAX_WAITING) {
    socket.destroy();
    return false;
  }
  waiting.set(socket, count);
  response.once('close', () => waiting.set(socket, waiting.get(socket)! - 1));
  return true;
}
