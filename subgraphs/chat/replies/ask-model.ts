import type { ChatStream, FinishPart } from '#llm/chat-stream.ts';
import type { ToolCall as AskedCall, Echo } from '#llm/messages.ts';
import type { Models } from '#llm/models.ts';
import type { LlmCallRecord } from '#llm/records/record.ts';
import type { CallContext, ChatRequest } from '#llm/requests.ts';
import type { FitReport } from '#llm/tokens/fit.ts';
import { chatWithTools, type ToolConversationPart } from '#llm/tools/conversation.ts';
import type { ToolRegistry, ToolResult } from '#llm/tools/registry.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { isVisible } from '#platform/base/text/text.ts';
import type { Citations } from '../draft/citations.ts';
import { asPiece, type Piece } from '../draft/draft.ts';
import { resultOf, type ToolCall } from '../draft/tool-calls.ts';
import { failureOf, type Outcome } from './outcome.ts';

/** How long an aborted call may take to tell what it came to, in ms. */
const RECORD_WAIT_MS = 2_000;

/**
 * Asks the model, runs this server's tools for it as long as it calls any, and hands on what comes: the deltas of
 * llm/provider/stream.ts, round after round (`chatWithTools`), as pieces. A reply whose last calls are the client's, or
 * need a person's yes, is complete: another one follows it, with their results.
 *
 * @param emit takes each piece at once: OngoingReply, in ongoing-reply.ts.
 * @param citations the sources that the model was given; what it draws on is marked in the text as it does elsewhere.
 * @param approvalMs how long a person may take to allow a call.
 *
 * @throws {CodedError} MODEL_NOT_CONFIGURED; what is not a failure of a model. Everything else is an outcome.
 */
export async function askModel(
  models: Models,
  request: ChatRequest,
  call: CallContext & { readonly signal: AbortSignal },
  tools: ToolRegistry,
  emit: (piece: Piece) => void,
  citations: Citations,
  approvalMs: number,
): Promise<Outcome> {
  const { signal } = call;
  const answer = new Answer({ request, signal, tools, emit, citations, approvalMs });
  let asking: ChatStream | undefined;
  const asked: Pick<Models, 'chat'> = {
    chat: (one, context) => {
      asking = models.chat(one, context);
      return asking;
    },
  };
  try {
    // A model that was offered nothing and calls something all the same is not asked again.
    const rounds = tools.size === 0 ? 1 : undefined;
    for await (const part of chatWithTools(asked, request, call, tools, rounds)) {
      if (part.type === 'round') asking = undefined;
      const outcome = answer.take(part);
      if (outcome) return outcome;
    }
    throw new Error('the model layer ended a stream without a finish part');
  } catch (error) {
    if (error instanceof CodedError && error.code === 'MODEL_NOT_CONFIGURED' && !signal.aborted) throw error;
    return answer.failed(error, asking && (await recordOf(asking)));
  }
}

/** What a model answers with, in one round or in several with results of tools between them. */
class Answer {
  readonly #request: ChatRequest;
  readonly #signal: AbortSignal;
  readonly #tools: ToolRegistry;
  readonly #emit: (piece: Piece) => void;
  readonly #citations: Citations;
  readonly #approvalMs: number;
  readonly #records: LlmCallRecord[] = [];
  readonly #calls: ToolCall[] = [];
  #round = 1;
  #text = '';
  #fitted: FitReport | undefined;

  constructor(options: {
    readonly request: ChatRequest;
    readonly signal: AbortSignal;
    readonly tools: ToolRegistry;
    readonly emit: (piece: Piece) => void;
    readonly citations: Citations;
    readonly approvalMs: number;
  }) {
    this.#request = options.request;
    this.#signal = options.signal;
    this.#tools = options.tools;
    this.#emit = options.emit;
    this.#citations = options.citations;
    this.#approvalMs = options.approvalMs;
  }

  /** Hands on a part. @returns what the reply has come to, with the part that ends it. */
  take(part: ToolConversationPart): Outcome | undefined {
    switch (part.type) {
      case 'start':
        this.#fitted = part.context;
        return undefined;
      case 'text':
        this.#say(part.text);
        return undefined;
      case 'citation': {
        const mark = this.#citations.cite(part);
        // JSON holds no marks.
        if (!this.#request.output) this.#say(mark);
        return undefined;
      }
      case 'reasoning':
        this.#emit({ kind: 'REASONING', body: part.text });
        return undefined;
      case 'calls':
        for (const [index, asked] of part.calls.entries()) this.#call(asked, index === 0 ? part.echo : undefined);
        return undefined;
      case 'tool-result':
        this.#result(part.result);
        return undefined;
      case 'round':
        this.#records.push(part.finish.record);
        this.#round++;
        return undefined;
      case 'finish':
        return this.#end(part, true);
      case 'pending':
        return this.#end(part.finish, false);
      default:
        // A piece of a call: it comes whole with the others of its round.
        return undefined;
    }
  }

  #say(words: string): void {
    this.#text += words;
    this.#citations.hear(words);
    if (words !== '') this.#emit({ kind: 'TEXT', body: words });
  }

