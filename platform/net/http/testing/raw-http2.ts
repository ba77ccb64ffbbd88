import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;

/** One frame as bytes. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header that is not put into the table: its name and value as they are. */
export function field(name: string, value: string): Buffer {
  const part = (text: string): Buffer => Buffer.concat([integer(text.length, 127), Buffer.from(text)]);
  return Buffer.concat([Buffer.from([0]), part(name), part(value)]);
}

function integer(value: number, max: number): Buffer {
  if (value < max) return Buffer.from([value]);
  const bytes = [max];
  let left = value - max;
  for (; left >= 128; left >>= 7) bytes.push((left & 127) | 128);
  return Buffer.from([...bytes, left]);
}

/** The head of a request. */
export const request = (method: 'GET' | 'POST', path: string, ...more: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([method === 'GET' ? 0x82 : 0x83, 0x87]),
    field(':path', path),
    field(':authority', 'localhost'),
    ...more,
  ]);

export const window = (bytes: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return payload;
};

/** A client of HTTP/2 that sends what it likes. */
export class RawHttp2 {
  readonly socket: TLSSocket;
  /** The error code of the GOAWAY that came, if one came, when the connection has ended. */
  readonly ended: Promise<number | undefined>;
  #received = Buffer.alloc(0);
  #goaway: number | undefined;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (data) => this.#read(data));
    // The other side ends while this one still writes.
    socket.on('error', () => undefined);
    this.ended = once(socket, 'close').then(() => this.#goaway);
  }

  static async open(port: number): Promise<RawHttp2> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    const client = new RawHttp2(socket);
    await once(socket, 'secureConnect');
    client.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.SETTINGS, 0, 0));
    return client;
  }

  send(...frames: Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
  }

  #read(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      if (this.#received.length < 9) return;
      const length = this.#received.readUIntBE(0, 3);
      if (this.#received.length < 9 + length) return;
      if (this.#received[3] === FRAME.GOAWAY) this.#goaway = this.#received.readUInt32BE(13);
      this.#received = this.#received.subarray(9 + length);
    }
  }
}
