/** The answer to one request, whole. */
export interface HttpAnswer {
  readonly status: number;
  /** Status line and headers as they came, without the empty line. */
  readonly head: string;
  readonly body: Buffer;
}

/** The error of an HTTP/1.1 response that cannot be trusted: the connection it came on must not be used again. */
export class MalformedResponse extends Error {
  override name = 'MalformedResponse';
}

/** The body is larger than the caller accepts. */
export class ResponseTooLarge extends Error {
  override name = 'ResponseTooLarge';
}

/** Longest status line with headers, and longest line of a chunk's size or trailer. */
const MAX_HEAD = 32 * 1024;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const NEW_LINE = 10;
const NOTHING = Buffer.alloc(0);

type Reading = 'head' | 'counted' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close' | 'done';

/**
 * A reader of the responses of one HTTP/1.1 connection (RFC 9112), one after another, from the bytes as they come.
 *
 * Strict where leniency has let attackers split responses: two framings at once, a repeated or signed length, space
 * before a colon, folded headers and bytes after the end are all errors. Bytes that are kept are copied: the reader's
 * caller may use its buffer again.
 */
export class ResponseReader {
  /** Whether another request may follow on the connection; known when an answer is complete. */
  reusable = true;
  /** How long the server said it keeps an idle connection, in milliseconds. */
  keepAliveMs: number | undefined;
  readonly #maxBytes: number;
  #reading: Reading = 'done';
  #status = 0;
  #head = '';
  /** A head or line that has begun in an earlier piece. */
  #held: Buffer = NOTHING;
  /** The body, of the declared length; or what there is of it in pieces. */
  #body: Buffer = NOTHING;
  #pieces: Buffer[] = [];
  #length = 0;
  #missing = 0;

  /** @param maxBytes largest body. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A request was sent: the next bytes are its response. */
  expect(): void {
    this.#reading = 'head';
    this.#held = NOTHING;
    this.#pieces = [];
    this.#length = 0;
  }

