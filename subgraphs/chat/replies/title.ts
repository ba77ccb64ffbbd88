import { collect } from '#llm/chat-stream.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { MAX_TITLE } from '../input.ts';
import type { ChatParts } from '../parts.ts';

const WORDS = 60;

/** Returns the first words of a text, for a title: one line of about 60 characters. */
export function firstWords(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= WORDS) return line;
  const cut = line.slice(0, WORDS + 1);
  const space = cut.lastIndexOf(' ');
  return `${(space > WORDS / 2 ? cut.slice(0, space) : cut.slice(0, WORDS)).toWellFormed()}…`;
}

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
  exchange: { conversationId: string; model: string | undefined; question: string; reply: string },
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
    title = clean((await collect(stream)).text);
  } catch (error) {
    log.debug({ err: error, conversationId }, 'no title was generated');
  }
  if (!title) return;
  const { count } = await db.conversation.updateMany({
    where: { id: conversationId, titleSource: 'FIRST_WORDS' },
    data: { title, titleSource: 'GENERATED', updatedAt: new Date() },
  });
  if (count > 0) await topics.publish(conversationId, { type: 'ConversationUpdated' });
}

const excerpt = (text: string): string => text.slice(0, EXCERPT).toWellFormed();

/** A title of what a model answered: its first line, without the wrapping that models like. */
function clean(answer: string): string | undefined {
  // A template may have opened the tag, so that only its end is in the text.
  const line = answer.split('</think>').at(-1)!.trim().split('\n', 1)[0]!;
  const title = line
    .replace(/^(title:|#+)\s*/i, '')
    .replace(/^["'*_`“„«]+|["'*_`”“»]+$/g, '')
    .replaceAll('\0', '')
    .replace(/[.。]$/, '')
    .trim();
  return title === '' ? undefined : title.slice(0, MAX_TITLE).toWellFormed();
}
