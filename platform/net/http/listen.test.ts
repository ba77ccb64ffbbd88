import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';

/** A server whose thread is busy from the moment it listens until it is told otherwise. */
const BUSY_SERVER = `
  const { createServer } = await import('node:http');
  const { parentPort, workerData } = await import('node:worker_threads');
  const { listen } = await import(workerData.module);
  const server = createServer((_, response) => response.end('ok'));
  parentPort.postMessage(await listen(server, 0, '127.0.0.1', 'PORT'));
  Atomics.wait(new Int32Array(workerData.gate), 0, 0);
`;

/** What the system keeps at most for a server that does not accept. */
function keptBySystem(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  } catch {
    return 128;
  }
}

it('clients who come while a server is busy are kept as far as the system can, not the 511 of Node', async () => {
  const gate = new SharedArrayBuffer(4);
  const workerData = { module: new URL('listen.ts', import.meta.url).href, gate };
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(BUSY_SERVER)}`), { workerData });
  const sockets: Socket[] = [];
  try {
    const port = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    const clients = Math.min(1_000, keptBySystem());
    let connected = 0;
    for (let index = 0; index < clients; index++) {
      const socket = connect(port, '127.0.0.1', () => connected++);
      socket.on('error', () => {});
      sockets.push(socket);
    }
    await vi.waitFor(() => expect(connected).toBe(clients), { timeout: 10_000 });
  } finally {
    for (const socket of sockets) socket.destroy();
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    await worker.terminate();
  }
});
