// `npm run audit -- supergraphs DIR`: generated operations over every supergraph of a folder, against the plain schema.
//
// Each .graphql file that is a composed supergraph gets subgraphs made of its own schemas, whose values depend on a
// seed alone, and one plain schema over the same values. AUDIT_RUNS sets how many operations a file gets, SEED
// repeats a run, AUDIT_STOCK=on counts what Apollo's planner and executor get wrong beside ours, AUDIT_SHOW how many
// faults of a file are printed in full.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Contender, ours, stock } from '#gateway/execution/testing/contenders.ts';
import { planningOf } from '#gateway/execution/testing/planner.ts';
import { extractGraph, type SeededGraph } from '#gateway/execution/testing/seeded/graph.ts';
import {
  describeFault,
  type Fault,
  generatedOperations,
  reduceFault,
  tryOperation,
  UNPLANNED,
} from '#gateway/execution/testing/trial.ts';
import { SEED } from '#platform/base/testing/generated.ts';

const RUNS = Number(process.env.AUDIT_RUNS ?? 50);
const SHOWN = Number(process.env.AUDIT_SHOW ?? 1);
/** Mutations among the operations of a graph that has some. */
const MUTATIONS = 0.2;

const [folder] = process.argv.slice(3);
if (!folder) {
  console.error('Name a folder of supergraph files: npm run audit -- supergraphs DIR');
  process.exit(2);
}

interface Count {
  operations: number;
  equal: number;
  different: number;
  unplanned: number;
}
const count = (): Count => ({ operations: 0, equal: 0, different: 0, unplanned: 0 });
const text = ({ operations, equal, different, unplanned }: Count): string =>
  `operations=${operations} equal=${equal} different=${different} unplanned=${unplanned}`;

const total = count();
const totalOfStock = count();
let refused = 0;
const files = filesIn(folder);
for (const [i, file] of files.entries()) {
  const name = path.relative(folder, file);
  let graph: SeededGraph;
  let contender: Contender;
  try {
    graph = await extractGraph(readFileSync(file, 'utf8'), { seed: SEED });
    contender = ours(graph.supergraph, graph.fleet, planningOf(graph.supergraph.sdl));
  } catch (error) {
    refused++;
    console.log(`refused  ${name}: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}`);
    continue;
  }
  const [own, faults] = await run(graph, contender);
  add(total, own);
  console.log(`${own.different > 0 ? 'DIFFERS ' : 'ok      '} ${name}: ${text(own)} (${i + 1}/${files.length})`);
  for (const fault of faults.slice(0, SHOWN)) console.log(indented(await described(graph, contender, fault)));
  if (process.env.AUDIT_STOCK !== 'on') continue;
  const [theirs] = await run(graph, stock(graph.supergraph, graph.fleet));
  add(totalOfStock, theirs);
  console.log(`         stock: ${text(theirs)}`);
}
console.log(`\n${files.length - refused} supergraphs, ${refused} refused, seed ${SEED}: ${text(total)}`);
if (process.env.AUDIT_STOCK === 'on') console.log(`stock: ${text(totalOfStock)}`);
process.exit(total.different === 0 && total.operations > 0 ? 0 : 1);

async function run(graph: SeededGraph, contender: Contender): Promise<[Count, Fault[]]> {
  const result = count();
  const faults: Fault[] = [];
  const { apiSchema } = graph.supergraph;
  const mutations = apiSchema.getMutationType() ? Math.round(RUNS * MUTATIONS) : 0;
  for (const [kind, runs] of [
    ['query', RUNS - mutations],
    ['mutation', mutations],
  ] as const) {
    const operations = generatedOperations(apiSchema, kind, SEED);
    for (let n = 0; n < runs; n++) {
      const { value: operation } = operations.next();
      if (!operation) break;
      const fault = await tryOperation(graph, contender, operation);
      result.operations++;
      if (!fault) result.equal++;
      else if (fault.difference === UNPLANNED) result.unplanned++;
      else result.different++;
      if (fault) faults.push(fault);
    }
  }
  return [result, faults];
}

async function described(graph: SeededGraph, contender: Contender, fault: Fault): Promise<string> {
  return describeFault(await reduceFault(graph, fault, (smaller) => tryOperation(graph, contender, smaller)));
}

function add(sum: Count, one: Count): void {
  for (const key of Object.keys(sum) as (keyof Count)[]) sum[key] += one[key];
}

function indented(lines: string): string {
  return lines.replace(/^/gm, '         | ');
}

/** Files that hold a composed supergraph, whatever else there is. */
function filesIn(directory: string): string[] {
  if (statSync(directory).isFile()) return [directory];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(graphqls?|gql)$/.test(file))
    .map((file) => path.join(directory, file))
    .filter((file) => /\benum\s+join__Graph\b/.test(readFileSync(file, 'utf8')))
    .sort();
}
