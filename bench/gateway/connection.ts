import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * A kept-alive HTTP/1.1 connection that asks one thing at a time and reads no more of the answer than where it ends: an
 * HTTP client as applications use it takes longer over a request than the gateways that are measured.
 */
export interface Connection {
  /** @returns the whole answer, head and body. */
  ask(request: Buffer): Promise<Buffer>;
  close(): void;
}

export async function openConnection(url: URL): Promise<Connection> {
  const socket = connect(Number(url.port), url.hostname).setNoDelay(true);
  await once(socket, 'connect');
  let answer: Buffer | undefined;
  let waiting: PromiseWithResolvers<Buffer> | undefined;
  socket.on('data', (data: Buffer) => {
    answer = answer ? Buffer.concat([answer, data]) : data;
    if (!isWhole(answer)) return;
    const whole = answer;
    answer = undefined;
    waiting!.resolve(whole);
  });
  socket.on('error', (error) => waiting?.reject(error));
  socket.on('close', () => waiting?.reject(new Error(`${url.host} closed the connection.`)));
  return {
    ask(request) {
      waiting = Promise.withResolvers();
      socket.write(request);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}

/** A POST of JSON as it goes over the connection. */
export function encodeRequest(url: URL, headers: Readonly<Record<string, string>>, body: string): Buffer {
  const lines = Object.entries({ ...headers, host: url.host, 'content-length': String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`POST ${url.pathname} HTTP/1.1\r\n${head}\r\n${body}`);
}

function isWhole(answer: Buffer): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.toString('latin1', 0, end))?.[1];
  // In chunks: JSON has no line break of its own, so that this can only be the end.
  if (length === undefined) return answer.subarray(-7).equals(LAST_CHUNK);
  return answer.length >= end + 4 + Number(length);
}

const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');
