import { print } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { NormalizedOperation } from '../prepare/normalize.ts';
import { isLasting, REFUSED_MS } from '../prepare/refusals.ts';
import type { Plan } from './plan.ts';
import type { Planner } from './planner.ts';

/** Characters of operation text whose plans are kept, all together. A plan weighs some ten times its text. */
const MAX_CHARACTERS = 1_000_000;

/** A function that plans an operation, for a client that waits, with the overrides that are taken. */
export type MakePlan = (
  normalized: NormalizedOperation,
  client: string,
  overrides: readonly string[] | undefined,
) => Promise<Plan>;

/** Plans each operation once, whatever was written around it: equal texts get one plan, or one refusal. */
export function keepPlans(planner: Planner): MakePlan {
  const kept = new LRUCache<string, Promise<Plan>>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, key) => key.length,
  });
  return (normalized, client, overrides) => {
    const text = print(normalized.document);
    const key = overrides ? `${text}\0${overrides.join('\0')}` : text;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const plan = Promise.resolve(planner.plan({ ...normalized, text, client, overrides }));
    kept.set(key, plan);
    plan.catch((error: unknown) => {
      if (isLasting(error)) kept.set(key, plan, { ttl: REFUSED_MS });
      else kept.delete(key);
    });
    return plan;
  };
}
