import type { Prisma } from '#prisma/memory/client/client.ts';
import { type MemoryRow, whereOf } from '../memories/store.ts';
import type { Database } from '../parts.ts';

/** The part of memory that each prompt of a user holds, whatever it asks. */
export interface Profile {
  /** What the user wants of every reply. */
  readonly instructions: readonly MemoryRow[];
  /** All other memories where they are few, otherwise those that are pinned or important; these come first. */
  readonly facts: readonly MemoryRow[];
  readonly isWhole: boolean;
}

export const NO_PROFILE: Profile = { instructions: [], facts: [], isWhole: false };

/** Most memories of a profile that is sent whole, and most of each kind of one that is not. */
const MAX_WHOLE = 200;
const MAX_STANDING = 50;
/** A home, a name and an allergy have this much: see the rules of extraction and the instructions to the model. */
const IMPORTANT = 0.8;

/** Returns the profile of a user: what is about them, and about the conversation if one is given, by index. */
export async function profileOf(db: Database, userId: string, conversationId: string | undefined): Promise<Profile> {
  const read = (more: Prisma.MemoryWhereInput, take: number) =>
    db.memory.findMany({
      where: {
        AND: [
          whereOf(userId, {}),
          { about: { in: ['', ...(conversationId === undefined ? [] : [conversationId])] } },
          more,
        ],
      },
      orderBy: [{ importance: 'desc' }, { id: 'desc' }],
      take,
    });
  const [instructions, pinned, others] = await Promise.all([
    read({ kind: 'INSTRUCTION' }, MAX_STANDING),
    read({ pinned: true, NOT: { kind: 'INSTRUCTION' } }, MAX_STANDING),
    read({ pinned: false, NOT: { kind: 'INSTRUCTION' } }, MAX_WHOLE + 1),
  ]);
  const isWhole = others.length <= MAX_WHOLE && pinned.length < MAX_STANDING;
  const standing = others.filter(({ importance }) => importance >= IMPORTANT).slice(0, MAX_STANDING);
  return {
    instructions: instructions.toSorted((a, b) => Number(b.pinned) - Number(a.pinned)),
    facts: [...pinned, ...(isWhole ? others : standing)],
    isWhole,
  };
}

/** Returns whether a memory is recalled whatever the question. */
export const isStanding = ({ pinned, importance }: MemoryRow): boolean => pinned || importance >= IMPORTANT;
