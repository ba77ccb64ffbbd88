import { createHash } from 'node:crypto';
import { execute, getOperationAST, isInterfaceType, isNonNullType, isObjectType, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { fc, SEED } from '#platform/base/testing/generated.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { createCompiler } from '../execution/engine/compile.ts';
import { isPrepared } from '../execution/prepare/operation.ts';
import { createOperations } from '../execution/prepare/operations.ts';
import { createFleet } from '../execution/testing/fleet.ts';
import { createMonolith } from '../execution/testing/monolith.ts';
import { operationArbitrary } from '../execution/testing/operation-arbitrary.ts';
import { planningOf } from '../execution/testing/planner.ts';
import { loadSupergraph } from '../supergraph/supergraph.ts';
import { planAccess } from './access.ts';
import type { PolicyDirectives } from './directives.ts';

const RUNS = 150;
const fleet = createFleet();
const supergraph = await loadSupergraph({ sdl: fleet.sdl });
const { apiSchema } = supergraph;
const monolith = createMonolith(apiSchema);
const planner = planningOf(fleet.sdl);
const operations = createOperations({ supergraph, compile: createCompiler({ supergraph, planner }) });

/** Every field of the graph, as `Type.field`, and whether it may be null. */
const fields = Object.values(apiSchema.getTypeMap()).flatMap((type) =>
  (isObjectType(type) || isInterfaceType(type)) && !type.name.startsWith('__')
    ? Object.values(type.getFields()).map(({ name, type: returned }) => ({
        coordinate: `${type.name}.${name}`,
        isNullable: !isNonNullType(returned),
      }))
    : [],
);

/** Restricts one of so many fields, chosen by the seed. */
function restrict(seed: number, oneOf: number, nullableOnly: boolean): PolicyDirectives {
  const chosen = new Set(
    fields
      .filter(({ isNullable }) => isNullable || !nullableOnly)
      .map(({ coordinate }) => coordinate)
      .filter((one) => createHash('sha1').update(`${seed}${one}`).digest()[0]! % oneOf === 0),
  );
  const access = { authenticated: false, scopes: [], policies: [[['never granted']]] };
  return {
    field: (type, name) => (chosen.has(`${type}.${name}`) ? { access, tags: [] } : undefined),
    type: () => undefined,
    transitive: () => [],
    argumentCost: () => undefined,
    inputFieldCost: () => undefined,
    any: { access: true, tags: false },
  };
}

/**
 * Compares an answer with that of the same operation without the restricted fields.
 *
 * @param mayBubble whether what is restricted may have made null what holds it.
 */
function compare(answer: unknown, reduced: unknown, mayBubble: boolean, path: string): void {
  if (answer === null && mayBubble) return;
  if (Array.isArray(reduced)) {
    expect(answer, path).toHaveLength(reduced.length);
    for (const [i, one] of reduced.entries()) compare((answer as unknown[])[i], one, mayBubble, `${path}.${i}`);
  } else if (typeof reduced === 'object' && reduced !== null) {
    const given = answer as Record<string, unknown>;
    const left = reduced as Record<string, unknown>;
    for (const key of Object.keys(given)) {
      if (Object.hasOwn(left, key)) compare(given[key], left[key], mayBubble, `${path}.${key}`);
      else expect(given[key], `${path}.${key} is restricted`).toBeNull();
    }
    // Where nothing is left of a selection, its type's name is fetched instead, under a key that is free.
    for (const key of Object.keys(left)) if (!Object.hasOwn(given, key)) expect(key, path).toMatch(/^_*__typename$/);
  } else expect(answer, path).toEqual(reduced);
}

it.each([
  ['nothing that is restricted is shown, and all the rest is, where restricted fields may be null', true],
  ['nothing that is restricted is shown, keys and other fields that must not be null included', false],
])(
  `%s (seed ${SEED})`,
  async (_, nullableOnly) => {
    let restricted = 0;
    await fc.assert(
      fc.asyncProperty(
        operationArbitrary(apiSchema, 'query'),
        fc.nat(),
        fc.integer({ min: 2, max: 8 }),
        async ({ query, variables }, seed, oneOf) => {
          const document = parse(query);
          fc.pre(validate(apiSchema, document).length === 0);
          const operation = getOperationAST(document)!;
          const plan = planAccess(document, operation, apiSchema, restrict(seed, oneOf, nullableOnly));
          const denial = plan?.check(ANONYMOUS, { policies: new Set(), anonymous: true });
          fc.pre(denial !== undefined);
          restricted++;
          const reduction = { key: `${seed} ${denial!.reduction.key}`, apply: denial!.reduction.apply };
          const prepared = await operations.prepare({ query, reduction });
          if (!isPrepared(prepared)) throw prepared[0];
          const request = { variables, identity: ANONYMOUS, requestId: 'test', transports: fleet.transports };
          const answer = JSON.parse(String((await prepared.execute({ ...request, errors: denial!.errors })).json));
          const left = denial!.reduction.apply(document, operation);
          const reduced = left
            ? await execute({ ...monolith, document: left, variableValues: variables })
            : { data: {} };
          compare(answer.data, JSON.parse(JSON.stringify(reduced.data)), !nullableOnly, 'data');
        },
      ),
      { numRuns: RUNS, seed: SEED, maxSkipsPerRun: 50, endOnFailure: true },
    );
    expect(restricted).toBeGreaterThanOrEqual(RUNS);
  },
  120_000,
);