  /**
   * Takes the next bytes.
   *
   * @returns the answer once it is complete.
   * @throws {MalformedResponse} {ResponseTooLarge} after which the reader is useless.
   */
  read(bytes: Buffer): HttpAnswer | undefined {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#reading) {
        case 'done':
          throw new MalformedResponse('bytes that no request asked for');
        case 'head':
          at = this.#readHead(bytes, at);
          if ((this.#reading as Reading) === 'done') return this.#complete(bytes, at);
          break;
        case 'counted': {
          const taken = bytes.copy(this.#body, this.#length, at, at + this.#missing);
          at += taken;
          this.#length += taken;
          this.#missing -= taken;
          if (this.#missing > 0) break;
          this.#reading = 'done';
          return this.#complete(bytes, at);
        }
        case 'until-close':
          this.#keep(bytes.subarray(at));
          at = bytes.length;
          break;
        case 'chunk': {
          const piece = bytes.subarray(at, at + this.#missing);
          this.#keep(piece);
          at += piece.length;
          this.#missing -= piece.length;
          if (this.#missing === 0) this.#reading = 'chunk-end';
          break;
        }
        default:
          at = this.#readLine(bytes, at);
          if ((this.#reading as Reading) === 'done') return this.#complete(bytes, at);
      }
    }
    return undefined;
  }

  /** The server has closed its side. @returns the answer where that was its end. */
  end(): HttpAnswer | undefined {
    if (this.#reading !== 'until-close') return undefined;
    this.#reading = 'done';
    return { status: this.#status, head: this.#head, body: Buffer.concat(this.#pieces, this.#length) };
  }

  /** Whether a response is waited for of which nothing has come. */
  get isUntouched(): boolean {
    return this.#reading === 'head' && this.#held.length === 0;
  }

  #complete(bytes: Buffer, end: number): HttpAnswer {
    if (end < bytes.length) throw new MalformedResponse('bytes after the end of the response');
    const body = this.#pieces.length > 0 ? Buffer.concat(this.#pieces, this.#length) : this.#body;
    const answer = { status: this.#status, head: this.#head, body };
    this.#body = NOTHING;
    this.#pieces = [];
    return answer;
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#length > this.#maxBytes) throw new ResponseTooLarge();
    this.#pieces.push(Buffer.from(piece));
  }

  /** @returns where what follows the head begins. */
  #readHead(bytes: Buffer, from: number): number {
    let source = bytes;
    let start = from;
    if (this.#held.length > 0) {
      source = Buffer.concat([this.#held, bytes.subarray(from)]);
      start = 0;
    }
    const end = source.indexOf(END_OF_HEAD, start);
    const length = (end < 0 ? source.length : end) - start;
    if (length > MAX_HEAD) throw new MalformedResponse(`a head of more than ${MAX_HEAD} bytes`);
    if (end < 0) {
      this.#held = Buffer.from(source.subarray(start));
      return bytes.length;
    }
    // What was held comes before these bytes.
    const next = end + END_OF_HEAD.length - (source === bytes ? 0 : this.#held.length - from);
    this.#held = NOTHING;
    this.#begin(source.toString('latin1', start, end));
    return next;
  }

  /** Decides by the head how the body is framed (RFC 9112, 6.3). */
  #begin(head: string): void {
    const lineEnd = head.indexOf('\r\n');
    const statusLine = lineEnd < 0 ? head : head.slice(0, lineEnd);
    if (!STATUS_LINE.test(statusLine)) throw new MalformedResponse('no HTTP/1.1 status line');
    const status = Number(statusLine.slice(9, 12));
    const isOld = statusLine.charCodeAt(7) === 48; // HTTP/1.0
    const framing = framingOf(head, lineEnd, isOld);
    if (status < 200) {
      // Interim; the response follows. A switch of protocols was not asked for.
      if (status === 101) throw new MalformedResponse('a switch of protocols');
      return;
    }
    this.#status = status;
    this.#head = head;
    this.reusable = !framing.close;
    this.keepAliveMs = framing.keepAliveMs;
    this.#frame(status, framing);
  }

  #frame(status: number, { length, chunked }: Framing): void {
    if (status === 204 || status === 304 || length === 0) {
      this.#body = NOTHING;
      this.#reading = 'done';
    } else if (chunked) {
      this.#reading = 'chunk-size';
    } else if (length !== undefined) {
      if (length > this.#maxBytes) throw new ResponseTooLarge();
      this.#body = Buffer.allocUnsafe(length);
      this.#missing = length;
      this.#reading = 'counted';
    } else {
      this.reusable = false;
      this.#reading = 'until-close';
    }
  }

  /** Lines around chunks. @returns where the next begins. */
  #readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(NEW_LINE, from);
    const piece = bytes.subarray(from, end < 0 ? bytes.length : end);
    if (this.#held.length + piece.length > MAX_HEAD) throw new MalformedResponse('a line without end');
    const line = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : piece;
    if (end < 0) {
      this.#held = Buffer.from(line);
      return bytes.length;
    }
    this.#held = NOTHING;
    if (line.at(-1) !== 13) throw new MalformedResponse('a line that does not end as lines do');
    const text = line.toString('latin1', 0, line.length - 1);
    switch (this.#reading) {
      case 'chunk-size': {
        const size = /^([\da-f]{1,8})(?:[ \t]*;.*)?$/i.exec(text)?.[1];
        if (size === undefined) throw new MalformedResponse('a chunk without a size');
        this.#missing = Number.parseInt(size, 16);
        if (this.#length + this.#missing > this.#maxBytes) throw new ResponseTooLarge();
        this.#reading = this.#missing === 0 ? 'trailers' : 'chunk';
        break;
      }
      case 'chunk-end':
        if (text !== '') throw new MalformedResponse('a chunk longer than its size');
        this.#reading = 'chunk-size';
        break;
      case 'trailers':
        if (text === '') this.#reading = 'done';
        break;
    }
    return end + 1;
  }
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-5]\d\d(?: |$)/;

/** What a head says of its body and its connection. */
interface Framing {
  length: number | undefined;
  chunked: boolean;
  close: boolean;
  keepAliveMs: number | undefined;
}

/**
 * Reads how a body is framed.
 *
 * @param lineEnd where the status line ends.
 * @param close whether the connection ends with the response unless the head says otherwise.
 * @throws {MalformedResponse} where another reader might frame it otherwise.
 */
function framingOf(head: string, lineEnd: number, close: boolean): Framing {
  const framing: Framing = { length: undefined, chunked: false, close, keepAliveMs: undefined };
  for (let at = lineEnd; at >= 0; ) {
    const begin = at + 2;
    const next = head.indexOf('\r\n', begin);
    const stop = next < 0 ? head.length : next;
    at = next;
    const colon = head.indexOf(':', begin);
    if (colon < 0 || colon >= stop) throw new MalformedResponse('a header without a colon');
    // Any name with a space in it would be read differently by others.
    const first = head.charCodeAt(begin);
    const last = head.charCodeAt(colon - 1);
    if (colon === begin || first <= 32 || last <= 32) throw new MalformedResponse('a header name with space');
    // Only names of these lengths matter.
    const width = colon - begin;
    if (width === 14 || width === 17 || width === 10)
      readFraming(framing, head.slice(begin, colon).toLowerCase(), head.slice(colon + 1, stop));
  }
  if (framing.chunked && framing.length !== undefined)
    throw new MalformedResponse('both a content-length and a transfer-encoding');
  return framing;
}

function readFraming(framing: Framing, name: string, given: string): void {
  switch (name) {
    case 'content-length': {
      const value = given.trim();
      if (!/^\d{1,15}$/.test(value) || (framing.length !== undefined && framing.length !== Number(value)))
        throw new MalformedResponse('a content-length that is not a length');
      framing.length = Number(value);
      break;
    }
    case 'transfer-encoding':
      if (framing.chunked || given.trim().toLowerCase() !== 'chunked')
        throw new MalformedResponse('a transfer-encoding other than chunked');
      framing.chunked = true;
      break;
    case 'connection': {
      const value = given.toLowerCase();
      if (value.includes('close')) framing.close = true;
      else if (value.includes('keep-alive')) framing.close = false;
      break;
    }
    case 'keep-alive': {
      const seconds = /timeout=(\d{1,6})/i.exec(given)?.[1];
      if (seconds !== undefined) framing.keepAliveMs = Number(seconds) * 1_000;
    }
  }
}
