import type { ChatMessage } from '#llm/messages.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import type { Database } from '../chat.ts';
import { messagesByIds, wayTo } from '../tree.ts';

/** Most earlier messages that are offered to the model layer, which drops what does not fit the window. */
const MAX_HISTORY = 1000;

/** The messages that lead to a reply, oldest first; the last one is what it replies to. */
export const historyOf = async (db: Database, parentId: string): Promise<Message[]> =>
  messagesByIds(db, await wayTo(db, parentId, MAX_HISTORY));

/**
 * What the model is asked: the system prompt, the history, and before the last message what memory quoted. Quotations go
 * into a message of the person's, never into the system's: they are data, and may have been written by anybody.
 */
export function promptOf(
  systemPrompt: string | null,
  history: readonly Message[],
  quoted: string | undefined,
): ChatMessage[] {
  const messages: ChatMessage[] = systemPrompt === null ? [] : [{ role: 'system', content: systemPrompt }];
  for (const [index, { id, role, text }] of history.entries()) {
    // What failed or was removed has no words; a model takes an empty message for an end.
    if (text === '') continue;
    const last = index === history.length - 1;
    if (last && quoted !== undefined) messages.push({ role: 'user', content: quoted, pinned: true });
    messages.push({ id, role: role === 'USER' ? 'user' : 'assistant', content: text, ...(last && { pinned: true }) });
  }
  return messages;
}
