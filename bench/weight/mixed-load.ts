import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from './person.ts';

const EXPIRED = 'The access token has expired';

/** One of the things that a person does, by its name. */
export type Step = readonly [name: string, step: () => Promise<unknown>];

export interface MixedLoadOptions {
  /** After how many turns it ends, before `until`. */
  readonly turns?: number;
  /** Returns what is done beside the rest in a turn, from 0. */
  readonly more?: (turn: number) => readonly Step[];
  /** Told of each thing that was done, and why it failed where it did. */
  readonly done?: (name: string, failure?: unknown) => void;
}

/** Does one thing, and once more where the person has to sign in again. */
async function once(person: Person, step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!String(error).includes(EXPIRED)) throw error;
    await person.user.signIn();
    await step();
  }
}

/**
 * Does everything that a person does, as often as people do it; a document, a picture and an export now and then.
 *
 * @param until of performance.now().
 * @returns what went wrong.
 */
export async function useEverything(
  person: Person,
  until: number,
  { turns = Number.POSITIVE_INFINITY, more, done }: MixedLoadOptions = {},
): Promise<unknown[]> {
  const errors: unknown[] = [];
  for (let turn = 0; turn < turns && performance.now() < until; turn++) {
    const steps: readonly Step[] = [
      ['chat', () => person.chat()],
      ['read', () => person.readBack()],
      ['search', () => person.searchKnowledge()],
      ['upsert', () => person.upsert(5)],
      ['vectors', () => person.searchVectors()],
      ['remember', () => person.remember()],
      ...(turn % 20 === 3 ? [['document', () => person.document(40_000)] as const] : []),
      ...(turn % 20 === 7 ? [['picture', () => person.picture()] as const] : []),
      ...(turn % 20 === 11 ? [['export', () => person.exportAll()] as const] : []),
      ...(more?.(turn) ?? []),
    ];
    for (const [name, step] of steps) {
      if (performance.now() > until) break;
      await once(person, step).then(
        () => done?.(name),
        (error: unknown) => {
          errors.push(error);
          done?.(name, error);
        },
      );
      await sleep(200);
    }
  }
  return errors;
}
