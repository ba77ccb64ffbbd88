import { beforeAll, describe, expect, it } from 'vitest';
import { SEED } from '#platform/base/testing/generated.ts';
import { type Contender, type OursEvents, ours } from '../testing/contenders.ts';
import { GRAPHS } from '../testing/graphs/graphs.ts';
import type { GeneratedOperation, OperationKind } from '../testing/operation-arbitrary.ts';
import { planningOf } from '../testing/planner.ts';
import type { SeededGraph } from '../testing/seeded/graph.ts';
import {
  describeFault,
  type Fault,
  generatedOperations,
  reduceFault,
  tryOperation,
  trySubscription,
  UNPLANNED,
} from '../testing/trial.ts';

/**
 * Generated operations on several graphs, against one plain schema of each. DIFFERENTIAL_RUNS sets how many of each
 * kind, SEED repeats a run; a fault is printed with the smallest operation that shows it. The benchmark of
 * the same name runs many more, and Apollo's executor beside ours.
 */
const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 40);
/** Planning dominates: some 20 ms an operation, several times that on a busy machine. */
const TIMEOUT_MS = 60_000 + RUNS * 1_000;
const KINDS: readonly OperationKind[] = ['query', 'mutation', 'subscription'];

/** The native planner alone cannot plan some operations with @requires; with it as the second one, all can. */
const isWithoutPlan = ({ contender, difference }: Fault): boolean => contender === 'native' && difference === UNPLANNED;

describe.each(Object.entries(GRAPHS))(`%s: generated operations, ${RUNS} of each kind, seed ${SEED}`, (_, create) => {
  let graph: SeededGraph;
  let contenders: (Contender & OursEvents)[];

  beforeAll(async () => {
    graph = await create(SEED);
    const { supergraph, fleet } = graph;
    const planners = [planningOf(supergraph.sdl), planningOf(supergraph.sdl, 'native')];
    contenders = planners.map((planner) => ours(supergraph, fleet, planner));
  });

  it.each(KINDS)(
    'have the data, the errors and the effects of one plain schema: %s',
    async (kind) => {
      const tryOne = kind === 'subscription' ? trySubscription : tryOperation;
      let tried = 0;
      for (const operation of generatedOperations(graph.supergraph.apiSchema, kind, SEED)) {
        if (tried++ >= RUNS) break;
        for (const contender of contenders) {
          const retry = (other: GeneratedOperation) => tryOne(graph, contender, other);
          const fault = await retry(operation);
          if (!fault || isWithoutPlan(fault)) continue;
          expect.fail(`seed ${SEED}\n${describeFault(await reduceFault(graph, fault, retry))}`);
        }
      }
    },
    TIMEOUT_MS,
  );
});
