import type { JsonObject } from '#platform/base/json/json.ts';
import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import { argumentsOf } from '../call-arguments.ts';
import { failureOf } from '../classify.ts';
import type { Delta } from '../deltas.ts';
import { finishOf } from '../finish-reasons.ts';
import { FoundPages } from '../found-pages.ts';
import type { Reader } from '../protocol.ts';
import type { ReplyText } from '../reply-text.ts';
import { type ReportedUsage, reportedUsage } from '../usage.ts';

interface Item extends JsonObject {
  readonly type: string;
}

interface Fault {
  readonly code?: string | null;
  readonly message?: string | null;
  readonly param?: string | null;
  readonly type?: string | null;
}

interface Answer {
  readonly object?: string;
  readonly status?: string;
  readonly output?: readonly Item[];
  readonly error?: Fault | null;
  readonly incomplete_details?: { readonly reason?: string } | null;
}

interface Event extends Fault, Answer {
  readonly type?: string;
  readonly delta?: string;
  readonly output_index?: number;
  readonly content_index?: number;
  readonly text?: string;
  readonly refusal?: string;
  readonly arguments?: unknown;
  readonly item?: Item;
  readonly annotation?: JsonObject;
  readonly response?: Answer;
}

/** The reader of OpenAI's responses. */
export class ResponsesReader implements Reader {
  finish: string | undefined;
  usage: ReportedUsage | undefined;
  /** Positions of calls, by the index of their item, and whether their arguments have come. */
  readonly #calls = new Map<number, { readonly at: number; told: boolean }>();
  /** Pages that the reply draws on, which are told once, at the end. */
  readonly #pages = new FoundPages();
  /** Items that are pictures, which are told once, at the end. */
  readonly #pictures = new Set<number>();
  #said = '';
  /** Whether words of the message that is being written have come: its end says them once more. */
  #isTold = false;
  /** What has come of the part that is being written: its end says it once more. */
  #open = '';
  /** Parts of messages whose words have come, by item and part. */
  readonly #parts = new Set<string>();

  get calls(): boolean {
    return this.#calls.size > 0;
  }

  take({ name, data }: ServerEvent, headers: Headers, text: ReplyText, deltas: Delta[]): void {
    const event = JSON.parse(data) as Event | null;
    if (typeof event !== 'object' || event === null) throw new SyntaxError('an event holds no object');
    const type = event.type ?? name;
    // A whole response comes where no stream was given.
    if (event.object === 'response') {
      this.#end(event, headers, text, deltas);
      return;
    }
    if (type === 'error' || (event.error && !event.response)) throw failed(event.error ?? event, headers, data);
    const index = event.output_index ?? 0;
    const place = `${index} ${event.content_index ?? 0}`;
    if (type === 'response.output_text.delta' || type === 'response.refusal.delta') {
      this.#parts.add(place);
      this.#open += event.delta ?? '';
      this.#say(event.delta ?? '', text, deltas);
    } else if (type === 'response.output_text.done' || type === 'response.refusal.done') {
      this.#endPart(place, event.text ?? event.refusal ?? '', text, deltas);
    } else if (type === 'response.reasoning_summary_text.delta' || type === 'response.reasoning_text.delta') {
      text.noteReasoning();
      deltas.push({ type: 'reasoning', text: event.delta ?? '', field: 'parts' });
    } else if (type === 'response.output_text.annotation.added') this.#pages.noteAnnotations([event.annotation]);
    else if (type === 'response.output_item.added') this.#begin(index, event.item, deltas);
    else if (type === 'response.function_call_arguments.delta') this.#argue(index, event.delta, deltas);
    else if (type === 'response.function_call_arguments.done') this.#argueWhole(index, event.arguments, deltas);
    else if (type === 'response.output_item.done') this.#stop(index, event.item, text, deltas);
    else if (/^response\.(completed|done|incomplete|failed|cancelled)$/.test(type))
      this.#end(event.response ?? {}, headers, text, deltas);
  }

