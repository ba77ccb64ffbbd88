import { Prisma } from '#prisma/chat/client/client.ts';

/** Returns the SQL of calls of tools, a JSON array, without what they have found. */
export const emptiedResults = (calls: Prisma.Sql): Prisma.Sql => Prisma.sql`coalesce((
  SELECT jsonb_agg(CASE WHEN call ? 'result' THEN jsonb_set(call, '{result,content}', '""') ELSE call END ORDER BY place)
  FROM jsonb_array_elements(${calls}) WITH ORDINALITY AS calls(call, place)), '[]')`;
