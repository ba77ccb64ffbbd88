import { INSERT_EVENTS } from '#platform/data/outbox/outbox.ts';
import { Prisma } from '#prisma/chat/client/client.ts';

/** Returns SQL that records events. @param rows an expression of jsonb, as `PreparedFacts.rows` has them. */
export const insertEvents = (rows: Prisma.Sql): Prisma.Sql => Prisma.sql([...INSERT_EVENTS], rows);
