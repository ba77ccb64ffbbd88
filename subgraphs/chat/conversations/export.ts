import { CodedError } from '#platform/base/errors/errors.ts';
import { type Message, Prisma } from '#prisma/chat/client/client.ts';
import type { ConversationView } from '../access.ts';
import type { ChatParts, Database } from '../parts.ts';
import { seenBy } from '../replies/privacy.ts';
import { backFrom, messagesTo } from '../tree.ts';

export interface ConversationExport {
  readonly filename: string;
  readonly contentType: string;
  readonly content: string;
}

/** Most messages of one export. */
const MAX_MESSAGES = 10_000;
/** Most bytes of all exports that one operation asks for: each is made in memory, as the whole answer is. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The exports of one operation, so that many of them together are not more than one may be. */
export class ExportAllowance {
  #bytes = 0;

  /** Takes from it what an export comes to. @throws {CodedError} BAD_USER_INPUT where too little is left. */
  take(bytes: number, messages: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= MAX_BYTES && messages <= MAX_MESSAGES) return;
    const size =
      messages > MAX_MESSAGES
        ? `has ${messages} messages; at most ${MAX_MESSAGES} are exported`
        : `would make ${this.#bytes} bytes of exports; one operation gives at most ${MAX_BYTES}`;
    throw new CodedError(
      'BAD_USER_INPUT',
      `The conversation ${size}. Export one at a time, or read its \`messages\` a page at a time.`,
      { argument: 'export', bytes: this.#bytes, maxBytes: MAX_BYTES, messages, maxMessages: MAX_MESSAGES },
    );
  }
}

/**
 * Returns the conversation as a document: what is on the screen as Markdown, or everything there is as JSON.
 *
 * @throws {CodedError} BAD_USER_INPUT for more than there is an allowance for; it has not been read then.
 */
export async function exportConversation(
  { db }: ChatParts,
  conversation: ConversationView,
  format: 'MARKDOWN' | 'JSON',
  allowance: ExportAllowance,
): Promise<ConversationExport> {
  const { bytes, messages: count } = await sizeOf(db, conversation, format);
  allowance.take(bytes, count);
  const name = `conversation-${conversation.createdAt.toISOString().slice(0, 10)}-${conversation.id.slice(-6)}`;
  if (format === 'MARKDOWN') {
    const { activeLeafId } = conversation;
    const messages = activeLeafId ? await messagesTo(db, activeLeafId, MAX_MESSAGES) : [];
    return { filename: `${name}.md`, contentType: 'text/markdown', content: markdownOf(conversation, messages) };
  }
  const messages = await db.message.findMany({
    where: { conversationId: conversation.id },
    include: { generation: true },
    orderBy: { id: 'asc' },
    take: MAX_MESSAGES,
  });
  const content = {
    format: 'sextant-conversation',
    version: 1,
    conversation: {
      id: conversation.id,
      title: conversation.title,
      systemPrompt: conversation.systemPrompt,
      model: conversation.model,
      parameters: conversation.parameters,
      memoryEnabled: conversation.memoryEnabled,
      createdAt: conversation.createdAt,
      activeLeafId: conversation.activeLeafId,
      forkedFromMessageId: conversation.forkedFromMessageId,
    },
    messages: messages.map((message) => ({
      id: message.id,
      parentId: message.parentId,
      role: message.role,
      status: message.status,
      authorId: message.authorId,
      text: message.text,
      ...sourcesOf(conversation, message),
      attachments: message.attachments,
      createdAt: message.createdAt,
      completedAt: message.completedAt,
      removedAt: message.removedAt,
      generation: message.generation && {
        model: message.generation.alias,
        provider: message.generation.provider,
        providerModel: message.generation.providerModel,
        inputTokens: message.generation.inputTokens,
        outputTokens: message.generation.outputTokens,
        cost: message.generation.cost?.toFixed() ?? null,
      },
    })),
  };
  return { filename: `${name}.json`, contentType: 'application/json', content: JSON.stringify(content, null, 2) };
}

/** Returns what an export comes to, about: Postgres knows the length of texts without reading them. */
async function sizeOf(db: Database, { id, activeLeafId }: ConversationView, format: 'MARKDOWN' | 'JSON') {
  const [size] = await (format === 'MARKDOWN'
    ? db.$queryRaw<Size[]>`
        WITH RECURSIVE ${backFrom(activeLeafId, MAX_MESSAGES)}
        SELECT count(*)::int AS messages, coalesce(sum(octet_length(m.text) + ${FRAME}), 0)::float8 AS bytes
        FROM way JOIN messages m ON m.id = way.id`
    : db.$queryRaw<Size[]>`
        SELECT count(*)::int AS messages, coalesce(sum(octet_length(text) + coalesce(octet_length(reasoning), 0)
          + octet_length(tool_calls::text) + octet_length(citations::text) + ${FRAME}), 0)::float8 AS bytes
        FROM messages WHERE conversation_id = ${id}::uuid`);
  return size!;
}

interface Size {
  readonly messages: number;
  readonly bytes: number;
}

/** Bytes that an export has of each message beside what it says, about. */
const FRAME = Prisma.sql`400`;

function sourcesOf({ viewer }: ConversationView, message: Message) {
  const { reasoning, toolCalls, citations } = seenBy(viewer.userId, message);
  // What a provider wants back is of use to it alone.
  return { reasoning: reasoning || null, toolCalls: toolCalls.map(({ echo: _echo, ...call }) => call), citations };
}

function markdownOf({ title, systemPrompt }: ConversationView, messages: readonly Message[]): string {
  const parts = [`# ${title ?? 'Conversation'}`];
  if (systemPrompt !== null) parts.push(`> ${systemPrompt.replaceAll('\n', '\n> ')}`);
  for (const { role, status, text, createdAt, removedAt } of messages) {
    const who = role === 'USER' ? 'User' : 'Assistant';
    const note = removedAt ? ', deleted' : status === 'COMPLETE' ? '' : `, ${status.toLowerCase()}`;
    parts.push(`## ${who} (${createdAt.toISOString()}${note})`, text);
  }
  return `${parts.join('\n\n')}\n`;
}
