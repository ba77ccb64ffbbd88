import type { Connection } from './connection.ts';
import { SextantError } from './errors.ts';
import { FollowReplyDocument, type FollowReplySubscription, StopReplyDocument } from './generated/graphql.ts';

type Event = FollowReplySubscription['messageStream'];
type EventOf<Name extends Event['__typename']> = Extract<Event, { __typename: Name }>;
/** A passage, memory or message that the model was given. */
export type ReplyCitation = EventOf<'ReplyCitations'>['citations'][number];
/** A call of a tool; its result is null until there is one. */
export type ReplyToolCall = EventOf<'ReplyToolCall'>['toolCall'];
/** The way a reply ended, or how far it is. */
export type ReplyStatus = EventOf<'ReplyEnd'>['status'];

/** A reply as far as it is there. Each step of a reply hands out another one: what has changed is another object. */
export interface ReplyState {
  readonly messageId: string;
  readonly text: string;
  /** What was added last; empty where something else has changed. */
  readonly delta: string;
  readonly reasoning: string;
  readonly citations: readonly ReplyCitation[];
  readonly toolCalls: readonly ReplyToolCall[];
  /** STREAMING until it has ended. */
  readonly status: ReplyStatus;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly usage: EventOf<'ReplyEnd'>['usage'] | null;
}

/** The options of following a reply. */
export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  /** The text that is here already, from an earlier page or device. */
  readonly text?: string;
}

/** Returns the state before the first word. */
export const emptyReply = (messageId: string, text = ''): ReplyState => ({
  messageId,
  text,
  delta: '',
  reasoning: '',
  citations: [],
  toolCalls: [],
  status: 'STREAMING',
  error: null,
  usage: null,
});

/** Returns the state after an event. Applying what was applied before changes nothing. */
export function applyEvent(state: ReplyState, event: Event): ReplyState {
  switch (event.__typename) {
    case 'ReplyText': {
      // What follows on what is here, as nearly all pieces do, is not compared with it.
      if (event.firstSeq - 1 === state.text.length)
        return { ...state, text: state.text + event.text, delta: event.text };
      const text = state.text.slice(0, event.firstSeq - 1) + event.text;
      return { ...state, text, delta: text.startsWith(state.text) ? text.slice(state.text.length) : '' };
    }
    case 'ReplyReasoning':
      return { ...state, delta: '', reasoning: state.reasoning.slice(0, event.firstSeq - 1) + event.text };
    case 'ReplyCitations':
      return { ...state, delta: '', citations: event.citations };
    case 'ReplyQuote': {
      const { index, quote } = event;
      const isKnown = ({ quotes }: ReplyCitation) =>
        quotes.some(({ text, textOffset }) => text === quote.text && textOffset === quote.textOffset);
      const citations = state.citations.map((one) =>
        one.index !== index || isKnown(one) ? one : { ...one, quotes: [...one.quotes, quote] },
      );
      return { ...state, delta: '', citations };
    }
    case 'ReplyToolCall':
      return {
        ...state,
        delta: '',
        toolCalls: [...state.toolCalls.filter(({ id }) => id !== event.toolCall.id), event.toolCall],
      };
    case 'ReplyToolResult': {
      const { callId, result } = event;
      return {
        ...state,
        delta: '',
        toolCalls: state.toolCalls.map((call) => (call.id === callId ? { ...call, result } : call)),
      };
    }
    case 'ReplyEnd':
      return {
        ...state,
        delta: '',
        text: state.text.slice(0, event.lastSeq),
        status: event.status,
        error: event.error ?? null,
        usage: event.usage ?? null,
      };
    default:
      return state; // A server that is newer than this client may say more.
  }
}

/**
 * Follows a reply to its end, as a stream of its states. It comes back by itself after cuts, restarts and new tokens,
 * with the length of the text that is here: nothing is lost and nothing comes twice.
 */
export async function* followReply(
  connection: Connection,
  messageId: string,
  { signal, text = '' }: FollowOptions = {},
): AsyncGenerator<ReplyState> {
  let state = emptyReply(messageId, text);
  const variables = () => ({ id: messageId, after: state.text.length });
  while (state.status === 'STREAMING' && !signal?.aborted) {
    for await (const { messageStream } of connection.subscribe(FollowReplyDocument, variables, { signal })) {
      if (messageStream == null) continue;
      state = applyEvent(state, messageStream);
      yield state;
      if (state.status !== 'STREAMING') return;
    }
  }
}

/** A reply that is being written: iterate it for its states, await `end` for the last one. */
export class Reply implements AsyncIterable<ReplyState> {
  readonly #connection: Connection;
  readonly #messageId: Promise<string>;
  readonly #options: FollowOptions;

  constructor(connection: Connection, messageId: Promise<string>, options: FollowOptions = {}) {
    this.#connection = connection;
    this.#messageId = messageId;
    this.#options = options;
    // What was not asked for must not end the process; who iterates is told.
    messageId.catch(() => undefined);
  }

  /** Id of the reply, as soon as the server has taken the message. */
  get messageId(): Promise<string> {
    return this.#messageId;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReplyState> {
    yield* followReply(this.#connection, await this.#messageId, this.#options);
  }

  /** Waits for the end. @throws {SextantError} when the reply has failed without a word. */
  async end(): Promise<ReplyState> {
    let last = emptyReply(await this.#messageId);
    for await (const state of this) last = state;
    if (last.status === 'FAILED' && last.error)
      throw new SextantError(last.error.code as SextantError['code'], last.error.message);
    return last;
  }

  /** Stops the model. The text so far is kept, and the iteration ends with status STOPPED. */
  async stop(): Promise<void> {
    await this.#connection.request(StopReplyDocument, { input: { id: await this.#messageId } });
  }
}
