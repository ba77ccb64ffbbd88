import type { GraphQLFormattedError } from 'graphql';
import type { EventStream } from '../doors/event-stream.ts';
import { responseAnnotation } from './annotations.ts';
import { approvalItem } from './approvals.ts';
import { errorBody } from './errors.ts';
import type { Annotation, Answering, AnswerPiece, Usage, WholeAnswer } from './pieces.ts';
import type { Body } from './read.ts';

/** The part of a response that is known before its answer. */
export interface ResponseHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  /** The request, whose settings the response repeats. */
  readonly request: Body;
  readonly stored: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

type Item = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

const textPart = (text: string, annotations: readonly object[] = []) => ({
  type: 'output_text',
  text,
  annotations,
  logprobs: [],
});
const reasoningPart = (text: string) => ({ type: 'reasoning_text', text });

const reasoningItem = (id: string, text: string): Item => ({
  id: `rs_${id}`,
  type: 'reasoning',
  summary: [],
  content: [reasoningPart(text)],
});

const messageItem = (id: string, content: readonly object[], status = 'completed'): Item => ({
  id: `msg_${id}`,
  type: 'message',
  status,
  role: 'assistant',
  content,
});

const callItem = (
  id: string,
  index: number,
  call: { readonly id: string; readonly name: string; readonly arguments: string },
  status = 'completed',
): Item => ({
  id: `fc_${id}_${index}`,
  type: 'function_call',
  status,
  call_id: call.id,
  name: call.name,
  arguments: call.arguments,
});

/** Returns the output of a response whose answer is whole. */
export function itemsOf(
  head: ResponseHead,
  { text, annotations, reasoning, calls, approvals }: Omit<WholeAnswer, 'finish' | 'usage'>,
) {
  const told = annotations.map((annotation) => responseAnnotation(annotation, 0));
  return [
    ...(reasoning === '' ? [] : [reasoningItem(head.id, reasoning)]),
    ...(text === '' && calls.length + approvals.length > 0 ? [] : [messageItem(head.id, [textPart(text, told)])]),
    ...calls.map((call, index) => callItem(head.id, index, call)),
    ...approvals.map(approvalItem),
  ];
}

/** Returns a response as OpenAI's API tells it. Without an answer it is in progress. */
export function responseBody(
  head: ResponseHead,
  output: readonly Item[],
  answer?: { readonly finish: string; readonly usage: Usage | undefined },
): object {
  const { request } = head;
  const cut =
    answer?.finish === 'length'
      ? 'max_output_tokens'
      : answer?.finish === 'content_filter'
        ? 'content_filter'
        : undefined;
  return {
    id: head.id,
    object: 'response',
    created_at: head.created,
    status: answer === undefined ? 'in_progress' : cut ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: cut === undefined ? null : { reason: cut },
    instructions: request['instructions'] ?? null,
    max_output_tokens: request['max_output_tokens'] ?? null,
    model: head.model,
    output,
    parallel_tool_calls: request['parallel_tool_calls'] ?? true,
    previous_response_id: request['previous_response_id'] ?? null,
    reasoning: request['reasoning'] ?? { effort: null, summary: null },
    store: head.stored,
    temperature: request['temperature'] ?? null,
    text: request['text'] ?? { format: { type: 'text' } },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: request['tools'] ?? [],
    top_p: request['top_p'] ?? null,
    truncation: 'disabled',
    usage: answer?.usage ? usageOf(answer.usage) : null,
    metadata: { ...(request['metadata'] as object | undefined), ...head.metadata },
  };
}

const usageOf = (usage: Usage) => ({
  input_tokens: usage.inputTokens,
  input_tokens_details: { cached_tokens: usage.cachedInputTokens },
  output_tokens: usage.outputTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  total_tokens: usage.inputTokens + usage.outputTokens,
});

/** A piece of an item that is written bit by bit. */
type Spoken = Exclude<AnswerPiece, { kind: 'end' | 'approval' | 'annotation' }>;

/** An item of the output that is being written. */
interface OpenItem {
  readonly kind: 'text' | 'reasoning' | 'call';
  readonly place: number;
  /** Position among the calls. */
  readonly index: number;
  readonly id: string;
  text: string;
  /** Where its text begins in that of the whole answer. */
  readonly offset: number;
  readonly annotations: ReturnType<typeof responseAnnotation>[];
  readonly call: { readonly id: string; readonly name: string };
}

/** The events of one streamed response: items of the output are opened, filled and closed in turn. */
export class ResponseStream {
  readonly #head: ResponseHead;
  readonly #write: (event: string, data: string) => void;
  readonly #output: Item[] = [];
  #open: OpenItem | undefined;
  #number = 0;
  /** Length of the answer's text so far. */
  #written = 0;

  constructor(head: ResponseHead, write: (event: string, data: string) => void) {
    this.#head = head;
    this.#write = write;
  }

