/**
 * How many of many generated operations have another answer than one plain schema of the whole graph would give: ours,
 * with the default planner and with the native one alone, and Apollo's planner and executor. The graphs are those of
 * gateway/execution/testing. Says nothing about speed.
 *
 * DIFFERENTIAL_RUNS sets how many operations there are altogether, SEED repeats a run, DIFFERENTIAL_SHOW
 * how many faults of ours are printed in full. DIFFERENTIAL_GRAPH runs the part of a run that asks the graph of that
 * name.
 */

import { type Contender, ours, stock } from '#gateway/execution/testing/contenders.ts';
import { GRAPHS } from '#gateway/execution/testing/graphs/graphs.ts';
import { planningOf } from '#gateway/execution/testing/planner.ts';
import type { SeededGraph } from '#gateway/execution/testing/seeded/graph.ts';
import {
  describeFault,
  type Fault,
  generatedOperations,
  kindOf,
  reduceFault,
  tryOperation,
  UNPLANNED,
} from '#gateway/execution/testing/trial.ts';

const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 2_000);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const SHOWN = Number(process.env.DIFFERENTIAL_SHOW ?? 5);
const GRAPH = process.env.DIFFERENTIAL_GRAPH;
/** Worlds of each graph: what is null, what fails and which types meet differs between them. */
const WORLDS = 4;
const MUTATIONS = 0.15;

const wrong = new Map<string, number>();
const kinds = new Map<string, number>();
const of = (contender: string): number => wrong.get(contender) ?? 0;
let operations = 0;
let shown = 0;
const each = Math.ceil(RUNS / (Object.keys(GRAPHS).length * WORLDS));
for (const [name, create] of Object.entries(GRAPHS)) {
  if (GRAPH !== undefined && name !== GRAPH) continue;
  for (let world = 0; world < WORLDS; world++) {
    const seed = SEED + world * 104_729;
    const graph = await create(seed);
    const { supergraph, fleet } = graph;
    const contenders: Contender[] = [
      ours(supergraph, fleet, planningOf(supergraph.sdl)),
      ours(supergraph, fleet, planningOf(supergraph.sdl, 'native')),
      stock(supergraph, fleet),
    ];
    const mutations = supergraph.apiSchema.getMutationType() ? Math.round(each * MUTATIONS) : 0;
    for (const [kind, runs] of [
      ['query', each - mutations],
      ['mutation', mutations],
    ] as const) {
      let n = 0;
      for (const operation of generatedOperations(supergraph.apiSchema, kind, seed)) {
        if (n++ >= runs) break;
        operations++;
        for (const contender of contenders) {
          const fault = await tryOperation(graph, contender, operation);
          if (fault) await count(name, graph, fault, (other) => tryOperation(graph, contender, other));
        }
      }
    }
    console.log(`${name}, world ${world + 1} of ${WORLDS}: ${text(wrong)} of ${operations} so far`);
  }
}
for (const [kind, n] of [...kinds].sort(([, a], [, b]) => b - a)) console.log(`${n} x ${kind}`);
console.log(
  `BENCH differential ours=${of('auto')} stock=${of('stock')} operations=${operations} seed=${SEED} ` +
    `native=${of('native')} native_without_plan=${of(`native ${UNPLANNED}`)}`,
);

async function count(
  name: string,
  graph: SeededGraph,
  fault: Fault,
  retry: Parameters<typeof reduceFault>[2],
): Promise<void> {
  // The native planner alone has no plan for some operations with @requires; ours asks it second, and then only.
  const isUnplanned = fault.contender === 'native' && fault.difference === UNPLANNED;
  const contender = isUnplanned ? `native ${UNPLANNED}` : fault.contender;
  wrong.set(contender, of(contender) + 1);
  const kind = `${name} ${fault.contender}: ${kindOf(fault)}`;
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  if (fault.contender === 'stock' || isUnplanned || shown++ >= SHOWN) return;
  console.log(`${name}, seed ${SEED}\n${describeFault(await reduceFault(graph, fault, retry))}\n`);
}

function text(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([contender, n]) => `${contender}=${n}`).join(' ') || 'nothing wrong';
}
