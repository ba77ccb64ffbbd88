import { EMPTY_DRAFT, extend, type Part, type Piece } from '../draft/draft.ts';
import type { ToolCall, ToolCallResult } from '../draft/tool-calls.ts';
import type { Citation } from '../peers/recall.ts';
import type { Final } from './settle.ts';

/** An event of `messageStream`. */
export type ReplyEvent =
  | {
      readonly __typename: 'ReplyText';
      readonly snapshot: boolean;
      readonly text: string;
      readonly firstSeq: number;
      readonly lastSeq: number;
    }
  | {
      readonly __typename: 'ReplyReasoning';
      readonly text: string;
      readonly firstSeq: number;
      readonly lastSeq: number;
    }
  | { readonly __typename: 'ReplyToolCall'; readonly toolCall: ToolCall }
  | { readonly __typename: 'ReplyToolResult'; readonly callId: string; readonly result: ToolCallResult }
  | { readonly __typename: 'ReplyCitations'; readonly citations: readonly Citation[] }
  | ({ readonly __typename: 'ReplyEnd' } & Final);

/** The place that a reader has come to in a reply, which tells what is new to it. */
export class ReaderPosition {
  /** Length of the text that the reader has. */
  length: number;
  /** Whether the reader has had its snapshot. */
  begun = false;
  #reasoning = 0;
  #citations = 0;
  readonly #toolCalls = new Set<string>();
  readonly #toolResults = new Set<string>();
  /** How far the present reading of the log, or of the database, has come. */
  #text = 0;
  #thought = 0;

  constructor(after: number) {
    this.length = after;
  }

  /** A reader that has more than there is has something else: it is given everything again, from number 1. */
  correct(known: number): void {
    if (this.length > known) this.length = 0;
  }

  /** @param fromStart whether these pieces are the first of a reading from the beginning. */
  *take(pieces: readonly Piece[], fromStart = true): Generator<ReplyEvent, void> {
    if (fromStart) {
      this.#text = 0;
      this.#thought = 0;
    }
    const news = pieces.reduce(extend, EMPTY_DRAFT);
    if (news.citations.length > this.#citations) {
      this.#citations = news.citations.length;
      yield { __typename: 'ReplyCitations', citations: news.citations };
    }
    if (news.reasoning !== '') yield* this.#think(news.reasoning);
    yield* this.#say(news.text, fromStart && !this.begun);
    for (const { kind, body } of pieces) if (kind === 'PART') yield* this.#call(JSON.parse(body) as Part);
  }

  *#call({ toolCall, toolResult }: Part): Generator<ReplyEvent, void> {
    if (toolCall && !this.#toolCalls.has(toolCall.id)) {
      this.#toolCalls.add(toolCall.id);
      yield { __typename: 'ReplyToolCall', toolCall };
    }
    if (toolResult && !this.#toolResults.has(toolResult.callId)) {
      this.#toolResults.add(toolResult.callId);
      yield { __typename: 'ReplyToolResult', ...toolResult };
    }
  }

  *#say(text: string, snapshot: boolean): Generator<ReplyEvent, void> {
    const fresh = text.slice(Math.max(0, this.length - this.#text));
    this.#text += text.length;
    if (fresh === '' && !snapshot) return;
    this.begun = true;
    const firstSeq = this.length + 1;
    this.length += fresh.length;
    yield { __typename: 'ReplyText', snapshot, text: fresh, firstSeq, lastSeq: this.length };
  }

  *#think(text: string): Generator<ReplyEvent, void> {
    const fresh = text.slice(Math.max(0, this.#reasoning - this.#thought));
    this.#thought += text.length;
    if (fresh === '') return;
    const firstSeq = this.#reasoning + 1;
    this.#reasoning += fresh.length;
    yield { __typename: 'ReplyReasoning', text: fresh, firstSeq, lastSeq: this.#reasoning };
  }
}
