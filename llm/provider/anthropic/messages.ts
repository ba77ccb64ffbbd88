import type { JsonObject } from '#platform/base/json/json.ts';
import {
  type AssistantMessage,
  type ChatMessage,
  type ContentPart,
  isSpoken,
  type Source,
  type Spoken,
  type ToolCall,
} from '../../messages.ts';
import { wholeCall } from '../chat/wire-messages.ts';
import { sourceBlocks, sourcesOf } from './sources.ts';

/** A block of a message. */
type Block = JsonObject;

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: Block[];
}

/** What marks a block as the end of what is kept for the next call, for five minutes. */
export const cached = { cache_control: { type: 'ephemeral' } } as const;

/** Conversations from so many characters on are kept up to what was said before the last question. */
const WORTH_KEEPING = 5_000;

/**
 * Returns the messages as turns of blocks, in which person and model alternate and results of tools are the person's.
 * Thoughts of this turn go back: Anthropic wants them with the results of tools, unchanged.
 */
export function blocks(messages: readonly ChatMessage[], deployment: string, mayCite: boolean): Turn[] {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  // What memory quotes before the question is another text with each turn: nothing is kept up to there.
  const fresh = messages.slice(0, asked + 1).findLastIndex(({ role }) => role !== 'user') + 1;
  const turns: Turn[] = [];
  const add = (role: Turn['role'], content: Block[]): void => {
    const last = turns.at(-1);
    if (content.length === 0) return;
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  };
  let length = 0;
  for (const [index, message] of messages.entries()) {
    if (!isSpoken(message)) continue;
    if (index === fresh && length >= WORTH_KEEPING) keep(turns);
    const sources = mayCite ? sourcesOf(message) : [];
    const content = contentOf(message, sources, deployment, index > asked);
    length += JSON.stringify(content).length;
    add(message.role === 'assistant' ? 'assistant' : 'user', content);
  }
  return turns;
}

/** Marks the last block so far. Thoughts cannot be marked. */
function keep(turns: readonly Turn[]): void {
  const content = turns.at(-1)?.content;
  const at = content?.findLastIndex(({ type }) => type !== 'thinking' && type !== 'redacted_thinking') ?? -1;
  if (content && at >= 0) content[at] = { ...content[at]!, ...cached };
}

function contentOf(message: Spoken, sources: readonly Source[], deployment: string, isOpen: boolean): Block[] {
  if (message.role === 'assistant') return replyOf(message, deployment, isOpen);
  const quoted = sources.length > 0 ? sourceBlocks(sources) : undefined;
  if (message.role === 'tool') {
    return [{ type: 'tool_result', tool_use_id: idOf(message.tool_call_id), content: quoted ?? message.content }];
  }
  if (quoted) return quoted;
  return typeof message.content === 'string' ? text(message.content) : message.content.flatMap(partOf);
}

function replyOf({ content, tool_calls: calls, echo }: AssistantMessage, deployment: string, isOpen: boolean): Block[] {
  const own = isOpen && calls && echo?.deployment === deployment && echo.field === 'parts' ? echo.details : undefined;
  const thoughts = (own ?? []).map(({ index: _index, ...block }): Block => block);
  return [...thoughts, ...text(content ?? ''), ...(calls ?? []).map(callOf)];
}

const callOf = (call: ToolCall): Block => ({
  type: 'tool_use',
  id: idOf(call.id),
  name: call.function.name,
  input: JSON.parse(wholeCall(call).function.arguments) as JsonObject,
});

/** Ids of other providers may hold what Anthropic refuses. */
const idOf = (id: string): string => id.replace(/[^\w-]/g, '_');

/** An empty text is refused. */
const text = (words: string): Block[] => (words.trim() === '' ? [] : [{ type: 'text', text: words }]);

function partOf(part: ContentPart): Block[] {
  if (part.type === 'text') return text(part.text);
  const { url } = part.image_url;
  const [, type, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
  const source: JsonObject = data === undefined ? { type: 'url', url } : { type: 'base64', media_type: type!, data };
  return [{ type: 'image', source }];
}
