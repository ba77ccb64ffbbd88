import type { WebSocket } from 'ws';
import { guarded } from '../../base/faults/guarded.ts';

interface Heartbeat {
  readonly socket: WebSocket;
  readonly isUnread: (() => boolean) | undefined;
  answered: boolean;
}

// One function for all sockets: there are tens of thousands.
const guardedBeat = guarded(
  { where: 'socket heartbeat', end: (_, { socket }) => socket.terminate() },
  (heartbeat: Heartbeat): void => {
    const { socket, isUnread, answered } = heartbeat;
    if (!answered && !isUnread?.()) socket.terminate();
    heartbeat.answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  },
);

/**
 * Cuts a peer that answers no ping: a phone that left the network never closes its socket.
 *
 * @param everyMs how often it is asked. 0: never.
 * @param isUnread whether it is this side that does not read, and so could not hear an answer.
 * @returns how to stop when the socket is closed.
 */
export function keepAlive(socket: WebSocket, everyMs: number, isUnread?: () => boolean): () => void {
  if (everyMs === 0) return () => undefined;
  const heartbeat: Heartbeat = { socket, isUnread, answered: true };
  const timer = setInterval(guardedBeat, everyMs, heartbeat).unref();
  socket.on('pong', () => {
    heartbeat.answered = true;
  });
  return () => clearInterval(timer);
}
