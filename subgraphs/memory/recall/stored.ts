import { columnsOf } from '#platform/data/database/columns.ts';
import { hotRows } from '#platform/data/database/hot-statements.ts';
import { type Memory as MemoryRow, Prisma } from '#prisma/memory/client/client.ts';
import type { Database } from '../parts.ts';
import type { Unindexed } from '../transcripts.ts';

/** The things that may be recalled for a user: nothing is embedded or searched for where nothing is stored. */
export interface Stored {
  readonly hasMemories: boolean;
  readonly hasKnowledge: boolean;
  /** Documents of the user that are attached to other conversations, the newest. */
  readonly attachedElsewhere: readonly string[];
  /** Whether the conversation has messages that the caller does not leave out. */
  readonly hasEarlier: boolean;
  /** Those of them that are not in the index. */
  readonly unindexed: Unindexed;
  /** The memories that a profile is made of. */
  readonly profile: ProfileRows;
}

/** The memories about a user, and about the conversation if one is given; the most important of each kind first. */
export interface ProfileRows {
  readonly instructions: readonly MemoryRow[];
  readonly pinned: readonly MemoryRow[];
  readonly others: readonly MemoryRow[];
}

/** Most memories of a profile that is sent whole, and most of each kind of one that is not. */
export const MAX_WHOLE = 200;
export const MAX_STANDING = 50;
/** Most documents that the search of the index is told to leave out; of more, what is found is left out afterwards. */
const MAX_LEFT_OUT = 200;

interface Row extends Pick<Stored, 'hasMemories' | 'hasKnowledge' | 'hasEarlier' | 'attachedElsewhere'> {
  readonly unindexedIds: readonly string[] | null;
  readonly unindexedLength: number;
  /** Null where the user has no memory that is valid. */
  readonly part: keyof ProfileRows | null;
}

const FIELDS = Object.keys(Prisma.MemoryScalarFieldEnum) as (keyof MemoryRow)[];
const MEMORY = Prisma.raw(columnsOf(Prisma.MemoryScalarFieldEnum, 'm'));

/** Finds out by one statement what there is to recall. @param excluded messages that the caller leaves out. */
export async function storedFor(
  db: Database,
  userId: string,
  conversationId: string | undefined,
  excluded: readonly string[],
): Promise<Stored> {
  const about = conversationId ?? '';
  const rows = await hotRows<Row & MemoryRow>(
    db,
    Prisma.sql`
    WITH earlier AS (
      SELECT id, indexed, length(text) AS length FROM transcript_messages
      WHERE conversation_id = ${about} AND user_id = ${userId} AND id <> ALL(${[...excluded]}::text[])
    ), unindexed AS (SELECT id, length FROM earlier WHERE NOT indexed ORDER BY id),
    found AS (
      SELECT EXISTS (SELECT FROM memories WHERE user_id = ${userId}) AS "hasMemories",
        EXISTS (SELECT FROM documents WHERE owner_id = ${userId})
          OR EXISTS (SELECT FROM documents WHERE access = 'SHARED') AS "hasKnowledge",
        ARRAY(SELECT id::text FROM documents WHERE owner_id = ${userId} AND conversation_id <> ${about}
          ORDER BY id DESC LIMIT ${MAX_LEFT_OUT}) AS "attachedElsewhere",
        EXISTS (SELECT FROM earlier) AS "hasEarlier",
        (SELECT array_agg(id) FROM unindexed) AS "unindexedIds",
        (SELECT coalesce(sum(length), 0)::int FROM unindexed) AS "unindexedLength"
    ), valid AS (
      SELECT id, importance,
        CASE WHEN kind = 'INSTRUCTION' THEN 'instructions' WHEN pinned THEN 'pinned' ELSE 'others' END AS part
      FROM memories
      WHERE user_id = ${userId} AND about IN ('', ${about}) AND (valid_until IS NULL OR valid_until > now())
    ), ranked AS (
      SELECT id, part, row_number() OVER (PARTITION BY part ORDER BY importance DESC, id DESC) AS place FROM valid
    )
    SELECT found.*, ranked.part, ${MEMORY}
    FROM found LEFT JOIN (ranked JOIN memories m ON m.id = ranked.id
      AND ranked.place <= CASE ranked.part WHEN 'others' THEN ${MAX_WHOLE + 1}::int ELSE ${MAX_STANDING}::int END) ON true
    ORDER BY ranked.part, ranked.place`,
  );
  const { hasMemories, hasKnowledge, attachedElsewhere, hasEarlier, unindexedIds, unindexedLength } = rows[0]!;
  const partOf = (name: keyof ProfileRows) => rows.filter(({ part }) => part === name).map(memoryOf);
  return {
    hasMemories,
    hasKnowledge,
    attachedElsewhere,
    hasEarlier,
    unindexed: { ids: unindexedIds ?? [], length: unindexedLength },
    profile: { instructions: partOf('instructions'), pinned: partOf('pinned'), others: partOf('others') },
  };
}

/** The memory in a row that has other columns too. */
const memoryOf = (row: MemoryRow): MemoryRow =>
  Object.fromEntries(FIELDS.map((name) => [name, row[name]])) as unknown as MemoryRow;
