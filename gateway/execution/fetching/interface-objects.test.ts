import { execute, type GraphQLFormattedError, parse, printSchema, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { fc, SEED } from '#platform/base/testing/generated.ts';
import { createCatalogue, createPlainCatalogue } from '../testing/catalogue.ts';
import { ours } from '../testing/contenders.ts';
import { GRAPHS } from '../testing/graphs/graphs.ts';
import { operationArbitrary } from '../testing/operation-arbitrary.ts';
import { planningOf } from '../testing/planner.ts';
import { createSetup } from '../testing/setup.ts';
import { describeFault, tryOperation } from '../testing/trial.ts';

const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 60);
let setup: Awaited<ReturnType<typeof createSetup>>;
let plain: ReturnType<typeof createPlainCatalogue>;
beforeAll(async () => {
  setup = await createSetup({}, createCatalogue());
  plain = createPlainCatalogue(printSchema(setup.operations.supergraph.apiSchema));
});

async function answers(query: string, variables: Record<string, unknown> = {}) {
  const whole = await execute({ schema: plain, document: parse(query), variableValues: variables });
  return [await setup.ask(query, variables), JSON.parse(JSON.stringify(whole))];
}

describe('with @interfaceObject an answer is that of one plain schema', () => {
  it.each([
    ['as Apollo Client asks', '{ products { id ... on Book { inStock __typename } __typename } }'],
    ['with an alias of __typename', '{ hits { ... on Book { kind: __typename inStock } } }'],
    [
      'through a list of an interface object',
      '{ products { related { __typename id ... on Film { minutes __typename } } } }',
    ],
    [
      'from an interface object of the root',
      '{ featured { __typename inStock ... on Film { minutes sequel { inStock __typename } } } }',
    ],
    ['through lists with null', '{ top(first: 4) { __typename inStock title ... on Book { pages } } }'],
    [
      'within another interface object',
      '{ me { __typename shelves { products { __typename owner { __typename ... on Admin { level } } } } } }',
    ],
    ['with @requires', '{ featured { slogan __typename } reviews { product { __typename slogan } } }'],
    [
      'without any __typename',
      '{ featured { ... on Film { minutes } ... on Book { pages } reviews { author { ... on Customer { name } } } } }',
    ],
    ['with @requires of one type, from where types are unknown', '{ featured { ... on Film { slogan } } }'],
    ['with @requires of each type', '{ top { title ... on Film { slogan minutes } ... on Book { slogan pages } } }'],
    [
      'with @requires below @requires',
      '{ book { related { ... on Book { slogan reviews { product { slogan } } } } } }',
    ],
    ['of an object type', '{ book { __typename inStock related { __typename } } }'],
  ])('%s', async (_, query) => {
    const [answer, whole] = await answers(query);
    expect(answer).toEqual(whole);
  });

  it.each([true, false])('under conditions that are %s', async (x) => {
    const query = `query ($x: Boolean!) {
      accounts { __typename ... on Customer { name @include(if: $x) shelves @skip(if: $x) { id } } }
      products { id ... on Book @include(if: $x) { inStock __typename } ... on Film @skip(if: $x) { inStock } }
    }`;
    const [answer, whole] = await answers(query, { x });
    expect(answer).toEqual(whole);
  });

  it(`of ${RUNS} generated operations, seed ${SEED}, or says what it lacks`, {
    timeout: 60_000 + RUNS * 1_000,
  }, async () => {
    const schema = setup.operations.supergraph.apiSchema;
    const lacking: string[] = [];
    await fc.assert(
      fc.asyncProperty(operationArbitrary(schema, 'query'), async ({ query, variables }) => {
        fc.pre(validate(schema, parse(query)).length === 0);
        const [answer, whole] = await answers(query, variables);
        const isTold = answer.errors?.every(
          ({ extensions }: GraphQLFormattedError) => extensions?.code === 'SUBGRAPH_INVALID_ANSWER',
        );
        if (isTold) lacking.push(query);
        else expect(answer).toEqual(whole);
      }),
      { numRuns: RUNS, seed: SEED, maxSkipsPerRun: 20, endOnFailure: !process.env.DIFFERENTIAL_SHRINK },
    );
    // Neither planner gets every one of them right: of 1,300 operations 2 had an error.
    expect(lacking.length, lacking.join('\n')).toBeLessThanOrEqual(1 + RUNS / 50);
  });
});

/** Which types the lists of a world have differs between them. */
const WORLDS = [4_242, 105_506, 108_971, 209_465, 314_194];

describe.each(['auto', 'native'] as const)(
  'with the planner %s every type that is asked for a field has it',
  (choice) => {
    it.each([
      ['of two types', '{ inStock { ... on Film { available } ... on Game { inStock } } }'],
      [
        'of one type, and another field of another type',
        '{ inStock { ... on Book { isbn id } ... on Film { a: id } } }',
      ],
      [
        'of another interface, and of a type within a union',
        '{ inStock { ... on Media { a: id } ... on Hit { ... on Book { isbn id } } } }',
      ],
      ['of an interface within a union', '{ featured { ... on Hit { ... on Product { a: id available } } } }'],
      [
        'with @requires, of an interface within a union',
        '{ inStock { ... on Hit { ... on Product { shipping } ... on Book { isbn } } } }',
      ],
      ['with @requires, of one type', '{ reviews { about { ... on Film { shipping } } } }'],
      ['with @requires, beside fields of other types', '{ featured { ... on Game { shipping } ... on Media { id } } }'],
      [
        'with @requires of one type, and an object of another',
        '{ inStock { ... on Book { warehouse { city } } ... on Film { shipping } } }',
      ],
      [
        'through an entity',
        '{ reviews { about { ... on Hit { ... on Titled { title ... on Product { rating } } } } } }',
      ],
    ])('%s', async (_, query) => {
      for (const seed of WORLDS) {
        const graph = await GRAPHS['catalog']!(seed);
        const contender = ours(graph.supergraph, graph.fleet, planningOf(graph.supergraph.sdl, choice));
        const fault = await tryOperation(graph, contender, { query, variables: {} });
        expect(fault && `world ${seed}\n${describeFault(fault)}`).toBeUndefined();
      }
    });
  },
);
