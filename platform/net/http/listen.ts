import type { Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { guarded } from '../../base/faults/guarded.ts';

/**
 * Connections that may wait to be accepted: as many as the system lets (`net.core.somaxconn`). What comes beyond is
 * forgotten, and tried again after seconds or, where it seemed to be connected, minutes: that is where clients end up
 * who were all dropped at once.
 */
const BACKLOG = 65_535;

/** A server that cannot listen. The message is one line for the person who started it. */
export class ListenError extends Error {
  override name = 'ListenError';
}

/**
 * Listens, or says in one line why it cannot.
 *
 * @param setting the variable that chooses the port, for the message.
 * @returns the port, chosen by the system when 0 was asked for.
 * @throws {ListenError} when the port is taken or may not be used.
 */
export async function listen(server: Server, port: number, host: string, setting: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(new ListenError(explain(error, port, host, setting)));
    server.once('error', failed);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

function explain(error: NodeJS.ErrnoException, port: number, host: string, setting: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use. Stop what uses it, or choose another with ${setting}=<port>.`;
    case 'EACCES':
      return `Port ${port} on ${host} may not be opened by this user. Choose one above 1023 with ${setting}=<port>.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is ${JSON.stringify(host)}; allowed: an address of this machine, such as 127.0.0.1 or 0.0.0.0.`;
    default:
      return `Cannot listen on ${host}:${port}: ${error.message}`;
  }
}

/** Longest time in which a closing server still takes connections, so that balancers can notice. */
const MAX_LEAD_MS = 500;

/** How long a connection may be without a request before it is taken for idle: a busy process hears late of it. */
const MAX_QUIET_MS = 1_000;

/**
 * Closes a server so that no request fails: for a moment it goes on, answering each request with `connection: close`,
 * so that kept-alive connections end after an answer and not while the next request is on its way. Then no new
 * connections; running requests are answered, idle connections closed, and whatever is left after the grace period is
 * cut.
 *
 * @param graceMs how long all of it may take.
 */
export async function drain(server: Server, graceMs: number): Promise<void> {
  const started = performance.now();
  server.prependListener('request', (_, response) => {
    response.shouldKeepAlive = false;
  });
  await new Promise((resolve) => setTimeout(resolve, Math.min(MAX_LEAD_MS, graceMs / 4)));
  await takeWaiting(server, started + graceMs / 2);
  const closed = stopListening(server);
  let cleanup: NodeJS.Timeout | undefined;
  const quiet = setTimeout(
    () => {
      // Kept-alive connections become idle one by one as their requests end.
      cleanup = setInterval(
        guarded({ where: 'http server' }, () => server.closeIdleConnections()),
        100,
      );
    },
    Math.min(MAX_QUIET_MS, graceMs / 4),
  );
  const cut = setTimeout(() => server.closeAllConnections(), Math.max(0, graceMs - (performance.now() - started)));
  await closed;
  clearTimeout(quiet);
  clearInterval(cleanup);
  clearTimeout(cut);
}

const closing = new WeakMap<Server, Promise<void>>();

/**
 * Takes no new connections from now on; those that are open go on. For a port that other processes listen at, too: what
 * comes in is theirs.
 *
 * @returns when the last connection has ended.
 */
export function stopListening(server: Server): Promise<void> {
  let closed = closing.get(server);
  if (closed === undefined) {
    // Not the HTTP server's own close(), which cuts idle connections at once: a new one may not have been heard yet.
    closed = new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
    closing.set(server, closed);
  }
  return closed;
}

/**
 * Takes in the connections that wait to be accepted: closing the server would reset them, requests and all. Node takes
 * one in each turn of its loop, so a turn without any says that there are no more.
 *
 * @param until when to give up, by performance.now(): they may come faster than they are taken.
 */
async function takeWaiting(server: Server, until: number): Promise<void> {
  let taken = true;
  const heard = (): void => {
    taken = true;
  };
  server.on('connection', heard);
  while (taken && performance.now() < until) {
    taken = false;
    await new Promise((resolve) => setImmediate(resolve));
  }
  server.off('connection', heard);
}
