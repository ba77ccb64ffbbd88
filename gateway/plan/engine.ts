import { type CompilerOptions, createCompiler } from './compile.ts';
import type { Compile } from './operations.ts';
import type { PlannerChoice } from './planners.ts';

export interface EngineOptions extends Omit<CompilerOptions, 'planner'> {
  /** Default: `auto`. */
  readonly planner?: PlannerChoice;
}

/** A planner takes longer to make than a gateway to start: it is made when that is over, or when the first needs it. */
const PREPARE_MS = 50;

/** The compiled engine of one supergraph. */
export function createEngine({ planner, ...options }: EngineOptions): Compile {
  let compiler: Promise<Compile> | undefined;
  const make = (): Promise<Compile> => {
    compiler ??= makeCompiler(planner, options);
    return compiler;
  };
  // Whoever prepares an operation gets the reason; until then nobody is listening.
  setTimeout(() => make().catch(() => undefined), PREPARE_MS).unref();
  return async (input) => (await make())(input);
}

async function makeCompiler(choice: PlannerChoice | undefined, options: Omit<CompilerOptions, 'planner'>) {
  const { createPlanner } = await import('./planners.ts');
  return createCompiler({ ...options, planner: await createPlanner(options.supergraph.sdl, choice) });
}
