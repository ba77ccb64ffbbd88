import { connect as connectTcp, type Socket } from 'node:net';
import { type Fault, guarded } from '../../base/faults/guarded.ts';
import { isHostName } from '../http/host-name.ts';
import { type ClientTls, connectionOptions } from '../http/tls.ts';
import { type HttpAnswer, MalformedResponse, ResponseReader } from './http-response.ts';

export interface ConnectionOptions {
  readonly url: URL;
  /** The address to connect to, where it is not what the name resolves to by default. */
  readonly address: string | undefined;
  readonly tls?: ClientTls | undefined;
  readonly connectTimeoutMs: number;
  /** Largest body of an answer. */
  readonly maxBytes: number;
}

/** A request on a connection, which is told how it ended: exactly one of `answered` and `failed` is called. */
export interface Exchange {
  /** When it has taken too long, in milliseconds of performance.now(). */
  readonly until: number;
  /** It has taken too long. */
  late(): void;
  /** The server is there and does not answer; what may be repeated gives up. */
  stalled(reason: Error): void;
  answered(answer: HttpAnswer): void;
  /**
   * @param isStale the server had closed a connection that was idle until then: it has most likely not seen the
   * request.
   */
  failed(error: Error, isStale: boolean): void;
}

/** The owner, who is told when the connection can take another request, or is closed. */
export interface ConnectionOwner {
  /** @param isNew whether it has just been opened. */
  free(connection: HttpConnection, isNew: boolean): void;
  /**
   * @param refused why, when it has never been open.
   * @param early whether the server has closed it while it was kept, before the end of the time that it keeps one.
   */
  closed(connection: HttpConnection, refused: Error | undefined, early: boolean): void;
}

const READ_BUFFER = 64 * 1024;
/** Servers that do not say how long they keep an idle connection keep it at least for this long. */
const KEPT_MS = 4_000;
/** Before the server's own end of patience: a request that is under way then would be lost. */
const MARGIN_MS = 1_000;

/**
 * A kept-alive connection with one request at a time. A request is one write, and reading needs no stream: that is
 * what it has over a general HTTP client, whose features a subgraph request does not use.
 */
export class HttpConnection {
  /** Until when an idle connection can be used again, in milliseconds of performance.now(). */
  usableUntil = 0;
  /** Since when it is idle, in the same milliseconds. */
  freeSince = 0;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader: ResponseReader;
  #exchange: Exchange | undefined;
  #problem: Error | undefined;
  #state: 'opening' | 'open' | 'closing' = 'opening';
  #requests = 0;
  #isLeft = false;

  constructor(options: ConnectionOptions, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#reader = new ResponseReader(options.maxBytes);
    const guard = { where: 'subgraph connection', end: ({ error }: Fault) => this.destroy(error as Error) };
    this.#socket = open(
      options,
      guarded(guard, (bytes: Buffer) => this.#read(bytes)),
    );
    let wasOpen = false;
    const timer = setTimeout(
      () => this.#socket.destroy(new Error(`no connection within ${options.connectTimeoutMs} ms`)),
      options.connectTimeoutMs,
    );
    this.#socket.once(options.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      wasOpen = true;
      if (this.#state !== 'opening') return;
      this.#state = 'open';
      this.#free(true);
    });
    this.#socket.on('error', (error) => {
      // Before anything of this side's has ended it: the server's kernel has.
      if (this.#state === 'open') this.#isLeft = true;
      this.#problem ??= error;
    });
    this.#socket.on(
      'end',
      guarded(guard, () => this.#ended()),
    );
    const closed = (): void => {
      clearTimeout(timer);
      this.#state = 'closing';
      const exchange = this.#finish();
      const isStale = this.#requests > 1 && this.#reader.isUntouched;
      const isKept = exchange ? isStale : this.#requests > 0;
      const early = this.#isLeft && isKept && performance.now() < this.usableUntil;
      this.#owner.closed(this, wasOpen ? undefined : this.#reason(), early);
      exchange?.failed(this.#reason(), isStale);
    };
    this.#socket.on('close', guarded({ where: guard.where }, closed));
  }

  /** Whether a request may be sent: neither side has closed it, as far as this one has read. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether the server keeps connections: it has said so, or has answered on this one more than once. */
  get isKept(): boolean {
    return this.#requests > 1 || this.#reader.keepAliveMs !== undefined;
  }

  /**
   * Sends a request. Only for a connection that is free. The bytes of the head are those of the client's headers,
   * whatever the body is.
   */
  send(head: string, body: string, isAscii: boolean, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#requests++;
    this.#reader.expect();
    // ASCII is the same in Latin-1, which is copied and not encoded.
    if (isAscii) this.#socket.write(head + body, 'latin1');
    else {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body, 'utf8');
      this.#socket.uncork();
    }
  }

  /** Tells a request that has taken too long. */
  look(now: number): void {
    if (this.#exchange && this.#exchange.until <= now) this.#exchange.late();
  }

  /** Tells the request under way that the server does not answer. */
  stalled(reason: Error): void {
    this.#exchange?.stalled(reason);
  }

  /** Ends it at once; a request under way fails with the reason. */
  destroy(reason?: Error): void {
    this.#problem ??= reason;
    this.#state = 'closing';
    this.#socket.destroy();
  }

  #reason(): Error {
    return this.#problem ?? new Error('the connection was closed before the answer came');
  }

  #finish(): Exchange | undefined {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    return exchange;
  }

  #read(bytes: Buffer): void {
    let answer: HttpAnswer | undefined;
    try {
      answer = this.#reader.read(bytes);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    if (answer) this.#answered(answer);
  }

  #ended(): void {
    if (this.#state === 'open') this.#isLeft = true;
    const answer = this.#reader.end();
    if (answer) this.#answered(answer);
    else this.destroy(this.#exchange && new MalformedResponse('the connection was closed before the answer was whole'));
  }

  #answered(answer: HttpAnswer): void {
    const exchange = this.#finish();
    if (this.#reader.reusable) this.#free(false);
    else this.destroy();
    exchange?.answered(answer);
  }

  #free(isNew: boolean): void {
    if (this.#state !== 'open') return;
    const { keepAliveMs } = this.#reader;
    this.freeSince = performance.now();
    this.usableUntil = this.freeSince + (keepAliveMs === undefined ? KEPT_MS : Math.max(0, keepAliveMs - MARGIN_MS));
    this.#owner.free(this, isNew);
  }
}

function open({ url, address, tls }: ConnectionOptions, read: (bytes: Buffer) => void): Socket {
  const host = address ?? url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = Number(url.port) || (isTls ? 443 : 80);
  if (isTls) {
    const socket = process.getBuiltinModule('node:tls').connect({
      host,
      port,
      ALPNProtocols: ['http/1.1'],
      ...(isHostName(url.hostname) && { servername: url.hostname }),
      ...connectionOptions(url, tls),
    });
    socket.setNoDelay(true);
    socket.on('data', read);
    return socket;
  }
  return connectTcp({
    host,
    port,
    noDelay: true,
    // One buffer for the connection's life instead of one for each read, and no stream in between.
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BUFFER),
      callback(count, buffer) {
        read((buffer as Buffer).subarray(0, count));
        return true;
      },
    },
  });
}
