import { print } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { NormalizedOperation } from '../prepare/normalize.ts';
import { isLasting, REFUSED_MS } from '../prepare/refusals.ts';
import type { Plan } from './plan.ts';
import type { Planner } from './planner.ts';

/** Characters of operation text whose plans are kept, all together. A plan weighs some ten times its text. */
const MAX_CHARACTERS = 1_000_000;

/** A function that plans an operation, for a client that waits. */
export type MakePlan = (normalized: NormalizedOperation, client: string) => Promise<Plan>;

/** Plans each operation once, whatever was written around it: equal texts get one plan, or one refusal. */
export function keepPlans(planner: Planner): MakePlan {
  const kept = new LRUCache<string, Promise<Plan>>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, text) => text.length,
  });
  return (normalized, client) => {
    const text = print(normalized.document);
    const known = kept.get(text);
    if (known !== undefined) return known;
    const plan = Promise.resolve(planner.plan({ ...normalized, text, client }));
    kept.set(text, plan);
    plan.catch((error: unknown) => {
      if (isLasting(error)) kept.set(text, plan, { ttl: REFUSED_MS });
      else kept.delete(text);
    });
    return plan;
  };
}
