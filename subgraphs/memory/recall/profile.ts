import type { MemoryRow } from '../memories/store.ts';
import { MAX_STANDING, MAX_WHOLE, type ProfileRows } from './stored.ts';

/** The part of memory that each prompt of a user holds, whatever it asks. */
export interface Profile {
  /** What the user wants of every reply. */
  readonly instructions: readonly MemoryRow[];
  /** All other memories where they are few, otherwise those that are pinned or important; these come first. */
  readonly facts: readonly MemoryRow[];
  readonly isWhole: boolean;
}

export const NO_PROFILE: Profile = { instructions: [], facts: [], isWhole: false };

/** A home, a name and an allergy have this much: see the rules of extraction and the instructions to the model. */
const IMPORTANT = 0.8;

/** Returns the profile of a user that is made of these memories. */
export function profileOf({ instructions, pinned, others }: ProfileRows): Profile {
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
