import { type MarkedPiece, SourceMarks } from '#platform/base/markdown/source-marks.ts';
import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import { failureOf } from '../classify.ts';
import { picturesIn, said } from '../content.ts';
import type { Delta } from '../deltas.ts';
import { errorOf, isError } from '../error-body.ts';
import { isJson } from '../event-data.ts';
import { isFinish } from '../finish-reasons.ts';
import { FoundPages } from '../found-pages.ts';
import type { Question, Reader } from '../protocol.ts';
import type { ReplyText } from '../reply-text.ts';
import { ToolCallPieces } from '../tool-call-pieces.ts';
import { laterUsage, type ReportedUsage, reportedUsage } from '../usage.ts';

interface Choice {
  readonly index?: unknown;
  readonly delta?: object | null;
  readonly message?: object | null;
  /** What servers of completions say without a delta. */
  readonly text?: unknown;
  readonly finish_reason?: unknown;
}

/** A chunk as it is read here: of a stream, or a whole answer with `message` in the place of `delta`. */
interface Chunk {
  readonly choices?: readonly Choice[];
  readonly error?: unknown;
  readonly object?: unknown;
  /** The pages that Perplexity or xAI found, and what Perplexity knows of them. */
  readonly citations?: unknown;
  readonly search_results?: unknown;
}

/** The reader of chat completions. */
export class ChatReader implements Reader {
  readonly #calls: ToolCallPieces;
  /** Pages that the reply draws on: each chunk may tell all of them, and they are told once, at the end. */
  readonly #pages = new FoundPages();
  /** The number of the choice that is read, and those of other replies. */
  #followed: unknown;
  #isFollowing = false;
  readonly #others = new Set<unknown>();
  /** Whether words or calls have come. */
  #isInPieces = false;
  readonly #marks = new SourceMarks();
  /** Whether the text is to be JSON, in which a number in brackets is a list. */
  readonly #isJson: boolean;
  readonly #numbersPages: boolean;
  /** Whether a number may be that of a page which is listed later, or of a source that we numbered. */
  readonly #isAmbiguous: boolean;
  /** What waits for the pages, from the first number on. */
  #undecided: MarkedPiece[] = [];
  finish: string | undefined;
  usage: ReportedUsage | undefined;

  constructor({ request, deployment, messages }: Pick<Question, 'request' | 'deployment' | 'messages'>) {
    this.#calls = new ToolCallPieces((request.tools ?? []).map((tool) => tool.function.name));
    this.#isJson = request.output !== undefined;
    this.#numbersPages = numbersPages(deployment);
    this.#isAmbiguous = this.#numbersPages && messages.some((one) => 'sources' in one && one.sources !== undefined);
  }

  get calls(): boolean {
    return this.#calls.any;
  }

  take(event: ServerEvent, headers: Headers, text: ReplyText, deltas: Delta[]): void {
    const chunk = parsed(event, headers);
    this.usage = laterUsage(this.usage, reportedUsage(chunk));
    this.#pages.noteSearch(chunk.citations, chunk.search_results, this.#numbersPages);
    const choice = this.#choiceIn(chunk.choices);
    if (choice) this.#choose(choice, text, deltas);
  }

