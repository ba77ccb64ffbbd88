import type { ChatStream } from '#llm/chat-stream.ts';
import type { Models } from '#llm/models.ts';
import type { LlmCallRecord } from '#llm/records/record.ts';
import type { CallContext, ChatRequest } from '#llm/requests.ts';
import type { FitReport } from '#llm/tokens/fit.ts';
import { chatWithTools } from '#llm/tools/conversation.ts';
import type { ToolRegistry } from '#llm/tools/registry.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { asPiece, type Piece } from '../draft/draft.ts';
import { resultOf, type ToolCall } from '../draft/tool-calls.ts';
import { failureOf, type Outcome } from './outcome.ts';

/** How long an aborted call may take to tell what it came to, in ms. */
const RECORD_WAIT_MS = 2_000;

/**
 * Asks the model, runs this server's tools for it as long as it calls any, and hands on what comes. A reply whose last
 * calls are the client's, or need a person's yes, is complete: another one follows it, with their results.
 *
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
  approvalMs: number,
): Promise<Outcome> {
  const { signal } = call;
  const records: LlmCallRecord[] = [];
  const calls: ToolCall[] = [];
  let asking: ChatStream | undefined;
  let round = 1;
  let text = '';
  let fitted: FitReport | undefined;
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
      if (part.type === 'start') fitted = part.context;
      else if (part.type === 'text') {
        text += part.text;
        emit({ kind: 'TEXT', body: part.text });
      } else if (part.type === 'reasoning') emit({ kind: 'REASONING', body: part.text });
      else if (part.type === 'calls') {
        for (const [index, { id, function: asks }] of part.calls.entries()) {
          const outside = tools.outside(asks.name);
          const toolCall: ToolCall = {
            id: calls.some((other) => other.id === id) ? `${id}_${calls.length}` : id,
            name: asks.name,
            arguments: asks.arguments,
            runsOn: tools.isClient(asks.name) ? 'CLIENT' : 'SERVER',
            round,
            textOffset: text.length,
            ...(outside && { server: outside.server }),
            ...(outside?.asks && { approval: { expiresAt: expiry(approvalMs), version: outside.version } }),
            ...(index === 0 && part.echo && { echo: part.echo }),
          };
          calls.push(toolCall);
          emit(asPiece({ toolCall }));
        }
      } else if (part.type === 'tool-result') {
        // In the order of the calls: providers may number two of them alike.
        const index = calls.findIndex(
          ({ runsOn, result, approval, ...of }) => runsOn === 'SERVER' && !result && !approval && of.round === round,
        );
        const result = resultOf(part.result);
        calls[index] = { ...calls[index]!, result };
        emit(asPiece({ toolResult: { callId: calls[index].id, result } }));
      } else if (part.type === 'round') {
        records.push(part.finish.record);
        asking = undefined;
        round++;
      } else if (part.type === 'finish' || part.type === 'pending') {
        const finish = part.type === 'finish' ? part : part.finish;
        records.push(finish.record);
        const ended = { records, context: fitted };
        if (signal.aborted) return { ...failureOf(signal.reason, signal), ...ended };
        if (finish.reason === 'content_filter' && text === '') return { ...FILTERED, ...ended };
        if (text === '' && calls.length === 0 && finish.reason !== 'content_filter' && !request.stop?.length)
          return { ...(finish.reason === 'length' ? USED_UP : WORDLESS), ...ended };
        const fault = part.type === 'finish' && calls.every((one) => one.round < round) && formFault(request, text);
        return fault ? { status: 'FAILED', error: fault, ...ended } : { status: 'COMPLETE', ...ended };
      }
    }
    throw new Error('the model layer ended a stream without a finish part');
  } catch (error) {
    if (error instanceof CodedError && error.code === 'MODEL_NOT_CONFIGURED' && !signal.aborted) throw error;
    const record = asking && (await recordOf(asking));
    if (record) records.push(record);
    const failure = failureOf(error, signal);
    // A later round may fail before its first word; the earlier ones were delivered.
    const status = failure.status === 'FAILED' && calls.length > 0 ? 'INTERRUPTED' : failure.status;
    return { ...failure, status, records, context: fitted };
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
