import { collect } from '#llm/chat-stream.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { holdConversation } from '../access.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { titleIn } from './title-text.ts';

const INSTRUCTION =
  'Give the conversation a title of two to six words in its own language. Answer with the title alone: no quotation marks, no full stop.';
const TIMEOUT_MS = 20_000;
/** Characters of each side of the first exchange that the model is shown. */
const EXCERPT = 2000;

/**
 * Asks the conversation's model for a title after the first exchange. The first words stand until then, and stay when
 * no model answers or when a person gave a title meanwhile.
 */
export async function generateTitle(
  chat: ChatParts,
  exchange: {
    conversationId: string;
    model: string | undefined;
    /** Ids of the two messages. */
    madeFrom: readonly string[];
    question: string;
    reply: string;
  },
  identity: UserIdentity,
  signal: AbortSignal,
): Promise<void> {
  const { db, models, topics, log } = chat;
  const { conversationId } = exchange;
  const stream = models.chat(
    {
      ...(exchange.model !== undefined && { model: exchange.model }),
      messages: [
        { role: 'system', content: INSTRUCTION },
        { role: 'user', content: `${excerpt(exchange.question)}\n\n---\n\n${excerpt(exchange.reply)}` },
      ],
      maxTokens: 200,
      temperature: 0.3,
    },
    { identity, purpose: 'title', conversationId, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) },
  );
  let title: string | undefined;
  try {
    title = titleIn((await collect(stream)).text);
  } catch (error) {
    log.debug({ err: error, conversationId }, 'no title was generated');
  }
  if (!title) return;
  const count = await db.$transaction(async (tx) => {
    await holdConversation(tx, conversationId);
    // What was deleted meanwhile is not to be read from a title.
    const there = await tx.message.count({ where: { id: { in: [...exchange.madeFrom] }, removedAt: null } });
    if (there < exchange.madeFrom.length) return 0;
    const changed = await tx.conversation.updateMany({
      where: { id: conversationId, titleSource: 'FIRST_WORDS' },
      data: { title, titleSource: 'GENERATED', updatedAt: new Date() },
    });
    return changed.count;
  }, TRANSACTION);
  if (count > 0) await topics.publish(conversationId, { type: 'ConversationUpdated' });
}

const excerpt = (text: string): string => text.slice(0, EXCERPT).toWellFormed();
