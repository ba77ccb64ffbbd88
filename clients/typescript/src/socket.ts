import { type Client, createClient } from 'graphql-ws';
import { errorOf, offline, SextantError, type WireError } from './errors.ts';
import type { Answer, Operation } from './http.ts';
import type { Session } from './session.ts';

/** A laptop that slept has a socket that is dead and does not know it: this often it is asked. */
const ASK_EVERY_MS = 12_000;
const ANSWER_WITHIN_MS = 5_000;
/** A page that changes from one conversation to the next keeps its socket. */
const KEEP_IDLE_MS = 5_000;

/** The parts that a socket works with. */
export interface SocketOptions {
  readonly endpoint: string;
  readonly session: Session;
  readonly webSocket?: unknown;
}

/** A socket for all subscriptions of a client, opened with the first of them. */
export class Socket {
  readonly #client: Client;
  readonly #session: Session;
  #token: string | undefined;
  /** The token with which a socket was refused: the next one gets another. */
  #refused: string | undefined;
  /** Whether a server has ever greeted this client: where not, sockets may be blocked. */
  hasWorked = false;

  constructor({ endpoint, session, webSocket }: SocketOptions) {
    this.#session = session;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    this.#client = createClient({
      url: endpoint.replace(/^http/, 'ws'),
      lazy: true,
      lazyCloseTimeout: KEEP_IDLE_MS,
      keepAlive: ASK_EVERY_MS,
      connectionAckWaitTimeout: ANSWER_WITHIN_MS * 2,
      // Who subscribes comes back with what it has by then, so the client must not subscribe again by itself.
      retryAttempts: 0,
      connectionParams: async () => {
        this.#token = await session.token(this.#refused);
        this.#refused = undefined;
        return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
      },
      ...(webSocket !== undefined && { webSocketImpl: webSocket }),
      on: {
        connected: () => {
          this.hasWorked = true;
        },
        ping: (received) => {
          if (!received) waiting = setTimeout(() => this.#client.terminate(), ANSWER_WITHIN_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(waiting);
        },
        closed: () => clearTimeout(waiting),
      },
    });
  }

  /** Yields the answers of a subscription. @throws {SextantError} when it ends with an error or the socket is lost. */
  async *iterate<Data>({ document, variables }: Operation<Data>, signal?: AbortSignal): AsyncGenerator<Answer<Data>> {
    const payload = { query: String(document), variables: variables as Record<string, unknown> };
    const answers = this.#client.iterate<Data>(payload);
    const stop = () => void answers.return?.();
    signal?.addEventListener('abort', stop);
    try {
      for await (const answer of answers) yield answer as Answer<Data>;
      signal?.throwIfAborted();
    } catch (thrown) {
      signal?.throwIfAborted();
      throw this.#errorOf(thrown);
    } finally {
      signal?.removeEventListener('abort', stop);
      stop();
    }
  }

  /** Drops the socket, for example because another person has signed in. Subscriptions come back by themselves. */
  drop(): void {
    this.#client.terminate();
  }

  /** Closes the socket for good. */
  close(): void {
    void this.#client.dispose();
  }

  #errorOf(thrown: unknown): SextantError {
    if (Array.isArray(thrown)) return errorOf(thrown as WireError[]);
    const { code, reason } = thrown as { code?: number; reason?: string };
    if (code === 4403) {
      // The token has ended, or there are too many sockets; either way another token and a moment help.
      this.#refused = this.#token;
      if (!this.#session.isSignedIn) return new SextantError('UNAUTHENTICATED', reason ?? 'Sign in first.');
    }
    if (code === 4400 || code === 4406 || code === 4409)
      return new SextantError('INTERNAL_SERVER_ERROR', reason || `The socket was closed with ${code}.`);
    return offline(thrown);
  }
}
