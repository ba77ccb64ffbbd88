import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from './person.ts';

const EXPIRED = 'The access token has expired';

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
export async function useEverything(person: Person, until: number): Promise<unknown[]> {
  const errors: unknown[] = [];
  for (let turn = 0; performance.now() < until; turn++) {
    const steps = [
      () => person.chat(),
      () => person.readBack(),
      () => person.searchKnowledge(),
      () => person.upsert(5),
      () => person.searchVectors(),
      () => person.remember(),
      ...(turn % 20 === 3 ? [() => person.document(40_000)] : []),
      ...(turn % 20 === 7 ? [() => person.picture()] : []),
      ...(turn % 20 === 11 ? [() => person.exportAll()] : []),
    ];
    for (const step of steps) {
      if (performance.now() > until) break;
      await once(person, step).catch((error: unknown) => errors.push(error));
      await sleep(200);
    }
  }
  return errors;
}
