import type { Readable } from 'node:stream';
import { EventStream, type ServerEvent } from '#platform/net/http/event-stream.ts';
import { ProviderFailure } from './failure.ts';
import type { ProviderResponse } from './transport.ts';

/** The events of an answer. */
export interface Events {
  /** Whether the provider said with `[DONE]` that there is no more. */
  readonly done: boolean;
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
 * @param alive hears of what the server sends to keep the connection while its model has nothing to say yet.
 * @throws ProviderFailure `malformed` for a web page and the like.
 */
export async function openEvents({ status, headers, body }: ProviderResponse, alive?: () => void): Promise<Events> {
  const type = (headers.get('content-type') ?? '').toLowerCase();
  const begin = type.includes('html') ? '<' : await beginning(body);
  if (begin === '{' || begin === '[') return new Whole(await whole(body));
  // A field of an event, or a comment; an answer that ends before it begins is a stream that was cut.
  if (/^[a-z:\uFEFF]?$/.test(begin)) return new EventStream(body, alive);
  body.on('error', () => undefined).destroy();
  throw new ProviderFailure(
    'malformed',
    `answered ${status} with ${type || 'no content type'} instead of an event stream`,
  );
}

/** Returns the first character that is not white space, and leaves the body as it was; empty when there is none. */
async function beginning(body: Readable): Promise<string> {
  const read: Buffer[] = [];
  const pieces = body.iterator({ destroyOnReturn: false });
  let found = '';
  while (found === '') {
    const { value, done } = (await pieces.next()) as { value?: Buffer; done?: boolean };
    if (done || value === undefined) return '';
    read.push(value);
    const bytes = Buffer.concat(read);
    // A byte order mark that is torn: it has three bytes.
    if (bytes[0] === 0xef && bytes.length < 3) continue;
    found = bytes.toString('utf8').trimStart().slice(0, 1);
  }
  await pieces.return?.();
  body.unshift(Buffer.concat(read));
  return found;
}

async function whole(body: Readable): Promise<string> {
  body.setEncoding('utf8');
  let text = '';
  for await (const piece of body) {
    text += piece as string;
    if (text.length > MAX_WHOLE) throw new SyntaxError(`the answer is longer than ${MAX_WHOLE} characters`);
  }
  return text;
}

/** A reply in one piece, as the one event of a stream; or in lines of JSON, each of them an event. */
class Whole implements Events {
  readonly #waiting: string[];

  constructor(text: string) {
    // JSON knows no byte order mark.
    const data = text.replace(/^\uFEFF/, '');
    this.#waiting = isJson(data) ? [data] : data.split(/\r?\n/).filter((line) => line.trim() !== '');
  }

  get done(): boolean {
    return this.#waiting.length === 0;
  }

  async next(): Promise<ServerEvent | undefined> {
    const data = this.#waiting.shift();
    return data === undefined ? undefined : { name: '', data };
  }

  ready(): undefined {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