  end(text: ReplyText, deltas: Delta[]): void {
    this.#say((said) => text.end(said), deltas);
    deltas.push(...this.#endOfText(), ...this.#written(text), ...this.#calls.end(), ...this.#pages.take());
  }

  /**
   * Returns the choice that is read: of several replies to one request, which only a strange server makes, the first.
   * Proxies number the parts of one reply, so that a choice is another reply only where it comes beside the first one,
   * or introduces itself.
   */
  #choiceIn(choices: Chunk['choices']): Choice | undefined {
    if (!Array.isArray(choices)) return choices?.[0];
    const list = (choices as readonly (Choice | null)[]).filter((one) => one !== null);
    const followed = list.find(({ index }) => index === this.#followed) ?? list[0];
    if (!followed) return undefined;
    const { index, delta } = followed;
    const { role, content } = (delta ?? {}) as { role?: unknown; content?: unknown };
    if (this.#isFollowing && index !== this.#followed && typeof role === 'string' && !content) this.#others.add(index);
    if (this.#others.has(index)) return undefined;
    for (const one of list) if (one.index !== index) this.#others.add(one.index);
    if (!this.#isFollowing) this.#followed = index;
    this.#isFollowing = true;
    return followed;
  }

  #choose(choice: Choice, text: ReplyText, deltas: Delta[]): void {
    // What a stream has told piece by piece, a proxy says once more as a message at its end.
    const { delta, message, text: said, finish_reason: reason } = choice;
    if (delta && Object.keys(delta).length > 0) this.#read(delta, text, deltas);
    else if (message && !this.#isInPieces) this.#read(message, text, deltas);
    else if (typeof said === 'string' && !delta && !message) this.#read({ content: said }, text, deltas);
    else if (message && !this.#calls.any) deltas.push(...this.#calls.take((message as Called).tool_calls));
    if (isFinish(reason)) this.finish = reason;
  }

  #read(delta: object, text: ReplyText, deltas: Delta[]): void {
    const { text: words, reasoning } = said(delta);
    if (reasoning) {
      deltas.push(reasoning);
      text.noteReasoning();
    }
    if (words !== '') this.#say((said) => text.take(words, said), deltas);
    const pictures = picturesIn(delta);
    for (const url of pictures) text.picture(url, deltas);
    this.#pages.noteAnnotations((delta as { annotations?: unknown }).annotations);
    const { tool_calls: calls, function_call: call } = delta as Called;
    if (words !== '' || calls || call || pictures.length > 0) this.#isInPieces = true;
    if (calls || call) deltas.push(...this.#endOfText());
    if (calls) deltas.push(...this.#calls.take(calls));
    else if (call) deltas.push(...this.#calls.take({ index: 0, function: call }));
  }

  /** Calls that a server has left in the text are calls, at the end: it may have told them apart, too. */
  #written(text: ReplyText): Delta[] {
    const calls = text.takeCalls().filter(({ name, arguments: args }) => !this.#calls.has(name, args));
    return calls.flatMap((call) => this.#calls.take({ function: call }));
  }

  /** Numbers of pages become citations: the reader of the reply may have given the same numbers to other sources. */
  #say(write: (deltas: Delta[]) => void, deltas: Delta[]): void {
    if (this.#isJson || !(this.#pages.areNumbered || this.#isAmbiguous)) {
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

  /** Where it is not known yet whose a number is, it waits, and what follows it. */
  #told(pieces: readonly MarkedPiece[]): Delta[] {
    if (this.#pages.areNumbered) return this.#decided([...this.#undecided.splice(0), ...pieces]);
    const open = this.#undecided.length > 0 ? 0 : pieces.findIndex(({ mark }) => mark !== undefined);
    if (open < 0) return this.#decided(pieces);
    this.#undecided.push(...pieces.slice(open));
    return this.#decided(pieces.slice(0, open));
  }

  /** Pages that are not listed by now are none: the numbers are ours. */
  #endOfText(): Delta[] {
    const rest = this.#told(this.#marks.end());
    return [...rest, ...this.#decided(this.#undecided.splice(0))];
  }

  /** A number that may be that of a page which is not told is dropped: it would name another source. */
  #decided(pieces: readonly MarkedPiece[]): Delta[] {
    const areNumbered = this.#pages.areNumbered;
    return pieces.flatMap(({ text, mark, isSetOff }): Delta[] => {
      const page = mark ? this.#pages.numbered(mark) : undefined;
      if (page) return [page];
      return mark && areNumbered && this.#pages.mayNumber(mark, isSetOff) ? [] : [{ type: 'text', text }];
    });
  }
}

/** An error in the middle of a stream is the provider's as if it had come as a status. */
function parsed({ name, data }: ServerEvent, headers: Headers): Chunk {
  if (name === 'error' && !isJson(data)) throw failureOf({ message: data, headers });
  const value: unknown = JSON.parse(data);
  // Gemini wraps an error in a list.
  const chunk = (Array.isArray(value) ? value[0] : value) as Chunk | null | undefined;
  if (typeof chunk !== 'object' || chunk === null) throw new SyntaxError('an event holds no object');
  const isRefused = name === 'error' || isError(chunk.error) || (chunk.choices == null && isRefusal(chunk as Raw));
  if (!isRefused) return chunk;
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
  error_msg: baidu,
  errors: cloudflare,
  base_resp: minimax,
  ...rest
}: Raw): boolean =>
  object === 'error' ||
  (usage == null &&
    [message, msg, detail, deepInfra, baidu].some((words) => typeof words === 'string' && words !== '')) ||
  (Array.isArray(cloudflare) && cloudflare.length > 0) ||
  Object.keys(rest).some((name) => name.endsWith('Exception')) ||
  !!(minimax as { status_code?: unknown } | undefined)?.status_code;

/** What calls tools in a delta or a message. */
interface Called {
  readonly tool_calls?: unknown;
  readonly function_call?: unknown;
}

/** Perplexity's models number pages in their text, and may list them with the last piece alone. */
const numbersPages = ({ provider, model }: Question['deployment']): boolean =>
  /perplexity/i.test(`${provider.baseUrl ?? ''} ${model}`) || /^sonar\b/i.test(model);

type Raw = Readonly<Record<string, unknown>>;

const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
