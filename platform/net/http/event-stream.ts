import type { Readable } from 'node:stream';
import { createParser } from 'eventsource-parser';
import { type Fault, guarded } from '../../base/faults/guarded.ts';

/**
 * An event that is longer than this is not a piece of a reply, in characters; pictures come in pieces of some millions.
 */
const MAX_EVENT = 64_000_000;
/** A consumer that is so many events behind makes the server wait. */
const MAX_WAITING = 1_000;
/** A word that ends an answer, on a line of its own or behind an event, as servers forget the line between the two. */
const DONE = '[DONE]';
/** What a server that has said [DONE] has left to send comes at once; one that keeps the connection is left. */
const DRAIN_MS = 1_000;

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * The events of a response (the WHATWG's event stream format), up to the end or the `[DONE]` of the OpenAI protocol.
 *
 * The openai package reads them too, through five nested async generators; this reads a chunk of bytes in one go.
 */
export class EventStream {
  readonly #body: Readable;
  readonly #alive: () => void;
  readonly #events: ServerEvent[] = [];
  #read = 0;
  #over = false;
  #done = false;
  #torn = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #parser = createParser({
    maxBufferSize: MAX_EVENT,
    onEvent: ({ event, data }) => this.#add({ name: event ?? '', data }),
    onComment: () => this.#alive(),
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded')
        this.#body.destroy(new SyntaxError(`an event is longer than ${MAX_EVENT} characters`));
    },
  });

  /** @param alive hears of comments, which servers send while they have nothing else to say. */
  constructor(body: Readable, alive: () => void = () => undefined) {
    this.#body = body;
    this.#alive = alive;
    body.setEncoding('utf8');
    const guard = { where: 'event stream', end: ({ error }: Fault) => this.#fail(error as Error) };
    body.on(
      'data',
      guarded(guard, (text: string) => this.#take(text)),
    );
    body.on(
      'end',
      guarded(guard, () => this.#finish()),
    );
    body.on('error', (error) => this.#fail(error));
    body.on('close', () => this.#fail(new Error('the connection was closed')));
    // It may have broken before anybody listened.
    if (body.destroyed) this.#fail(body.errored ?? new Error('the connection was closed'));
  }

  /** Whether `[DONE]` has come. */
  get done(): boolean {
    return this.#done;
  }

  /** Whether the answer ended within its last event. */
  get torn(): boolean {
    return this.#torn;
  }

  /** The next event, undefined after the last one. Throws what broke the connection. */
  async next(): Promise<ServerEvent | undefined> {
    for (;;) {
      const event = this.ready();
      if (event) return event;
      if (this.#error) throw this.#error;
      if (this.#over) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next event where it has come already. */
  ready(): ServerEvent | undefined {
    const event = this.#events[this.#read];
    if (event && ++this.#read === this.#events.length) {
      this.#events.length = 0;
      this.#read = 0;
      if (this.#body.isPaused() && !this.#over) this.#body.resume();
    }
    return event;
  }

  #take(text: string): void {
    if (this.#over || this.#body.destroyed) return;
    this.#parser.feed(text);
    if (this.#events.length - this.#read >= MAX_WAITING) this.#body.pause();
    this.#notify();
  }

  #add(event: ServerEvent): void {
    if (this.#over) return;
    const isDone = event.data.startsWith(DONE);
    const data = isDone ? '' : beforeDone(event.data);
    if (data !== '' || event.data === '') this.#events.push(data === event.data ? event : { ...event, data });
    if (isDone || data !== event.data) this.#drain();
  }

  /** The answer is complete: the connection is free again once the server has ended it, too. */
  #drain(): void {
    this.#over = true;
    this.#done = true;
    this.#body.resume();
    const timer = setTimeout(() => this.#body.destroy(), DRAIN_MS).unref();
    this.#body.once('close', () => clearTimeout(timer));
  }

  /** Servers forget the empty line after the last event. */
  #finish(): void {
    const before = this.#events.length;
    if (!this.#over) this.#parser.feed('\n\n');
    this.#torn = this.#events.length > before;
    this.#over = true;
    this.#notify();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#error ??= error;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** Returns the data of an event without the word that ends the answer. (An expression reads blanks again and again.) */
function beforeDone(data: string): string {
  const text = data.trimEnd();
  if (!text.endsWith(DONE)) return data;
  const before = text.slice(0, -DONE.length).trimEnd();
  return before.endsWith('data:') ? before.slice(0, -'data:'.length).trimEnd() : before;
}
