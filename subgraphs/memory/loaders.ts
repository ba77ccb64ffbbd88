import DataLoader from 'dataloader';
import { isUuid } from '#platform/base/uuid.ts';
import type { RequestContext } from '#platform/host/definition.ts';
import type { Context, Document } from '#prisma/memory/client/client.ts';
import { Documents } from './documents/documents.ts';
import type { MemoryRow } from './memories/store.ts';
import type { Database } from './parts.ts';

export interface Loaders {
  /** Null when it is not the caller's. */
  readonly memory: DataLoader<string, MemoryRow | null>;
  readonly supersededBy: DataLoader<string, MemoryRow[]>;
  readonly memoriesOfMessage: DataLoader<string, MemoryRow[]>;
  readonly contextsOfConversation: DataLoader<string, Context[]>;
  /** Null when the caller may not read it. */
  readonly document: DataLoader<string, Document | null>;
}

const MAX_CONTEXTS = 200;

/**
 * Creates the loaders of one operation: what is read many times is read at once; always as the caller
 * may.
 */
export function createLoaders(db: Database, { identity }: RequestContext): Loaders {
  const userId = identity.kind === 'user' ? identity.userId : undefined;
  const one = <Row extends { id: string }>(read: (userId: string, ids: string[]) => Promise<Row[]>) =>
    new DataLoader<string, Row | null>(async (ids) => {
      const rows = userId === undefined ? [] : await read(userId, ids.filter(isUuid));
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id) ?? null);
    });
  const many = <Row>(read: (userId: string, ids: string[]) => Promise<Row[]>, keyOf: (row: Row) => string | null) =>
    new DataLoader<string, Row[]>(async (ids) => {
      const rows = userId === undefined ? [] : await read(userId, [...ids]);
      const groups = Map.groupBy(rows, keyOf);
      return ids.map((id) => groups.get(id) ?? []);
    });
  return {
    memory: one((userId, ids) => db.memory.findMany({ where: { userId, id: { in: ids } } })),
    supersededBy: many(
      (userId, ids) => db.memory.findMany({ where: { userId, supersededById: { in: ids.filter(isUuid) } } }),
      (row) => row.supersededById,
    ),
    memoriesOfMessage: many(
      (userId, ids) => db.memory.findMany({ where: { userId, sourceMessageId: { in: ids } }, orderBy: { id: 'asc' } }),
      (row) => row.sourceMessageId,
    ),
    contextsOfConversation: many(
      (userId, ids) =>
        db.context.findMany({
          where: {
            userId,
            conversationId: { in: ids },
            OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }],
          },
          orderBy: { key: 'asc' },
          take: MAX_CONTEXTS * ids.length,
        }),
      (row) => row.conversationId,
    ),
    document: one((userId, ids) => db.document.findMany({ where: { id: { in: ids }, ...Documents.readable(userId) } })),
  };
}
