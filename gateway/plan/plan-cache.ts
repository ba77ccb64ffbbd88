import { print } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { NormalizedOperation } from './normalize.ts';
import type { Plan } from './plan.ts';
import type { Planner } from './planner.ts';

/** Characters of operation text whose plans are kept, all together. A plan weighs some ten times its text. */
const MAX_CHARACTERS = 4_000_000;

/** A planner that plans each operation once, whatever was written around it: equal texts get one plan. */
export function keepPlans(planner: Planner): Planner {
  const kept = new LRUCache<string, Promise<Plan>>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, text) => text.length,
  });
  return {
    name: planner.name,
    plan(normalized: NormalizedOperation) {
      const text = print(normalized.document);
      let plan = kept.get(text);
      if (plan === undefined) {
        plan = Promise.resolve(planner.plan(normalized));
        kept.set(text, plan);
        plan.catch(() => kept.delete(text));
      }
      return plan;
    },
  };
}
