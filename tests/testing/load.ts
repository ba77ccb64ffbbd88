import { setTimeout as sleep } from 'node:timers/promises';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import { ConversationEventsDocument, type ConversationEventsSubscription } from '../client/generated/graphql.ts';
import type { TestUser } from './client.ts';

/** What became of one request. */
export interface Outcome<Answer> {
  /** Of performance.now(), at its begin. */
  readonly at: number;
  readonly ms: number;
  readonly answer?: Answer;
  readonly error?: unknown;
}

/** Requests at a steady rate, whether or not those before are answered: what many people at once look like. */
export class Load<Answer> implements Disposable {
  readonly outcomes: Outcome<Answer>[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(perSecond: number, request: (n: number) => Promise<Answer>) {
    let n = 0;
    this.#timer = setInterval(() => {
      const at = performance.now();
      const ms = () => performance.now() - at;
      const one: Promise<void> = request(n++)
        .then(
          (answer) => void this.outcomes.push({ at, ms: ms(), answer }),
          (error: unknown) => void this.outcomes.push({ at, ms: ms(), error }),
        )
        .finally(() => this.#running.delete(one));
      this.#running.add(one);
    }, 1_000 / perSecond);
  }

  /** Those that were begun from here on; for a look while it goes on. */
  since(at: number): Outcome<Answer>[] {
    return this.outcomes.filter((outcome) => outcome.at >= at);
  }

  /** Sends no more. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Sends no more, and waits for what is under way. */
  async stop(): Promise<Outcome<Answer>[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
    return this.outcomes;
  }
}

/** A device that follows conversations over one socket, and comes back whenever a subscription ends. */
export class Follower implements AsyncDisposable {
  /** Texts of messages by conversation. */
  readonly heard = new Map<string, Set<string>>();
  /** Codes of errors that ended a subscription. */
  codes: string[] = [];
  /** Close codes of its socket. */
  closes: number[] = [];
  readonly #socket: ReturnType<typeof createClient>;
  readonly #loops: Promise<void>[];
  #open = true;

  constructor(user: TestUser, conversationIds: readonly string[]) {
    this.#socket = createClient({
      url: `${user.url.replace(/^http/, 'ws')}/graphql`,
      connectionParams: () => ({ authorization: `Bearer ${user.accessToken}` }),
      retryAttempts: 1_000,
      shouldRetry: () => this.#open,
      retryWait: () => sleep(100 + Math.random() * 200),
      on: { closed: (event) => void this.closes.push((event as CloseEvent).code) },
    });
    this.#loops = conversationIds.map((id) => this.#follow(id));
  }

  /** From here on only what comes is looked at. */
  forget(): void {
    this.codes = [];
    this.closes = [];
    for (const texts of this.heard.values()) texts.clear();
  }

  async #follow(conversationId: string): Promise<void> {
    const texts = new Set<string>();
    this.heard.set(conversationId, texts);
    const query = print(ConversationEventsDocument);
    while (this.#open) {
      try {
        const events = this.#socket.iterate<ConversationEventsSubscription>({ query, variables: { conversationId } });
        for await (const { data, errors } of events) {
          if (errors) throw errors;
          const event = data?.conversationEvents;
          if (event && 'message' in event && event.message) texts.add(event.message.text);
        }
      } catch (error) {
        const code = (error as { extensions?: { code?: string } }[])[0]?.extensions?.code;
        this.codes.push(code ?? String(error));
      }
      await sleep(100 + Math.random() * 200);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    await this.#socket.dispose();
    await Promise.race([Promise.all(this.#loops), sleep(2_000)]);
  }
}