  #say(words: string, text: ReplyText, deltas: Delta[]): void {
    this.#isTold = true;
    this.#said += words;
    text.take(words, deltas);
  }

  /** The whole part: its words may come here alone. */
  #endPart(place: string, words: string, text: ReplyText, deltas: Delta[]): void {
    // Servers leave out the numbers of parts in some events, and the part seems to be another one.
    const isOpen = words.startsWith(this.#open);
    if (!this.#parts.has(place)) this.#say(isOpen ? words.slice(this.#open.length) : words, text, deltas);
    if (isOpen || this.#parts.has(place)) this.#open = '';
    this.#parts.add(place);
  }

  #begin(index: number, item: Item | undefined, deltas: Delta[]): void {
    if (item?.type !== 'function_call' || this.#calls.has(index)) return;
    const at = this.#calls.size;
    this.#calls.set(index, { at, told: false });
    const [id, name] = [textIn(item.call_id) ?? textIn(item.id), textIn(item.name)];
    deltas.push({ type: 'tool-call', index: at, id, name, arguments: '' });
  }

  #argue(index: number, piece: string | undefined, deltas: Delta[]): void {
    const call = this.#calls.get(index);
    if (!call || !piece) return;
    call.told = true;
    deltas.push({ type: 'tool-call', index: call.at, id: undefined, name: undefined, arguments: piece });
  }

  /** What has come piece by piece is not repeated. */
  #argueWhole(index: number, args: unknown, deltas: Delta[]): void {
    if (this.#calls.get(index)?.told === false) this.#argue(index, argumentsOf(args), deltas);
  }

  /** The whole item: what was thought goes back as it is here, and arguments may come here alone. */
  #stop(index: number, item: Item | undefined, text: ReplyText, deltas: Delta[]): void {
    if (item?.type === 'reasoning') {
      // Without `encrypted_content` it would be looked for in what is stored there, which is nothing.
      const { id: _id, status: _status, ...kept } = item;
      if (textIn(item.encrypted_content) !== undefined)
        deltas.push({ type: 'reasoning', text: '', field: 'parts', details: [{ index, summary: [], ...kept }] });
    } else if (item?.type === 'function_call') {
      this.#begin(index, item, deltas);
      this.#argueWhole(index, item.arguments, deltas);
    } else if (item?.type === 'message') {
      if (!this.#isTold) this.#say(wordsOf(item), text, deltas);
      this.#isTold = false;
    } else if (item?.type === 'image_generation_call' && textIn(item.result) !== undefined) this.#pictures.add(index);
  }

  #end(answer: Answer, headers: Headers, text: ReplyText, deltas: Delta[]): void {
    this.usage = reportedUsage(answer) ?? this.usage;
    if (answer.error) throw failed(answer.error, headers, JSON.stringify(answer.error));
    const output = answer.output ?? [];
    for (const [index, item] of output.entries())
      if (item.type === 'function_call' && !this.#calls.has(index)) this.#stop(index, item, text, deltas);
    for (const [index, item] of output.entries())
      if (item.type === 'image_generation_call' && textIn(item.result) !== undefined) this.#pictures.add(index);
    // What has come piece by piece is not repeated.
    const whole = output.map(wordsOf).join('');
    if (whole.startsWith(this.#said)) this.#say(whole.slice(this.#said.length), text, deltas);
    for (const _picture of this.#pictures) text.picture(undefined, deltas);
    for (const part of output.flatMap(partsOf)) this.#pages.noteAnnotations(part.annotations);
    text.end(deltas);
    deltas.push(...this.#pages.take());
    const { status = 'completed' } = answer;
    const reason = answer.incomplete_details?.reason ?? status;
    // One that is incomplete for a reason that is not known here has broken off.
    this.finish = status === 'completed' ? 'stop' : finishOf(reason, false) === 'stop' ? 'failed' : reason;
  }
}

const failed = ({ code, message, param, type }: Fault, headers: Headers, data: string) =>
  failureOf({ code: code ?? undefined, type, param, message: message ?? data, headers });

const partsOf = ({ type, content }: Item): readonly JsonObject[] =>
  type === 'message' && Array.isArray(content) ? (content as readonly JsonObject[]) : [];

const wordsOf = (item: Item): string =>
  partsOf(item)
    .map((part) => textIn(part.text) ?? textIn(part.refusal) ?? '')
    .join('');

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
