import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { execute, type FormattedExecutionResult, parse, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { loadSupergraph, type Supergraph } from '../supergraph/supergraph.ts';
import { createCompiler } from './compile.ts';
import { createFleet } from './fixtures/fleet.ts';
import { createMonolith } from './fixtures/monolith.ts';
import { type GeneratedOperation, operationArbitrary } from './fixtures/operation-arbitrary.ts';
import { isPrepared } from './operation.ts';
import { createOperations, type Operations } from './operations.ts';
import { createPlanner } from './planners.ts';
import { createStockEngine, type StockEngine } from './stock.ts';

/**
 * The compiled engine against Apollo's executor and against one plain schema of the whole graph, on generated
 * operations. DIFFERENTIAL_RUNS sets how many of each kind, DIFFERENTIAL_SEED repeats a run, DIFFERENTIAL_SHRINK looks
 * for the smallest operation that fails, which takes a while.
 */
const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 150);
/** Planning dominates: some 20 ms an operation, several times that on a busy machine. */
const TIMEOUT_MS = 60_000 + RUNS * 400;
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? Date.now() % 2 ** 31);

const fleet = createFleet();
let supergraph: Supergraph;
let stock: StockEngine;
let engines: [name: string, operations: Operations][];
let monolith: ReturnType<typeof createMonolith>;

beforeAll(async () => {
  supergraph = await loadSupergraph({ sdl: fleet.sdl });
  stock = createStockEngine(supergraph);
  monolith = createMonolith(supergraph.apiSdl());
  const planners = [await createPlanner(fleet.sdl), await createPlanner(fleet.sdl, 'native')];
  engines = planners.map((planner) => [
    planner.name,
    createOperations({ supergraph, compile: createCompiler({ supergraph, planner }) }),
  ]);
});

const requestOf = (operation: GeneratedOperation) => ({
  variables: operation.variables,
  identity: ANONYMOUS,
  requestId: 'test',
  transports: fleet.transports,
});

/** Undefined when the operation cannot be planned. */
async function compiled(
  operations: Operations,
  operation: GeneratedOperation,
): Promise<FormattedExecutionResult | undefined> {
  const prepared = await operations.prepare({ query: operation.query });
  if (!isPrepared(prepared)) return undefined;
  const answer = await prepared.execute(requestOf(operation));
  return JSON.parse(String(answer.json)) as FormattedExecutionResult;
}

/** What one plain schema of the whole graph answers. */
async function plainly({ query, variables }: GeneratedOperation): Promise<FormattedExecutionResult> {
  const result = await execute({ schema: monolith, document: parse(query), variableValues: variables });
  return JSON.parse(JSON.stringify(result)) as FormattedExecutionResult;
}

/**
 * Where the errors of an answer made something null. Which one of several errors under one null is told is left open by
 * the specification.
 */
function places({ data, errors = [] }: FormattedExecutionResult): string[] {
  const found = errors.map(({ path = [] }) => {
    let value: unknown = data;
    let depth = 0;
    while (depth < path.length && typeof value === 'object' && value !== null) {
      value = (value as Record<string, unknown>)[path[depth++]!];
    }
    return JSON.stringify(path.slice(0, depth));
  });
  return [...new Set(found)].sort();
}

async function check(
  kind: 'query' | 'mutation',
  compare: (operation: GeneratedOperation) => Promise<void>,
): Promise<void> {
  let valid = 0;
  await fc.assert(
    fc.asyncProperty(operationArbitrary(supergraph.apiSchema, kind), async (operation) => {
      fc.pre(validate(supergraph.apiSchema, parse(operation.query)).length === 0);
      valid++;
      await compare(operation);
    }),
    { numRuns: RUNS, seed: SEED, maxSkipsPerRun: 20, endOnFailure: !process.env.DIFFERENTIAL_SHRINK },
  );
  expect(valid, `seed ${SEED}`).toBeGreaterThanOrEqual(RUNS);
}

describe(`generated operations, ${RUNS} of each kind, seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
  it.each(['query', 'mutation'] as const)('give the data and error places of one plain schema: %s', (kind) =>
    check(kind, async (operation) => {
      const whole = await plainly(operation);
      for (const [name, operations] of engines) {
        const answer = await compiled(operations, operation);
        // The native planner alone cannot plan some operations with @requires; with it as the second one, all can.
        if (name === 'native' && (!answer || answer.errors?.some((error) => !error.path))) continue;
        expect(answer?.data, name).toEqual(whole.data);
        expect(places(answer!), name).toEqual(places(whole));
      }
    }),
  );

  it.each(['query', 'mutation'] as const)('give the answer of Apollo’s executor: %s', (kind) =>
    check(kind, async (operation) => {
      const reference = await stock.execute(parse(operation.query), undefined, requestOf(operation));
      const answer = await compiled(engines[0]![1], operation);
      const isSame = isDeepStrictEqual([answer?.data, places(answer!)], [reference.data, places(reference)]);
      if (isSame) return expect(answer?.extensions).toEqual(reference.extensions);
      // Apollo's planner goes wrong where literal @skip and @include meet overlapping fragments: it loses fields, or
      // asks for fields that are ruled out and tells their errors. The plain schema decides.
      const whole = await plainly(operation);
      expect(answer?.data).toEqual(whole.data);
      expect(places(answer!)).toEqual(places(whole));
    }),
  );
});
