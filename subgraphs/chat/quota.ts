import { holdToQuotas, type Quota, type QuotaUse, quotaUse } from '#platform/data/quotas.ts';
import type { ChatParts, Transaction } from './parts.ts';

const quotaOf = ({ config }: Pick<ChatParts, 'config'>): Quota => ({
  name: 'CONVERSATIONS',
  limit: config.QUOTA_CONVERSATIONS,
  things: 'conversations',
  remedy: 'delete some with deleteConversation',
});

const countOf = (db: Pick<Transaction, 'conversation'>, ownerId: string): Promise<number> =>
  db.conversation.count({ where: { ownerId } });

/**
 * Holds a user to what one may own, in the transaction that adds a conversation. @throws {CodedError} QUOTA_EXCEEDED.
 */
export const holdToConversations = (chat: Pick<ChatParts, 'config'>, tx: Transaction, userId: string): Promise<void> =>
  holdToQuotas(tx, userId, [{ quota: quotaOf(chat), adding: 1, used: () => countOf(tx, userId) }]);

/** Most folders of one user: more than a list can show would be of no use. */
const FOLDERS: Quota = { name: 'FOLDERS', limit: 200, things: 'folders', remedy: 'delete some with deleteFolder' };

/**
 * Holds a user to the folders that one may have, in the transaction that makes one, unless it is there. @throws
 * {CodedError} QUOTA_EXCEEDED.
 */
export const holdToFolders = (tx: Transaction, userId: string, name: string): Promise<void> =>
  holdToQuotas(tx, userId, [
    { quota: FOLDERS, adding: 1, used: () => tx.folder.count({ where: { userId, name: { not: name } } }) },
  ]);

/** Returns what a user has and may have. */
export const quotasOf = async (chat: Pick<ChatParts, 'config' | 'db'>, userId: string): Promise<QuotaUse[]> => [
  quotaUse(quotaOf(chat), await countOf(chat.db, userId)),
  quotaUse(FOLDERS, await chat.db.folder.count({ where: { userId } })),
];
