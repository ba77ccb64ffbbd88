import { Prisma } from '#prisma/chat/client/client.ts';

/**
 * Returns SQL that says whether a message `m` is a reply which the holder of an epoch writes: it has claimed it, or its
 * claim was lost with the last moments of a database that crashed.
 */
export const isTurnOf = (epoch: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`((m.status = 'STREAMING' AND m.epoch = ${epoch}) OR (m.status = 'PENDING' AND m.epoch = ${epoch} - 1))`;
