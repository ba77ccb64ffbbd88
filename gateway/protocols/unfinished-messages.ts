import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { CLOSE, reasonText } from '#platform/net/transport/graphql-socket.ts';
import { unfinishedBodies } from '../request/unfinished-bodies.ts';

/** Bytes of a message that are not counted: most messages come whole, in one packet. */
const FREE_BYTES = 16_384;
/** Bytes of the head of a client's control frame: two, and the mask. */
const CONTROL_HEAD = 6;
/** How long a client may take to hear that its socket is closed. */
const PARTING_MS = 2_000;

/**
 * Counts what a socket holds of a message that has not come to its end: nothing else bounds how long that may take.
 *
 * @param raw the connection below the WebSocket.
 */
export function boundUnfinished(raw: Socket, socket: WebSocket, network: string, maxBytes: number, log: Logger): void {
  const held = unfinishedBodies.hold(() => network, maxBytes);
  let counted = 0;
  /**
   * Bytes of the connection that belong to what has come whole; what comes in one packet with its end counts as well.
   */
  let whole = raw.bytesRead;
  const end = (reason: unknown): void => {
    held.release();
    socket.close(CLOSE.TOO_MUCH, reasonText(reason));
    setTimeout(() => socket.terminate(), PARTING_MS).unref();
  };
  const count = (): void => {
    const unfinished = raw.bytesRead - whole;
    if (unfinished <= FREE_BYTES || unfinished <= counted) return;
    const more = unfinished - counted;
    counted = unfinished;
    try {
      held.add(more);
    } catch (error) {
      raw.off('data', guardedCount);
      end(error);
    }
  };
  const guardedCount = guarded({ where: 'websocket data', log, end: () => socket.terminate() }, count);
  const isWhole = (): void => {
    whole = raw.bytesRead;
    if (counted === 0) return;
    counted = 0;
    held.release();
  };
  const control = (data: Buffer): void => {
    whole += CONTROL_HEAD + data.length;
  };
  raw.on('data', guardedCount);
  socket.on('message', guarded({ where: 'websocket message', log, end: () => socket.terminate() }, isWhole));
  socket.on('ping', control);
  socket.on('pong', control);
  socket.once('close', () => held.release());
}
