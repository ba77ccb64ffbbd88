import type { ChatMessage, ContentPart, Source } from '#llm/messages.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { storedToolCalls, unanswered } from '../draft/tool-calls.ts';
import type { Database } from '../parts.ts';
import { messagesTo, wayTo } from '../tree.ts';

/** Most earlier messages that are offered to the model layer, which drops what does not fit the window. */
export const MAX_HISTORY = 1000;
/** Most bytes of them: about what a window of two million tokens holds. */
export const MAX_HISTORY_BYTES = 8 * 1024 * 1024;
/** Most messages before those that memory may quote. */
const MAX_EARLIER = 500;

/** Returns the messages that lead to a reply, oldest first; the last one is what it replies to. */
export const historyOf = (db: Database, parentId: string): Promise<Message[]> =>
  messagesTo(db, parentId, MAX_HISTORY, MAX_HISTORY_BYTES);

/** Returns the ids of the latest messages before a history that is as long as one may be. */
export async function earlierThan(db: Database, history: readonly Message[]): Promise<string[]> {
  const before = history[0]?.parentId;
  return before ? wayTo(db, before, MAX_EARLIER) : [];
}

/** The content of a prompt beside the history. */
export interface Surroundings {
  readonly systemPrompt: string | null;
  /** What the person who asks wants of every reply. Never another person's. */
  readonly instructions: string | undefined;
  /** What memory quoted. */
  readonly quoted: string | undefined;
  /** The same, one by one. */
  readonly sources?: readonly Source[] | undefined;
  /** Images, by the message that they came with. */
  readonly images: ReadonlyMap<string, readonly ContentPart[]>;
}

/**
 * Returns what the model is asked: the system prompt, the history with its calls of tools, and before the person's last
 * message what memory quoted. Quotations go into a message of the person's, never into the system's: they are data, and
 * may have been written by anybody.
 */
export function promptOf(
  history: readonly Message[],
  { systemPrompt, instructions, quoted, sources = [], images }: Surroundings,
): ChatMessage[] {
  // One message: many models know one system message only, the first.
  const system = [systemPrompt, instructions].filter((part) => part != null);
  const messages: ChatMessage[] = system.length === 0 ? [] : [{ role: 'system', content: system.join('\n\n') }];
  const asked = history.findLastIndex(({ role }) => role === 'USER');
  for (const [index, message] of history.entries()) {
    const { id, role, text } = message;
    if (role === 'ASSISTANT') {
      messages.push(...turnsOf(message));
      continue;
    }
    // What was removed has no words; a model takes an empty message for an end.
    if (text === '') continue;
    const last = index === asked;
    if (last && quoted !== undefined) messages.push({ role: 'user', content: quoted, sources, pinned: true });
    const shown = images.get(id);
    const content = shown ? [{ type: 'text' as const, text }, ...shown] : text;
    messages.push({ id, role: 'user', content, ...(last && { pinned: true }) });
  }
  return messages;
}

/** A reply as it came about: text, calls and their results, text, and so on. What failed without words says nothing. */
function turnsOf({ id, text, toolCalls }: Message): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let from = 0;
  for (const calls of Map.groupBy(storedToolCalls(toolCalls), ({ round }) => round).values()) {
    const before = text.slice(from, calls[0]!.textOffset);
    from = calls[0]!.textOffset;
    messages.push({
      id,
      role: 'assistant',
      content: before === '' ? null : before,
      ...(calls[0]!.echo && { echo: calls[0]!.echo }),
      tool_calls: calls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: call.arguments },
      })),
    });
    for (const call of calls) {
      messages.push({ role: 'tool', tool_call_id: call.id, content: call.result?.content ?? unanswered(call) });
    }
  }
  const rest = text.slice(from);
  if (rest !== '') messages.push({ id, role: 'assistant', content: rest });
  return messages;
}
