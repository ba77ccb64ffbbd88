import type { ChatMessage, ContentPart } from '#llm/messages.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import type { Database } from '../chat.ts';
import { messagesByIds, wayTo } from '../tree.ts';

/** Most earlier messages that are offered to the model layer, which drops what does not fit the window. */
const MAX_HISTORY = 1000;

/** The messages that lead to a reply, oldest first; the last one is what it replies to. */
export const historyOf = async (db: Database, parentId: string): Promise<Message[]> =>
  messagesByIds(db, await wayTo(db, parentId, MAX_HISTORY));

/** What goes into a prompt beside the history. */
export interface Surroundings {
  readonly systemPrompt: string | null;
  /** What memory quoted. */
  readonly quoted: string | undefined;
  /** Images, by the message that they came with. */
  readonly images: ReadonlyMap<string, readonly ContentPart[]>;
}

/**
 * What the model is asked: the system prompt, the history, and before the last message what memory quoted. Quotations go
 * into a message of the person's, never into the system's: they are data, and may have been written by anybody.
 */
export function promptOf(history: readonly Message[], { systemPrompt, quoted, images }: Surroundings): ChatMessage[] {
  const messages: ChatMessage[] = systemPrompt === null ? [] : [{ role: 'system', content: systemPrompt }];
  for (const [index, { id, role, text }] of history.entries()) {
    // What failed or was removed has no words; a model takes an empty message for an end.
    if (text === '') continue;
    const last = index === history.length - 1;
    if (last && quoted !== undefined) messages.push({ role: 'user', content: quoted, pinned: true });
    const common = { id, ...(last && { pinned: true }) };
    const shown = images.get(id);
    if (role === 'ASSISTANT') messages.push({ ...common, role: 'assistant', content: text });
    else messages.push({ ...common, role: 'user', content: shown ? [{ type: 'text', text }, ...shown] : text });
  }
  return messages;
}
