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
 * @throws ProviderFailure `malformed` for a web page and the like.
 */
export async function openEvents({ status, headers, body }: ProviderResponse): Promise<Events> {
  const type = (headers.get('content-type') ?? '').toLowerCase();
  const begin = type.includes('html') ? '<' : await beginning(body);
  if (begin === '{' || begin === '[') return new Whole(await whole(body));
  // A field of an event, or a comment; an answer that ends before it begins is a stream that was cut.
  if (/^[a-z:\uFEFF]?$/.test(begin)) return new EventStream(body);
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
    found = value.toString('utf8').trimStart().slice(0, 1);
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

/** A reply in one piece, as the one event of a stream. */
class Whole implements Events {
  #data: string | undefined;

  constructor(data: string) {
    this.#data = data;
  }

  get done(): boolean {
    return this.#data === undefined;
  }

  async next(): Promise<ServerEvent | undefined> {
    const data = this.#data;
    this.#data = undefined;
    return data === undefined ? undefined : { name: '', data };
  }

  ready(): undefined {
    return undefined;
  }
}
