import type { OpenAI } from 'openai';
import { digestOf } from '#platform/base/secrets/tokens.ts';
import type { AssistantMessage, ChatMessage, ContentPart, ToolCall } from '../../messages.ts';
import type { Quirks } from '../quirks.ts';

type WireMessage = OpenAI.Chat.Completions.ChatCompletionMessageParam;

/** Stands between the result of a tool and the person's next words, where the reply that asked for it broke off. */
const BROKE_OFF = 'I did not get further than this.';
/** Google's word for calls of which no signature is known, as of another model's. */
const NO_SIGNATURE = { google: { thought_signature: 'skip_thought_signature_validator' } };

/**
 * Returns the messages as a deployment gets them: system first, then person and model in turn, as the templates of
 * Mistral's, Gemma's and others' models demand; with what the deployment wants back of its own replies, and nothing
 * that only this layer reads, for servers refuse members that they do not know.
 */
export function wireMessages(messages: readonly ChatMessage[], deployment: string, quirks: Quirks): WireMessage[] {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const wire = messages.map((message, index) => {
    const { id: _id, pinned: _pinned, ...rest } = message;
    if (rest.role === 'assistant') return ownReply(rest, deployment, index > asked, quirks);
    const { sources: _sources, ...plain } = { sources: undefined, ...rest };
    return plain.role === 'tool' ? { ...plain, tool_call_id: idOf(plain.tool_call_id, quirks) } : plain;
  });
  return inTurn(quirks.noSystem ? withoutSystem(wire) : wire) as WireMessage[];
}

type Wire = ChatMessage | (AssistantMessage & Readonly<Record<string, unknown>>);

/** @param isOpen whether the reply is still being written: what was thought before counts only then. */
function ownReply(
  { echo: known, ...message }: AssistantMessage,
  deployment: string,
  isOpen: boolean,
  quirks: Quirks,
): Wire {
  const echo = known?.deployment === deployment ? known : undefined;
  const calls = message.tool_calls?.map((call, index) => {
    const extra = echo?.extras?.[index] ?? (quirks.needsSignature ? NO_SIGNATURE : undefined);
    return { ...wholeCall(call), id: idOf(call.id, quirks), ...(extra && { extra_content: extra }) };
  });
  const reply = { ...message, ...(calls && { tool_calls: calls }) };
  const wanted = isOpen && !quirks.noReasoning && calls && echo?.field !== 'parts';
  const reasoning = wanted ? echo?.reasoning : undefined;
  if (reasoning === undefined) return quirks.needsReasoning ? { ...reply, reasoning_content: '' } : reply;
  if (echo?.field === 'content') return { ...reply, content: inParts(reasoning, message.content) as never };
  return {
    ...reply,
    ...(reasoning !== '' && { [echo?.field ?? 'reasoning_content']: reasoning }),
    ...(echo?.details && { reasoning_details: echo.details }),
  };
}

/** Ids of other providers, or of none, may be of a form that this one refuses. */
const idOf = (id: string, { shortIds }: Quirks): string =>
  shortIds && !/^[a-zA-Z0-9]{9}$/.test(id)
    ? digestOf(id)
        .replace(/[^a-zA-Z0-9]/g, '')
        .slice(0, 9)
    : id;

/** Mistral takes back what it sent in parts. */
const inParts = (reasoning: string, content: string | null | undefined) => [
  { type: 'thinking', thinking: [{ type: 'text', text: reasoning }] },
  ...(content ? [{ type: 'text', text: content }] : []),
];

/** Returns a call whose arguments are JSON of an object, whatever the model wrote: servers refuse it otherwise. */
export function wholeCall(call: ToolCall): ToolCall {
  const { arguments: text } = call.function;
  let args = text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) args = '{}';
  } catch {
    args = '{}';
  }
  return args === text ? call : { ...call, function: { ...call.function, arguments: args } };
}

/** Puts what the system says before the person's first words. */
function withoutSystem(messages: readonly Wire[]): Wire[] {
  const isSystem = ({ role }: Wire) => role === 'system' || role === 'developer';
  const words = messages.filter(isSystem).map(({ content }) => content as string);
  const others = messages.filter((message) => !isSystem(message));
  if (words.length === 0) return others;
  return [{ role: 'user', content: words.join('\n\n') }, ...others];
}

/** Joins neighbours that speak in one role, and lets the model speak between a tool's result and a person. */
function inTurn(messages: readonly Wire[]): Wire[] {
  const turns: Wire[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.role === 'tool' && message.role === 'user') turns.push({ role: 'assistant', content: BROKE_OFF });
    const joined = last && join(last, message);
    if (joined) turns[turns.length - 1] = joined;
    else turns.push(message);
  }
  return turns;
}

function join(one: Wire, other: Wire): Wire | undefined {
  if (one.role === 'user' && other.role === 'user') {
    if ((one.name ?? '') !== (other.name ?? '')) return undefined;
    if (typeof one.content === 'string' && typeof other.content === 'string')
      return { ...one, content: `${one.content}\n\n${other.content}` };
    return { ...one, content: [...partsOf(one.content), ...partsOf(other.content)] };
  }
  const system = (role: string) => role === 'system' || role === 'developer';
  if (system(one.role) && one.role === other.role)
    return { ...one, content: `${one.content as string}\n\n${other.content as string}` } as Wire;
  const plain = (message: Wire) => message.role === 'assistant' && message.tool_calls === undefined;
  if (!plain(one) || !plain(other) || typeof one.content !== 'string' || typeof other.content !== 'string')
    return undefined;
  return { ...other, content: `${one.content}\n\n${other.content}` } as Wire;
}

const partsOf = (content: string | readonly ContentPart[]): readonly ContentPart[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;
