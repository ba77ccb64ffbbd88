import type { JsonObject } from '#platform/base/json/json.ts';
import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import { argumentsOf } from '../call-arguments.ts';
import { failureOf } from '../classify.ts';
import type { CitationDelta, Delta } from '../deltas.ts';
import type { Reader } from '../protocol.ts';
import type { ReplyText } from '../reply-text.ts';
import { countOf, type ReportedUsage } from '../usage.ts';
import { type Citation, citationOf } from './citations.ts';
import type { Citable } from './sources.ts';

/** An error in a stream has no status; its type tells. */
const STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

interface Counts {
  readonly input_tokens?: number | null;
  readonly cache_read_input_tokens?: number | null;
  readonly cache_creation_input_tokens?: number | null;
  readonly output_tokens?: number | null;
  readonly output_tokens_details?: { readonly thinking_tokens?: number } | null;
}

/** A block, and the pieces of one. */
interface Block {
  readonly type?: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly data?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly partial_json?: string;
  /** Of a whole block. */
  readonly citations?: unknown;
  readonly citation?: Citation | null;
}

interface Event {
  readonly type?: string;
  readonly index?: number;
  readonly message?: Event;
  readonly content?: readonly Block[];
  readonly content_block?: Block;
  readonly delta?: Block & { readonly stop_reason?: string | null };
  readonly stop_reason?: string | null;
  readonly usage?: Counts | null;
  readonly error?: { readonly type?: string; readonly message?: string };
}

/** The reader of Anthropic's messages. */
export class MessagesReader implements Reader {
  finish: string | undefined;
  readonly #sources: readonly Citable[];
  #counts: Counts = {};
  /** Space at the end of a text so far: a mark of what the text draws on stands before it. */
  #space = '';
  /** What the text under way draws on. */
  #cited: CitationDelta[] = [];
  /** Thoughts under way, by the index of their block. */
  readonly #thoughts = new Map<number, { thinking: string; signature: string }>();
  /** Positions of calls, by the index of their block, and whether their arguments came whole. */
  readonly #calls = new Map<number, { readonly at: number; readonly isWhole: boolean }>();

  /** @param sources that the model was given to cite. */
  constructor(sources: readonly Citable[]) {
    this.#sources = sources;
  }

  get calls(): boolean {
    return this.#calls.size > 0;
  }

  get usage(): ReportedUsage | undefined {
    const counts = this.#counts;
    const fresh = countOf(counts.input_tokens);
    if (fresh === undefined) return undefined;
    const read = countOf(counts.cache_read_input_tokens) ?? 0;
    const written = countOf(counts.cache_creation_input_tokens) ?? 0;
    const output = countOf(counts.output_tokens);
    return {
      inputTokens: fresh + read + written,
      cachedInputTokens: read,
      cacheWriteTokens: written || undefined,
      outputTokens: output,
      reasoningTokens: Math.min(countOf(counts.output_tokens_details?.thinking_tokens) ?? 0, output ?? 0),
    };
  }

  take({ name, data }: ServerEvent, headers: Headers, text: ReplyText, deltas: Delta[]): void {
    const event = JSON.parse(data) as Event | null;
    if (typeof event !== 'object' || event === null) throw new SyntaxError('an event holds no object');
    if (name === 'error' || event.error) {
      const { type, message = data } = event.error ?? {};
      throw failureOf({ status: STATUSES[type ?? ''], type, message, headers });
    }
    // A whole message comes where no stream was given.
    const index = event.index ?? 0;
    if (event.type === 'message') this.#whole(event, text, deltas);
    else if (event.type === 'message_start') this.#count(event.message?.usage);
    else if (event.type === 'content_block_start') this.#begin(index, event.content_block ?? {}, text, deltas);
    else if (event.type === 'content_block_delta') this.#piece(index, event.delta ?? {}, text, deltas);
    else if (event.type === 'content_block_stop') this.#stop(index, text, deltas);
    else if (event.type === 'message_delta') {
      this.#endText(text, deltas);
      this.#count(event.usage);
      this.finish = event.delta?.stop_reason ?? this.finish;
    } else if (event.type === 'message_stop') this.finish ??= 'end_turn';
  }

