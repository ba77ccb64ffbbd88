import { errorOf, isError, isPassing, offline } from './errors.ts';
import { iterateEvents } from './event-stream.ts';
import { type Answer, dataOf, isUnauthenticated, type Operation, post, type TypedDocument } from './http.ts';
import { pause } from './pause.ts';
import { Session } from './session.ts';
import { Socket } from './socket.ts';
import { defaultStore, type TokenStore } from './token-store.ts';

/** The options of a client: how it reaches its server. */
export interface ConnectionOptions {
  /** The address of the server or of its /graphql; default: the page's own. */
  readonly url?: string;
  /** Where tokens are kept; default: localStorage in a browser, else memory. */
  readonly store?: TokenStore;
  /** How subscriptions travel; default: by WebSocket, and by server-sent events where no socket can be opened. */
  readonly subscriptions?: 'auto' | 'websocket' | 'sse';
  readonly fetch?: typeof globalThis.fetch;
  /** A WebSocket class, where the surroundings have none. */
  readonly webSocket?: unknown;
  /**
   * How long the answer to a message that is sent, or to a wish for new tokens, is waited for, in ms; then it is sent
   * again: the connection of a laptop that slept may be dead. Default 30,000; new tokens: 10,000 at most.
   */
  readonly answerWithinMs?: number;
}

/** The options of a request. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the answer is waited for, in ms; default: as long as it takes. Then the server counts as OFFLINE. */
  readonly withinMs?: number | undefined;
}

const ANSWER_WITHIN_MS = 30_000;

/** The options of a subscription. */
export interface SubscribeOptions extends RequestOptions {
  /** Is told of each cut after which it subscribes again. */
  readonly onInterruption?: (error: Error) => void;
}

/** A way to run operations of one person against one server: over HTTP, and subscriptions by the way that is open. */
export class Connection {
  readonly endpoint: string;
  readonly session: Session;
  readonly answerWithinMs: number;
  /** The one that was given, which everything goes by; without one that of the surroundings. */
  readonly givenFetch: typeof globalThis.fetch | undefined;
  readonly #fetch: typeof globalThis.fetch;
  readonly #socket: Socket | undefined;
  #overEvents: boolean;
  readonly #mayFallBack: boolean;

