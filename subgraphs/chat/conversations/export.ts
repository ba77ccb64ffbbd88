import type { Message } from '#prisma/chat/client/client.ts';
import type { ConversationView } from '../access.ts';
import type { ChatParts } from '../parts.ts';
import { seenBy } from '../replies/privacy.ts';
import { messagesByIds, wayTo } from '../tree.ts';

export interface ConversationExport {
  readonly filename: string;
  readonly contentType: string;
  readonly content: string;
}

/** Most messages of one export. */
const MAX_MESSAGES = 10_000;

/** Returns the conversation as a document: what is on the screen as Markdown, or everything there is as JSON. */
export async function exportConversation(
  { db }: ChatParts,
  conversation: ConversationView,
  format: 'MARKDOWN' | 'JSON',
): Promise<ConversationExport> {
  const name = `conversation-${conversation.createdAt.toISOString().slice(0, 10)}-${conversation.id.slice(-6)}`;
  if (format === 'MARKDOWN') {
    const { activeLeafId } = conversation;
    const messages = activeLeafId ? await messagesByIds(db, await wayTo(db, activeLeafId, MAX_MESSAGES)) : [];
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
