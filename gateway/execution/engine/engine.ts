import type { PlannerChoice } from '../planning/planners.ts';
import { Planning, type PlanningObserver } from '../planning/planning.ts';
import type { Compile } from '../prepare/operations.ts';
import { type CompilerOptions, createCompiler } from './compile.ts';

export interface EngineOptions extends Omit<CompilerOptions, 'planner'> {
  /** Default: `auto`. */
  readonly planner?: PlannerChoice | undefined;
  /** Longest planning of one operation, in milliseconds. */
  readonly planningTimeoutMs?: number | undefined;
  /** Told of each operation that was planned or refused. */
  readonly planned?: PlanningObserver | undefined;
}

/** A planner takes longer to make than a gateway to start: it is made when that is over, or when the first needs it. */
const PREPARE_MS = 50;

/** Creates the compiled engine of one supergraph, which plans in threads. */
export function createEngine({ planner, planningTimeoutMs, planned, ...options }: EngineOptions): Compile {
  const { sdl } = options.supergraph;
  const planning = new Planning({ sdl, choice: planner, timeoutMs: planningTimeoutMs, planned });
  setTimeout(() => planning.start(), PREPARE_MS).unref();
  return createCompiler({ ...options, planner: planning });
}
