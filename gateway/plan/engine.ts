import { type CompilerOptions, createCompiler } from './compile.ts';
import type { Compile } from './operations.ts';
import { createPlanner, type PlannerChoice } from './planners.ts';

export interface EngineOptions extends Omit<CompilerOptions, 'planner'> {
  /** Default: `auto`. */
  readonly planner?: PlannerChoice;
}

/** The compiled engine of one supergraph. The planner is made in the background; the first operation waits for it. */
export function createEngine({ planner, ...options }: EngineOptions): Compile {
  const compiler = createPlanner(options.supergraph.sdl, planner).then((made) =>
    createCompiler({ ...options, planner: made }),
  );
  // Whoever prepares an operation gets the reason; until then nobody is listening.
  compiler.catch(() => undefined);
  return async (input) => (await compiler)(input);
}
