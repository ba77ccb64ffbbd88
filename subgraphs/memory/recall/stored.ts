import type { Database } from '../parts.ts';
import type { Unindexed } from '../transcripts.ts';

/** The things that may be recalled for a user: nothing is embedded or searched for where nothing is stored. */
export interface Stored {
  readonly hasMemories: boolean;
  readonly hasKnowledge: boolean;
  /** Whether the conversation has messages that the caller does not leave out. */
  readonly hasEarlier: boolean;
  /** Those of them that are not in the index. */
  readonly unindexed: Unindexed;
  /** Ids of the memories that a profile is made of. */
  readonly profile: ProfileIds;
}

/** The memories about a user, and about the conversation if one is given; the most important of each kind first. */
export interface ProfileIds {
  readonly instructions: readonly string[];
  readonly pinned: readonly string[];
  readonly others: readonly string[];
}

/** Most memories of a profile that is sent whole, and most of each kind of one that is not. */
export const MAX_WHOLE = 200;
export const MAX_STANDING = 50;

interface Row extends Pick<Stored, 'hasMemories' | 'hasKnowledge' | 'hasEarlier'>, ProfileIds {
  readonly ids: readonly string[] | null;
  readonly length: number;
}

/** Finds out by one statement what there is to recall. @param excluded messages that the caller leaves out. */
export async function storedFor(
  db: Database,
  userId: string,
  conversationId: string | undefined,
  excluded: readonly string[],
): Promise<Stored> {
  const about = conversationId ?? '';
  const [row] = await db.$queryRaw<[Row]>`
    WITH earlier AS (
      SELECT id, indexed, length(text) AS length FROM transcript_messages
      WHERE conversation_id = ${about} AND user_id = ${userId} AND id <> ALL(${[...excluded]}::text[])
    ), unindexed AS (SELECT id, length FROM earlier WHERE NOT indexed ORDER BY id),
    valid AS (
      SELECT id::text, kind, pinned, importance FROM memories
      WHERE user_id = ${userId} AND about IN ('', ${about}) AND (valid_until IS NULL OR valid_until > now())
    )
    SELECT EXISTS (SELECT FROM memories WHERE user_id = ${userId}) AS "hasMemories",
      EXISTS (SELECT FROM documents WHERE owner_id = ${userId})
        OR EXISTS (SELECT FROM documents WHERE access = 'SHARED') AS "hasKnowledge",
      EXISTS (SELECT FROM earlier) AS "hasEarlier",
      (SELECT array_agg(id) FROM unindexed) AS ids, (SELECT coalesce(sum(length), 0)::int FROM unindexed) AS length,
      ARRAY(SELECT id FROM valid WHERE kind = 'INSTRUCTION'
        ORDER BY importance DESC, id DESC LIMIT ${MAX_STANDING}) AS instructions,
      ARRAY(SELECT id FROM valid WHERE pinned AND kind <> 'INSTRUCTION'
        ORDER BY importance DESC, id DESC LIMIT ${MAX_STANDING}) AS pinned,
      ARRAY(SELECT id FROM valid WHERE NOT pinned AND kind <> 'INSTRUCTION'
        ORDER BY importance DESC, id DESC LIMIT ${MAX_WHOLE + 1}) AS others`;
  const { ids, length, instructions, pinned, others, ...stored } = row;
  return { ...stored, unindexed: { ids: ids ?? [], length }, profile: { instructions, pinned, others } };
}
