import type { Worker } from 'node:cluster';

interface Internal {
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
}

/**
 * Gives connections to another worker that were on their way to one that has died. Node forgets them: they stay open in
 * the supervisor, and their clients wait for an answer that never comes. A connection that is handed over is a message
 * `newconn`, which the worker acknowledges; a worker that is closing acknowledges it with `accepted: false`, upon which
 * Node hands it to another. This says so in the place of the dead.
 */
export function handOver(worker: Worker): void {
  const { process } = worker;
  const open = new Set<number>();
  const send = process.send.bind(process) as (message: Internal, ...rest: unknown[]) => boolean;
  process.send = (message: Internal, ...rest: unknown[]) => {
    if (message.act === 'newconn' && message.seq !== undefined) open.add(message.seq);
    return send(message, ...rest);
  };
  process.on(
    'internalMessage' as 'message',
    ((message: Internal) => {
      if (message.ack !== undefined) open.delete(message.ack);
    }) as never,
  );
  process.once('exit', () => {
    // After Node itself has heard of it, and chooses among the others.
    setImmediate(() => {
      for (const ack of open) process.emit('internalMessage' as 'message', NOT_TAKEN(ack) as never, undefined as never);
    });
  });
}

const NOT_TAKEN = (ack: number) => ({ cmd: 'NODE_CLUSTER', ack, accepted: false });
