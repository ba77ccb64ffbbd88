import type { ChatPart, ChatStream, FinishPart } from '../chat-stream.ts';
import type { ChatMessage, Echo, ToolCall } from '../messages.ts';
import { EchoGatherer } from '../provider/echo.ts';
import type { CallContext, ChatRequest } from '../requests.ts';
import type { ToolRegistry, ToolResult } from './registry.ts';

/** The model has made its calls of this round. Those of this server's tools are run now. */
export interface CallsPart {
  readonly type: 'calls';
  readonly calls: readonly ToolCall[];
  /** What the deployment that made the calls wants back with their results. */
  readonly echo: Echo | undefined;
}

/** A tool of this server has run; the reply goes on. Results come in the order of the calls. */
export interface ToolResultPart {
  readonly type: 'tool-result';
  readonly result: ToolResult;
}

/** The part that says that one call of the model ended and another begins, with the tools' results. */
export interface RoundPart {
  readonly type: 'round';
  readonly finish: FinishPart;
}

/**
 * The reply waits for the client, or for a person who allows a call. Ask again with `messages` and a tool message for
 * each of `calls`: it goes on as if it had never stopped.
 */
export interface PendingPart {
  readonly type: 'pending';
  readonly calls: readonly ToolCall[];
  /** The conversation so far: with the model's calls, and the results of this server's tools. */
  readonly messages: readonly ChatMessage[];
  readonly finish: FinishPart;
}

export type ToolConversationPart = ChatPart | CallsPart | ToolResultPart | RoundPart | PendingPart;

/** The models, as far as a conversation needs them. */
interface ChatModels {
  chat(request: ChatRequest, call: CallContext): ChatStream;
}

/** A model that only calls tools must end some time: in its last round it may not. */
const MAX_ROUNDS = 8;
const MAX_CALLS = 32;

/**
 * Chats until the model has answered, running this server's tools on the way (the calls of a round at once). Ends with
 * `finish`, or with `pending` when a tool is the client's or needs a person's yes.
 */
export async function* chatWithTools(
  models: ChatModels,
  request: Omit<ChatRequest, 'tools'>,
  call: CallContext,
  tools: ToolRegistry,
  mostRounds = MAX_ROUNDS,
): AsyncGenerator<ToolConversationPart, void, undefined> {
  let { messages } = request;
  for (let round = 1; ; round++) {
    const last = round >= mostRounds;
    const ask: ChatRequest = {
      ...request,
      messages,
      ...(tools.size > 0 && { tools: tools.definitions(), ...(last && { toolChoice: 'none' as const }) }),
    };
    const turn = new Turn();
    for await (const part of models.chat(ask, call)) {
      turn.take(part);
      if (part.type !== 'finish') yield part;
    }
    const { finish, calls } = turn;
    if (!finish) return;
    if (calls.length > 0) yield { type: 'calls', calls, echo: turn.echo };
    if (finish.reason !== 'tool_calls' || calls.length === 0 || last) {
      yield finish;
      return;
    }
    const results: ToolResult[] = await Promise.all(
      calls
        .filter(({ function: { name } }) => !tools.isHeld(name))
        .map((one) => tools.run(one, { identity: call.identity, signal: call.signal ?? NEVER })),
    );
    for (const result of results) yield { type: 'tool-result', result };
    messages = [...messages, turn.message(), ...results.map(toMessage)];
    const waiting = calls.filter(({ function: { name } }) => tools.isHeld(name));
    if (waiting.length > 0) {
      yield { type: 'pending', calls: waiting, messages, finish };
      return;
    }
    yield { type: 'round', finish };
  }
}

const NEVER = new AbortController().signal;

const toMessage = ({ callId, content, sources }: ToolResult): ChatMessage => ({
  role: 'tool',
  tool_call_id: callId,
  content,
  ...(sources && { sources }),
});

/** One call of the model, put together. */
class Turn {
  finish: FinishPart | undefined;
  #text = '';
  readonly #echo = new EchoGatherer();
  readonly #calls: { id: string; name: string; arguments: string }[] = [];

  take(part: ChatPart): void {
    if (part.type === 'start') this.#echo.begin(part.deployment);
    else if (part.type !== 'finish') this.#echo.take(part);
    if (part.type === 'text') this.#text += part.text;
    else if (part.type === 'finish') this.finish = part;
    else if (part.type === 'tool-call' && part.index >= 0 && part.index < MAX_CALLS) {
      this.#calls[part.index] ??= { id: '', name: '', arguments: '' };
      const call = this.#calls[part.index]!;
      call.id ||= part.id ?? '';
      call.name ||= part.name ?? '';
      call.arguments += part.arguments;
    }
  }

  get calls(): ToolCall[] {
    return this.#calls.flatMap(({ id, name, arguments: text }, index) =>
      name === ''
        ? []
        : [{ id: id || `call_${index}`, type: 'function' as const, function: { name, arguments: text || '{}' } }],
    );
  }

  get echo(): Echo | undefined {
    return this.#echo.echo();
  }

  message(): ChatMessage {
    return { role: 'assistant', content: this.#text || null, tool_calls: this.calls, echo: this.echo };
  }
}