  #whole({ content = [], usage, stop_reason: reason }: Event, text: ReplyText, deltas: Delta[]): void {
    this.#count(usage);
    for (const [index, block] of content.entries()) {
      this.#begin(index, block, text, deltas);
      this.#stop(index, text, deltas);
    }
    this.finish = reason ?? undefined;
  }

  #begin(index: number, block: Block, text: ReplyText, deltas: Delta[]): void {
    this.#endText(text, deltas);
    if (block.type === 'text') {
      this.#say(block.text ?? '', text, deltas);
      if (Array.isArray(block.citations))
        for (const citation of block.citations) this.#cite((citation ?? {}) as Citation);
    } else if (block.type === 'thinking') {
      this.#thoughts.set(index, { thinking: '', signature: '' });
      this.#think(index, block, deltas);
    } else if (block.type === 'redacted_thinking') {
      deltas.push(thought('', { index, type: 'redacted_thinking', data: block.data ?? '' }));
    } else if (block.type === 'tool_use') {
      const at = this.#calls.size;
      const whole = Object.keys(block.input ?? {}).length > 0 ? argumentsOf(block.input) : '';
      this.#calls.set(index, { at, isWhole: whole !== '' });
      deltas.push({ type: 'tool-call', index: at, id: block.id, name: block.name, arguments: whole });
    }
  }

  #piece(index: number, piece: Block, text: ReplyText, deltas: Delta[]): void {
    if (piece.text) this.#say(piece.text, text, deltas);
    else if (piece.citation) this.#cite(piece.citation);
    else if (piece.thinking || piece.signature) this.#think(index, piece, deltas);
    else if (piece.partial_json) {
      const call = this.#calls.get(index);
      if (call && !call.isWhole)
        deltas.push({
          type: 'tool-call',
          index: call.at,
          id: undefined,
          name: undefined,
          arguments: piece.partial_json,
        });
    }
  }

  #think(index: number, { thinking = '', signature = '' }: Block, deltas: Delta[]): void {
    const open = this.#thoughts.get(index);
    if (open) {
      open.thinking += thinking;
      open.signature += signature;
    }
    if (thinking !== '') deltas.push(thought(thinking));
  }

  #say(words: string, text: ReplyText, deltas: Delta[]): void {
    const said = this.#space + words;
    const end = said.trimEnd().length;
    this.#space = said.slice(end);
    if (end > 0) text.take(said.slice(0, end), deltas);
  }

  #cite(citation: Citation): void {
    const cited = citationOf(citation, this.#sources);
    if (cited) this.#cited.push(cited);
  }

  /** What a text draws on is told at its end. */
  #endText(text: ReplyText, deltas: Delta[]): void {
    deltas.push(...this.#cited);
    if (this.#space !== '') text.take(this.#space, deltas);
    this.#cited = [];
    this.#space = '';
  }

  /** The whole block is what goes back. */
  #stop(index: number, text: ReplyText, deltas: Delta[]): void {
    this.#endText(text, deltas);
    const block = this.#thoughts.get(index);
    if (block) deltas.push(thought('', { index, type: 'thinking', ...block }));
    this.#thoughts.delete(index);
  }

  /** The counts at the end are of the whole message; they leave out what has not changed. */
  #count(counts: Counts | null | undefined): void {
    const told = Object.entries(counts ?? {}).filter(([, count]) => count !== null);
    this.#counts = { ...this.#counts, ...(Object.fromEntries(told) as Counts) };
  }
}

const thought = (text: string, detail?: JsonObject): Delta => ({
  type: 'reasoning',
  text,
  field: 'parts',
  ...(detail && { details: [detail] }),
});
