import type { NormalizedOperation } from '../prepare/normalize.ts';
import type { Plan } from './plan.ts';

/** A planner, which decides which subgraph is asked what, in which order. One for each supergraph. */
export interface Planner {
  readonly name: string;
  /**
   * Plans an operation.
   *
   * @param signal ends the planning of a planner that heeds it.
   * @throws when the operation cannot be planned.
   */
  plan(asked: PlanRequest, signal?: AbortSignal): Plan | Promise<Plan>;
}

/** Returns whether parts of an operation may come later; only a plan that knows of it asks for them by themselves. */
export const hasDefer = (text: string): boolean => /@defer\b/.test(text);

/** An operation to be planned. */
export interface PlanRequest extends Omit<NormalizedOperation, 'orderedBy'> {
  /** The operation as text: equal texts have equal plans. */
  readonly text: string;
  /** Who waits for it: planning is shared out fairly between clients. */
  readonly client: string;
  /** Labels of progressive overrides that are taken, beside those that always are. */
  readonly overrides?: readonly string[] | undefined;
}