  /** @param record of the call that failed. */
  failed(error: unknown, record: LlmCallRecord | undefined): Outcome {
    if (record) this.#records.push(record);
    const failure = failureOf(error, this.#signal);
    // A later round may fail before its first word; the earlier ones were delivered.
    const status = failure.status === 'FAILED' && this.#calls.length > 0 ? 'INTERRUPTED' : failure.status;
    return { ...failure, status, records: this.#records, context: this.#fitted };
  }

  #call({ id, function: asks }: AskedCall, echo: Echo | undefined): void {
    const outside = this.#tools.outside(asks.name);
    const toolCall: ToolCall = {
      id: this.#calls.some((other) => other.id === id) ? `${id}_${this.#calls.length}` : id,
      name: asks.name,
      arguments: asks.arguments,
      runsOn: this.#tools.isClient(asks.name) ? 'CLIENT' : 'SERVER',
      round: this.#round,
      textOffset: this.#text.length,
      ...(outside && { server: outside.server }),
      ...(outside?.isPersonal && { isPersonal: true }),
      ...(outside?.asks && { approval: { expiresAt: expiry(this.#approvalMs), version: outside.version } }),
      ...(echo && { echo }),
    };
    this.#calls.push(toolCall);
    this.#emit(asPiece({ toolCall }));
  }

  #result(from: ToolResult): void {
    // In the order of the calls: providers may number two of them alike.
    const index = this.#calls.findIndex(
      ({ runsOn, result, approval, round }) => runsOn === 'SERVER' && !result && !approval && round === this.#round,
    );
    const result = resultOf(from);
    const call = { ...this.#calls[index]!, result };
    this.#calls[index] = call;
    this.#emit(asPiece({ toolResult: { callId: call.id, result } }));
  }

  /** @param isLast whether the model has answered: otherwise the reply waits for the results of its calls. */
  #end(finish: FinishPart, isLast: boolean): Outcome {
    this.#records.push(finish.record);
    const ended = { records: this.#records, context: this.#fitted };
    if (this.#signal.aborted) return { ...failureOf(this.#signal.reason, this.#signal), ...ended };
    const fault = this.#faultOf(finish.reason, isLast);
    return { ...(fault ?? { status: 'COMPLETE' }), ...ended };
  }

  #faultOf(reason: FinishPart['reason'], isLast: boolean): Pick<Outcome, 'status' | 'error'> | undefined {
    const isWordless = !isVisible(this.#text);
    if (reason === 'content_filter') {
      if (isWordless) return FILTERED;
    } else if (isWordless && this.#calls.length === 0 && !this.#request.stop?.length) {
      return reason === 'length' ? USED_UP : WORDLESS;
    }
    const error =
      isLast && this.#calls.every(({ round }) => round < this.#round)
        ? formFault(this.#request, this.#text)
        : undefined;
    return error && { status: 'FAILED', error };
  }
}

const expiry = (ms: number): string => new Date(Date.now() + ms).toISOString();

const FILTERED = {
  status: 'FAILED',
  error: { code: 'CONTENT_FILTERED', message: 'The provider refused to answer this.' },
} as const;

/** The model has thought, and written nothing. */
const WORDLESS = {
  status: 'FAILED',
  error: { code: 'PROVIDER_UNAVAILABLE', message: 'The model ended its reply without a word. Try again.' },
} as const;

const USED_UP = {
  status: 'FAILED',
  error: {
    code: 'OUTPUT_INVALID',
    message:
      'The model reached its limit of tokens before its first word, mostly by thinking. Raise maxTokens, or lower reasoningEffort.',
  },
} as const;

/** What is wrong with a text that should have been JSON. Whether it fits its schema is left to the provider. */
function formFault({ output }: ChatRequest, text: string): Outcome['error'] {
  if (!output) return undefined;
  const wrong = (what: string) => ({
    code: 'OUTPUT_INVALID',
    message: `The model was asked for a JSON object and ${what}. Its text is kept as it came; ask for another reply.`,
  });
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? undefined
      : wrong('wrote another kind of JSON');
  } catch {
    return wrong(text === '' ? 'wrote nothing' : 'wrote something that is not JSON, or not to its end');
  }
}

async function recordOf(stream: ChatStream): Promise<LlmCallRecord | undefined> {
  const { promise: tooLate, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, RECORD_WAIT_MS, undefined);
  try {
    return await Promise.race([stream.record, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