  constructor({
    url,
    store,
    subscriptions = 'auto',
    fetch,
    webSocket,
    answerWithinMs = ANSWER_WITHIN_MS,
  }: ConnectionOptions = {}) {
    this.endpoint = endpointOf(url);
    this.answerWithinMs = answerWithinMs;
    this.givenFetch = fetch;
    // Bound, because a browser's fetch wants its window.
    this.#fetch = fetch ?? ((...request) => globalThis.fetch(...request));
    const name = `sextant:${this.endpoint}`;
    this.session = new Session({
      endpoint: this.endpoint,
      store: store ?? defaultStore(name),
      fetch: this.#fetch,
      answerWithinMs,
    });
    const hasSockets = webSocket !== undefined || typeof WebSocket !== 'undefined';
    this.#overEvents = subscriptions === 'sse' || !hasSockets;
    this.#mayFallBack = subscriptions === 'auto';
    this.#socket = this.#overEvents
      ? undefined
      : new Socket({ endpoint: this.endpoint, session: this.session, webSocket });
    this.session.onChange(() => this.#socket?.drop());
  }

  /** Runs a query or mutation and returns its data. @throws {SextantError} the first error, or OFFLINE. */
  async request<Data, Variables>(
    document: string | TypedDocument<Data, Variables>,
    variables?: Variables,
    options: RequestOptions = {},
  ): Promise<Data> {
    return dataOf<Data>(await this.execute({ document, variables } as Operation<Data>, options));
  }

  /** Runs a query or mutation and returns its answer with data and errors. @throws {SextantError} OFFLINE. */
  async execute<Data, Variables = Record<string, unknown>>(
    operation: Operation<Data, Variables>,
    { signal, withinMs }: RequestOptions = {},
  ): Promise<Answer<Data>> {
    const token = await this.session.token();
    const options = { signal, withinMs, fetch: this.#fetch };
    const answer = await post(this.endpoint, operation, token, options);
    if (token === undefined || !isUnauthenticated(answer)) return answer;
    const next = await this.session.token(token);
    // Nothing was done: a token that is refused is refused before anything runs.
    return next === undefined ? answer : post(this.endpoint, operation, next, options);
  }

  /**
   * Yields the data that a subscription sends, as `answers` does.
   *
   * @throws {SextantError} what does not pass by itself, such as NOT_FOUND.
   */
  async *subscribe<Data, Variables>(
    document: string | TypedDocument<Data, Variables>,
    variables: Variables | (() => Variables),
    options: SubscribeOptions = {},
  ): AsyncGenerator<Data> {
    for await (const { data } of this.answers(document, variables, options)) yield data!;
  }

  /**
   * Yields what a subscription sends, with the errors beside its data, until the server completes it. A cut, a restart
   * or another token ends nothing: it subscribes again, with the variables of that moment.
   *
   * @throws {SextantError} what does not pass by itself, such as NOT_FOUND.
   */
  async *answers<Data, Variables>(
    document: string | TypedDocument<Data, Variables>,
    variables: Variables | (() => Variables),
    { signal, onInterruption }: SubscribeOptions = {},
  ): AsyncGenerator<Answer<Data>> {
    let tries = 0;
    let refused = false;
    for (;;) {
      const given = typeof variables === 'function' ? (variables as () => Variables)() : variables;
      try {
        for await (const answer of this.open({ document, variables: given } as Operation<Data>, { signal })) {
          if (answer.errors?.length && answer.data == null) throw errorOf(answer.errors);
          tries = 0;
          refused = false;
          yield answer;
        }
        return;
      } catch (error) {
        if (signal?.aborted) return;
        const isRefused: boolean = isError(error, 'UNAUTHENTICATED') && this.session.isSignedIn && !refused;
        if (!isPassing(error) && !isRefused) throw error;
        refused ||= isRefused;
        onInterruption?.(error as Error);
      }
      await pause(tries++, signal).catch(() => undefined);
      if (signal?.aborted) return;
    }
  }

  /** Yields the answers of a subscription as long as its connection lasts. @throws {SextantError} when it is lost. */
  async *open<Data>(operation: Operation<Data>, { signal }: RequestOptions = {}): AsyncGenerator<Answer<Data>> {
    if (this.#overEvents || this.#socket === undefined) {
      yield* this.#openEvents(operation, signal);
      return;
    }
    try {
      yield* this.#socket.iterate(operation, signal);
    } catch (error) {
      if (!this.#mayFallBack || this.#socket.hasWorked || !isError(error, 'OFFLINE')) throw error;
      // No socket was ever opened: something on the way may not let sockets through.
      for await (const answer of this.#openEvents(operation, signal)) {
        this.#overEvents = true;
        yield answer;
      }
    }
  }

  /** Closes the socket and the channel to other tabs. */
  close(): void {
    this.#socket?.close();
    this.session.close();
  }

  async *#openEvents<Data>(operation: Operation<Data>, signal?: AbortSignal): AsyncGenerator<Answer<Data>> {
    const token = await this.session.token();
    const options = { endpoint: this.endpoint, token, signal, fetch: this.#fetch };
    try {
      for await (const answer of iterateEvents<Data>(operation, options)) {
        if (isUnauthenticated(answer) && answer.data == null) throw errorOf(answer.errors!);
        yield answer;
      }
    } catch (error) {
      if (token === undefined || !isError(error, 'UNAUTHENTICATED')) throw error;
      // With another token it goes on; who subscribes comes back as after a cut.
      if ((await this.session.token(token)) === undefined) throw error;
      throw offline(error);
    }
  }
}

function endpointOf(url: string | undefined): string {
  const base = url ?? (typeof location === 'undefined' ? 'http://localhost:4000' : location.origin);
  return /\/graphql$/.test(base) ? base : `${base.replace(/\/+$/, '')}/graphql`;
}
