import type { NormalizedOperation } from './normalize.ts';
import type { Plan } from './plan.ts';

/** Decides which subgraph is asked what, in which order. One for each supergraph. */
export interface Planner {
  readonly name: string;
  /** @throws when the operation cannot be planned. */
  plan(normalized: NormalizedOperation): Plan | Promise<Plan>;
}
