import { createApolloPlanner } from '#gateway/plan/apollo-planner.ts';
import { createCompiler } from '#gateway/plan/compile.ts';
import { createNativePlanner } from '#gateway/plan/native-planner.ts';
import type { Compile } from '#gateway/plan/operations.ts';
import type { Supergraph } from '#gateway/supergraph/supergraph.ts';

/** The compiled engine on the native planner, and on Apollo's where this platform has no native one. */
export function engineOf(supergraph: Supergraph): Compile {
  const compiler = createNativePlanner(supergraph.sdl)
    .catch(() => createApolloPlanner(supergraph.sdl))
    .then((planner) => createCompiler({ supergraph, planner }));
  return async (input) => (await compiler)(input);
}
