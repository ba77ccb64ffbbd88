import type { Readable } from 'node:stream';
import { EventStream, type ServerEvent } from '#platform/net/http/event-stream.ts';
import { isJson } from './event-data.ts';
import { ProviderFailure } from './failure.ts';
import type { ProviderResponse } from './transport.ts';

/** The events of an answer. */
export interface Events {
  /** Whether the provider said with `[DONE]` that there is no more. */
  readonly done: boolean;
  /** Whether the answer ended within its last event, which may be whole all the same. */
  readonly torn?: boolean;
  next(): Promise<ServerEvent | undefined>;
  /** The next event where it has come already. */
  ready(): ServerEvent | undefined;
}

/** A whole reply that is longer than this is not one, in characters. */
const MAX_WHOLE = 64_000_000;

/**
 * Opens the answer to a request for a stream. Servers and proxies name its type as they like (`text/plain`, nothing,
 * `Text/Event-Stream`), and some answer with one JSON object though a stream was asked for: what it begins with tells.
 *
 * @param alive hears of what the server sends while its model has nothing to say yet: comments, empty lines, and the
 *   pieces of an object that is not whole.
 * @throws ProviderFailure `malformed` for a web page and the like.
 */
export async function openEvents(
  { status, headers, body }: ProviderResponse,
  alive: () => void = () => undefined,
): Promise<Events> {
  const type = (headers.get('content-type') ?? '').toLowerCase();
  const begin = type.includes('html') ? '<' : await beginning(body, alive);
  if (begin === '{' || begin === '[') return new Whole(body, alive);
  // A field of an event, or a comment; an answer that ends before it begins is a stream that was cut.
  if (/^[a-z:\uFEFF]?$/.test(begin)) return new EventStream(body, alive);
  body.on('error', () => undefined).destroy();
  throw new ProviderFailure(
    'malformed',
    `answered ${status} with ${type || 'no content type'} instead of an event stream`,
  );
}

/** Returns the first character that is not white space, and leaves the body as it was; empty when there is none. */
async function beginning(body: Readable, alive: () => void): Promise<string> {
  const read: Buffer[] = [];
  const pieces = body.iterator({ destroyOnReturn: false });
  let found = '';
  while (found === '') {
    const { value, done } = (await pieces.next()) as { value?: Buffer; done?: boolean };
    if (done || value === undefined) return '';
    read.push(value);
    alive();
    const bytes = Buffer.concat(read);
    // A byte order mark that is torn: it has three bytes.
    if (bytes[0] === 0xef && bytes.length < 3) continue;
    found = bytes.toString('utf8').trimStart().slice(0, 1);
  }
  await pieces.return?.();
  body.unshift(Buffer.concat(read));
  return found;
}

/** A reply in one piece, as the one event of a stream; or in lines of JSON, each of them an event once it has come. */
class Whole implements Events {
  readonly #pieces: AsyncIterator<string>;
  readonly #alive: () => void;
  readonly #waiting: string[] = [];
  /** What has come of an event that is not whole. */
  #open = '';
  #count = 0;
  /** Whether lines are events: not of an object that is written over many of them. */
  #hasLines = true;
  #over = false;

  constructor(body: Readable, alive: () => void) {
    body.setEncoding('utf8');
    this.#pieces = body[Symbol.asyncIterator]() as AsyncIterator<string>;
    this.#alive = alive;
  }

  /** A reply in one piece is whole without a word for its end; lines may have been cut between two of them. */
  get done(): boolean {
    return this.#over && this.#count === 1 && this.#waiting.length === 0;
  }

  async next(): Promise<ServerEvent | undefined> {
    while (this.#waiting.length === 0 && !this.#over) {
      const { value, done } = await this.#pieces.next();
      if (done) this.#end();
      else this.#take(value);
    }
    return this.ready();
  }

  ready(): ServerEvent | undefined {
    const data = this.#waiting.shift();
    return data === undefined ? undefined : { name: '', data };
  }

  #take(piece: string): void {
    this.#alive();
    // JSON knows no byte order mark.
    this.#open += this.#count === 0 && this.#open === '' ? piece.replace(/^\uFEFF/, '') : piece;
    if (this.#open.length > MAX_WHOLE) throw new SyntaxError(`the answer is longer than ${MAX_WHOLE} characters`);
    if (!this.#hasLines || !piece.includes('\n')) return;
    const lines = this.#open.split('\n');
    const first = lines.find((line) => line.trim() !== '');
    if (this.#count === 0 && lines.at(-1) !== first && first !== undefined && !isJson(first)) {
      this.#hasLines = false;
      return;
    }
    this.#open = lines.pop()!;
    for (const line of lines) this.#add(line);
  }

  #add(text: string): void {
    const data = text.trim();
    if (data === '') return;
    this.#count++;
    this.#waiting.push(data);
  }

  #end(): void {
    this.#over = true;
    if (this.#count > 0 && this.#open.trim() !== '' && !isJson(this.#open))
      throw new ProviderFailure('cut', 'the answer ended in the middle of a line');
    this.#add(this.#open);
  }
}
