import type { Plan } from './plan.ts';

/** The answer of a planner about an operation. */
export interface Opinion {
  /** Undefined when it finds none. */
  readonly plan: Plan | undefined;
  /** Whether the second planner should be asked. Only the first one doubts. */
  readonly isDoubted: boolean;
  /** Why it finds none. */
  readonly failure?: unknown;
}

/** Returns the plan that counts where the second planner has no better one: one that fetches something. */
export const usable = ({ plan }: Opinion): Plan | undefined => (plan?.root || plan?.primary ? plan : undefined);
