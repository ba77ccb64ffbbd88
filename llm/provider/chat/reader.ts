import { type MarkedPiece, SourceMarks } from '#platform/base/markdown/source-marks.ts';
import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import { failureOf } from '../classify.ts';
import { said } from '../content.ts';
import type { Delta } from '../deltas.ts';
import { errorOf } from '../error-body.ts';
import { FoundPages } from '../found-pages.ts';
import type { Reader } from '../protocol.ts';
import type { ReplyText } from '../reply-text.ts';
import { ToolCallPieces } from '../tool-call-pieces.ts';
import { type ReportedUsage, reportedUsage } from '../usage.ts';

/** A chunk as it is read here: of a stream, or a whole answer with `message` in the place of `delta`. */
interface Chunk {
  readonly choices?: readonly {
    readonly delta?: object | null;
    readonly message?: object | null;
    readonly finish_reason?: unknown;
  }[];
  readonly error?: unknown;
  readonly object?: unknown;
  /** The pages that Perplexity or xAI found, and what Perplexity knows of them. */
  readonly citations?: unknown;
  readonly search_results?: unknown;
}

/** The reader of chat completions. */
export class ChatReader implements Reader {
  readonly #calls = new ToolCallPieces();
  /** Pages that the reply draws on: each chunk may tell all of them, and they are told once, at the end. */
  readonly #pages = new FoundPages();
  /** Whether words or calls have come. */
  #isInPieces = false;
  readonly #marks = new SourceMarks();
  readonly #isJson: boolean;
  finish: string | undefined;
  usage: ReportedUsage | undefined;

  /** @param isJson whether the text is to be JSON, in which a number in brackets is a list. */
  constructor(isJson: boolean) {
    this.#isJson = isJson;
  }

  get calls(): boolean {
    return this.#calls.any;
  }

  take(event: ServerEvent, headers: Headers, text: ReplyText, deltas: Delta[]): void {
    const chunk = parsed(event, headers);
    this.usage = reportedUsage(chunk) ?? this.usage;
    this.#pages.noteSearch(chunk.citations, chunk.search_results);
    const choice = chunk.choices?.[0];
    if (choice) this.#choose(choice, text, deltas);
    if (this.finish !== undefined) this.end(text, deltas);
  }

  end(text: ReplyText, deltas: Delta[]): void {
    this.#say((said) => text.end(said), deltas);
    deltas.push(...this.#told(this.#marks.end()), ...this.#calls.end(), ...this.#pages.take());
  }

  #choose(choice: NonNullable<Chunk['choices']>[number], text: ReplyText, deltas: Delta[]): void {
    // What a stream has told piece by piece, a proxy says once more as a message at its end.
    const delta = choice.delta ?? (this.#isInPieces ? undefined : choice.message);
    if (delta) this.#read(delta, text, deltas);
    const { finish_reason: reason } = choice;
    // DashScope's word for none is a text.
    if (typeof reason === 'string' && !/^(null|none)?$/i.test(reason)) this.finish = reason;
  }

  #read(delta: object, text: ReplyText, deltas: Delta[]): void {
    const { text: words, reasoning } = said(delta);
    if (reasoning) deltas.push(reasoning);
    if (words !== '') this.#say((said) => text.take(words, said), deltas);
    this.#pages.noteAnnotations((delta as { annotations?: unknown }).annotations);
    const { tool_calls: calls, function_call: call } = delta as { tool_calls?: unknown; function_call?: unknown };
    if (words !== '' || calls || call) this.#isInPieces = true;
    if (calls || call) deltas.push(...this.#told(this.#marks.end()));
    if (calls) deltas.push(...this.#calls.take(calls));
    else if (call) deltas.push(...this.#calls.take({ index: 0, function: call }));
  }

  /** Numbers of pages become citations: the reader of the reply may have given the same numbers to other sources. */
  #say(write: (deltas: Delta[]) => void, deltas: Delta[]): void {
    if (this.#isJson || !this.#pages.areNumbered) {
      write(deltas);
      return;
    }
    const said: Delta[] = [];
    write(said);
    for (const delta of said) {
      if (delta.type === 'text') deltas.push(...this.#told(this.#marks.take(delta.text)));
      else deltas.push(delta);
    }
  }

  /** A number that may be that of a page which is not told is dropped: it would name another source. */
  #told(pieces: readonly MarkedPiece[]): Delta[] {
    return pieces.flatMap(({ text, mark, isSetOff }): Delta[] => {
      const page = mark ? this.#pages.numbered(mark) : undefined;
      if (page) return [page];
      return mark && this.#pages.mayNumber(mark, isSetOff) ? [] : [{ type: 'text', text }];
    });
  }
}

/** An error in the middle of a stream is the provider's as if it had come as a status. */
function parsed({ name, data }: ServerEvent, headers: Headers): Chunk {
  const value: unknown = JSON.parse(data);
  // Gemini wraps an error in a list.
  const chunk = (Array.isArray(value) ? value[0] : value) as Chunk | null | undefined;
  if (typeof chunk !== 'object' || chunk === null) throw new SyntaxError('an event holds no object');
  const isError = name === 'error' || chunk.error || (chunk.choices == null && isRefusal(chunk as Raw));
  if (!isError) return chunk;
  const error = errorOf(chunk as Raw) ?? { ...chunk };
  const { code, type, param, message } = error as Raw;
  throw failureOf({
    code,
    type: textOr(type),
    param: textOr(param),
    message: textOr(message) ?? JSON.stringify(error),
    headers,
  });
}

/** Mistral names it so; MiniMax, Zhipu, FastAPI and others answer 200 with words where the choices would be. */
const isRefusal = ({
  object,
  usage,
  message,
  msg,
  detail,
  error_message: deepInfra,
  base_resp: minimax,
}: Raw): boolean =>
  object === 'error' ||
  (usage == null && [message, msg, detail, deepInfra].some((words) => typeof words === 'string' && words !== '')) ||
  !!(minimax as { status_code?: unknown } | undefined)?.status_code;

type Raw = Readonly<Record<string, unknown>>;

const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
