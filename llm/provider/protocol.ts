import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import type { Deployment, Provider } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import type { ChatRequest } from '../requests.ts';
import type { Clients } from './clients.ts';
import type { Delta } from './deltas.ts';
import type { Quirks } from './quirks.ts';
import type { ReplyText } from './reply-text.ts';
import type { ProviderResponse } from './transport.ts';
import type { ReportedUsage } from './usage.ts';

/** A request in the words of a protocol. */
export type Body = Readonly<Record<string, unknown>>;

/** The question that a deployment is to be asked. */
export interface Question {
  readonly deployment: Deployment;
  readonly request: ChatRequest;
  /** As they fit. */
  readonly messages: readonly ChatMessage[];
  /** Most tokens of the reply, if it is limited. */
  readonly maxTokens: number | undefined;
  readonly quirks: Quirks;
}

/** A reader of one reply, which makes deltas of its events. */
export interface Reader {
  /** The word with which the provider ended the reply, once it has. */
  readonly finish: string | undefined;
  readonly usage: ReportedUsage | undefined;
  /** Whether the reply calls tools. */
  readonly calls: boolean;
  /**
   * Reads an event.
   *
   * @param headers of the answer.
   * @param text what is said goes through it.
   * @param deltas gets what the event says.
   * @throws ProviderFailure when it tells an error, SyntaxError when it is not of the protocol.
   */
  take(event: ServerEvent, headers: Headers, text: ReplyText, deltas: Delta[]): void;
  /** Adds what was held back, the text's first, once the reply is whole: the provider may end it without a word. */
  end?(text: ReplyText, deltas: Delta[]): void;
}

/** A protocol in which providers are asked for replies. */
export interface Protocol {
  body(question: Question): Body;
  /**
   * Sends a request, and returns the answer once it begins.
   *
   * @throws ProviderFailure.
   */
  ask(
    clients: Clients,
    provider: Provider,
    key: string | undefined,
    body: Body,
    signal: AbortSignal,
  ): Promise<ProviderResponse>;
  /** @param question that was asked. */
  reader(question: Question): Reader;
  /** Whether the protocol has words that end a reply; else they are kept to here. */
  readonly takesStop: boolean;
}
