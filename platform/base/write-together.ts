import type { Writable } from 'node:stream';

/**
 * Makes what is written to a socket in one turn of the event loop leave by one call of the system, after the turn: for
 * a socket that carries the messages of many. A call for each is what such a socket costs most.
 */
export function writeTogether(socket: Writable): void {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    socket.uncork();
  };
  socket.write = ((...given: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return write(...given);
  }) as Writable['write'];
}