  async write(answering: Answering): Promise<void> {
    let begun = false;
    const begin = (): void => {
      if (begun) return;
      begun = true;
      this.#send('response.created', { response: responseBody(this.#head, []) });
      this.#send('response.in_progress', { response: responseBody(this.#head, []) });
    };
    await answering.follow((piece) => {
      begin();
      if (piece.kind === 'end') this.#end(piece);
      else if (piece.kind === 'approval') this.#ask(approvalItem(piece.approval));
      else if (piece.kind === 'annotation') this.#annotate(piece.annotation);
      else this.#take(piece);
    });
  }

  /** Tells an error within the stream. */
  failed(stream: Pick<EventStream, 'send'>, error: GraphQLFormattedError): void {
    const { code, message, param } = errorBody(error).error;
    const response = { ...responseBody(this.#head, this.#output), status: 'failed', error: { code, message } };
    const data = { type: 'response.failed', sequence_number: this.#number++, response };
    stream.send('response.failed', JSON.stringify(data));
    stream.send('error', JSON.stringify({ type: 'error', sequence_number: this.#number++, code, message, param }));
  }

  /** Tells an item that comes whole. */
  #ask(item: Item): void {
    this.#close();
    const where = { output_index: this.#output.length, item };
    this.#output.push(item);
    this.#send('response.output_item.added', where);
    this.#send('response.output_item.done', where);
  }

  /** Tells what a mark names that the text had last. */
  #annotate(annotation: Annotation): void {
    const open = this.#open!;
    const told = responseAnnotation(annotation, open.offset);
    const where = { ...this.#where(open), annotation_index: open.annotations.length };
    open.annotations.push(told);
    this.#send('response.output_text.annotation.added', { ...where, annotation: told });
  }

  #take(piece: Spoken): void {
    const index = piece.kind === 'call' ? piece.index : -1;
    if (this.#open?.kind !== piece.kind || this.#open.index !== index) {
      this.#close();
      this.#begin(piece, index);
    }
    const open = this.#open!;
    const text = piece.kind === 'call' ? piece.arguments : piece.text;
    if (text === '') return;
    open.text += text;
    if (open.kind === 'text') this.#written += text.length;
    this.#send(DELTAS[open.kind], { ...this.#where(open), delta: text, ...(open.kind === 'text' && { logprobs: [] }) });
  }

  #begin(piece: Spoken, index: number): void {
    const place = this.#output.length;
    const call = piece.kind === 'call' ? { id: piece.id ?? '', name: piece.name ?? '' } : { id: '', name: '' };
    const empty =
      piece.kind === 'text'
        ? messageItem(this.#head.id, [], 'in_progress')
        : piece.kind === 'reasoning'
          ? { ...reasoningItem(this.#head.id, ''), content: [] }
          : callItem(this.#head.id, index, { ...call, arguments: '' }, 'in_progress');
    const offset = this.#written;
    this.#open = { kind: piece.kind, place, index, id: empty.id, text: '', offset, annotations: [], call };
    this.#send('response.output_item.added', { output_index: place, item: empty });
    if (piece.kind !== 'call') {
      const part = piece.kind === 'text' ? textPart('') : reasoningPart('');
      this.#send('response.content_part.added', { ...this.#where(this.#open), part });
    }
  }

  #close(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    const where = this.#where(open);
    let item: Item;
    if (open.kind === 'text') {
      const part = textPart(open.text, open.annotations);
      item = messageItem(this.#head.id, [part]);
      this.#send('response.output_text.done', { ...where, text: open.text, logprobs: [] });
      this.#send('response.content_part.done', { ...where, part });
    } else if (open.kind === 'reasoning') {
      item = reasoningItem(this.#head.id, open.text);
      this.#send('response.reasoning_text.done', { ...where, text: open.text });
      this.#send('response.content_part.done', { ...where, part: reasoningPart(open.text) });
    } else {
      item = callItem(this.#head.id, open.index, { ...open.call, arguments: open.text });
      this.#send('response.function_call_arguments.done', { ...where, name: open.call.name, arguments: open.text });
    }
    this.#output.push(item);
    this.#send('response.output_item.done', { output_index: open.place, item });
  }

  #end(end: Extract<AnswerPiece, { kind: 'end' }>): void {
    // An answer without a word is an empty message all the same.
    if (this.#output.length === 0 && !this.#open) this.#begin({ kind: 'text', text: '' }, -1);
    this.#close();
    const isCut = end.finish === 'length' || end.finish === 'content_filter';
    const response = responseBody(this.#head, this.#output, end);
    this.#send(isCut ? 'response.incomplete' : 'response.completed', { response });
  }

  #where(open: OpenItem): object {
    return { item_id: open.id, output_index: open.place, ...(open.kind !== 'call' && { content_index: 0 }) };
  }

  #send(type: string, data: object): void {
    this.#write(type, JSON.stringify({ type, sequence_number: this.#number++, ...data }));
  }
}

const DELTAS = {
  text: 'response.output_text.delta',
  reasoning: 'response.reasoning_text.delta',
  call: 'response.function_call_arguments.delta',
} as const;
