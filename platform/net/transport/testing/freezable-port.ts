import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A port before a server that can be frozen: it goes on to take connections, as the kernel does for a stopped process,
 * and nothing comes through until it is thawed.
 */
export class FreezablePort implements AsyncDisposable {
  readonly url: string;
  /** Times at which data for the server came, in milliseconds of performance.now(). */
  readonly arrivals: number[] = [];
  /** Bytes for the server. */
  received = 0;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  #isFrozen = false;

  private constructor(server: Server, sockets: Set<Socket>, url: string) {
    this.#server = server;
    this.#sockets = sockets;
    this.url = url;
  }

  /** @param target URL of the server behind it; its path is kept. */
  static async open(target: string, port = 0): Promise<FreezablePort> {
    const { pathname, port: targetPort } = new URL(target);
    const sockets = new Set<Socket>();
    let opened: FreezablePort | undefined;
    const server = createServer((client) => {
      const upstream = connect(Number(targetPort), '127.0.0.1');
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        from.setNoDelay(true);
        from.on('data', (bytes) => {
          if (from === client) {
            opened!.arrivals.push(performance.now());
            opened!.received += bytes.byteLength;
          }
          to.write(bytes);
        });
        from.on('error', () => {});
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
        if (opened!.#isFrozen) from.pause();
      }
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const address = server.address() as { port: number };
    opened = new FreezablePort(server, sockets, `http://127.0.0.1:${address.port}${pathname}`);
    return opened;
  }

  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
