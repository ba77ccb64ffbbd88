import DataLoader from 'dataloader';
import { isUuid } from '#platform/base/uuid.ts';
import type { PrismaClient, User } from '#prisma/auth/client/client.ts';

export interface Loaders {
  readonly users: DataLoader<string, User | null>;
}

/**
 * Creates the loaders of one operation: one query for all users that it mentions, however many places
 * mention them.
 */
export function createLoaders(db: PrismaClient): Loaders {
  return {
    users: new DataLoader<string, User | null>(async (ids) => {
      const rows = await db.user.findMany({ where: { id: { in: ids.filter(isUuid) } } });
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id.toLowerCase()) ?? null);
    }),
  };
}
