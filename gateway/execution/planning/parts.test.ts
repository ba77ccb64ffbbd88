import { buildSchema, parse, print, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ours } from '../testing/contenders.ts';
import { GRAPHS } from '../testing/graphs/graphs.ts';
import { planningOf } from '../testing/planner.ts';
import { composeGraph } from '../testing/seeded/graph.ts';
import { describeFault, type Fault, generatedOperations, tryOperation } from '../testing/trial.ts';
import { planByParts } from './parts.ts';
import type { Planner, PlanRequest } from './planner.ts';

const SEEDS = [1, 2];
const OPERATIONS = 60;
const graphs = SEEDS.map((seed) => GRAPHS['shop']!(seed));
const shop = graphs[0]!.then(({ supergraph }) => planningOf(supergraph.sdl));

/** How the answers differ from the plain schema's, in several worlds. */
async function faultsOf(query: string, variables: Record<string, unknown> = {}): Promise<string[]> {
  const found: string[] = [];
  for (const made of graphs) {
    const graph = await made;
    const fault = await tryOperation(graph, ours(graph.supergraph, graph.fleet, await shop), { query, variables });
    if (fault) found.push(describeFault(fault));
  }
  return found;
}

describe('one root field with two chains of @requires that no planner knows together is answered in full', () => {
  it.each([
    ['in a list', '{ orders { items { item { volume } } parcels { item { label } } } }'],
    ['the other way round', '{ orders { parcels { item { label } } items { item { volume } } } }'],
    [
      'beside leaves, under other names, with values',
      '{ a: orders(first: 3) { n: number note p: parcels { weight item { label } } eta(days: 2) i: items { count item { volume } } id } }',
    ],
    ['in one object', '{ order(id: "7") { items { item { volume } } parcels { item { label volume } } } }'],
    [
      'twice, beside another root field',
      '{ orders { items { item { volume } } parcels { item { label } } } lastItem { total } }',
    ],
  ])('%s', async (_, query) => {
    expect(await faultsOf(query)).toEqual([]);
  });

  it('under conditions and with variables', async () => {
    const query = `query ($x: Boolean!, $id: ID!) { order(id: $id) {
      items @include(if: $x) { item { volume } } parcels { item { label @skip(if: $x) } } ... @include(if: $x) { parcels { item { label } } } } }`;
    for (const x of [true, false]) expect(await faultsOf(query, { x, id: '7' })).toEqual([]);
  });
});

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable", "@external", "@requires"])\n';
const HOUSE = {
  one: `${LINK} type Query { houses: [House] any: House @shareable }
    type House @key(fields: "id") { id: ID! rooms: Int floors: Int door: Door } type Door { width: Int height: Int }`,
  two: `${LINK} type Query { any: House @shareable }
    type House @key(fields: "id") { id: ID! guests(first: Int): [Guest] grid: [[Guest]] rooms: Int @external
      floors: Int @external beds: [Bed] @requires(fields: "rooms") plan: String @requires(fields: "floors") }
    type Bed { length: Int price: Int } type Guest @key(fields: "name") { name: String age: Int }`,
  three: `${LINK} type Guest @key(fields: "name") { name: String pets: [Pet] } union Pet = Cat | Dog
    type Cat { lives: Int colour: String } type Dog { barks: Boolean colour: String tricks: [Trick] }
    type Trick { title: String minutes: Int }`,
};

const house = composeGraph(HOUSE, { seed: 5, failures: false });

/** A planner that plans no operation which has two names. */
function picky(planner: Planner, apart: readonly string[]): Planner {
  return {
    name: planner.name,
    plan(request) {
      if (apart.every((name) => new RegExp(`\\b${name}\\b`).test(request.text))) throw new Error('There is no edge.');
      return planner.plan(request);
    },
  };
}

/** How often the subgraphs are asked, and how the answer is wrong, where no planner plans two names together. */
async function asked(query: string, ...apart: readonly string[]) {
  const graph = await house;
  const planner = picky(planningOf(graph.supergraph.sdl), apart);
  graph.fleet.requests.length = 0;
  const contender = ours(graph.supergraph, graph.fleet, planner);
  const fault = await tryOperation(graph, contender, { query, variables: {} });
  const requests: Record<string, number> = {};
  for (const { subgraph } of graph.fleet.requests) requests[subgraph] = (requests[subgraph] ?? 0) + 1;
  return { difference: fault?.difference, requests };
}

describe('parts of one root field', () => {
  it('share its one request', async () => {
    const { difference, requests } = await asked(
      '{ houses { door { width } guests { name } rooms } }',
      'door',
      'guests',
    );
    expect({ difference, requests }).toEqual({ difference: undefined, requests: { one: 1, two: 1 } });
  });

  it('may lie below objects that this request brings', async () => {
    const { difference, requests } = await asked('{ houses { door { width height } } }', 'width', 'height');
    expect({ difference, requests }).toEqual({ difference: undefined, requests: { one: 1 } });
  });

  it.each([
    ['a list', '{ houses { guests { name age } } }', ['name', 'age'], { one: 1, two: 1 }],
    ['lists of lists', '{ houses { grid { name age } rooms } }', ['name', 'age'], { one: 1, two: 1 }],
    ['what needs something else', '{ houses { beds { length price } } }', ['length', 'price'], { one: 1, two: 1 }],
    [
      'a list beside what needs something else',
      '{ houses { plan beds { length price } guests(first: 2) { age } } }',
      ['length', 'price'],
      { one: 1, two: 1 },
    ],
    [
      'a list below another list that is asked for',
      '{ houses { guests { age pets { ... on Cat { lives colour } ... on Dog { barks colour tricks { title minutes } } } } } }',
      ['title', 'minutes'],
      { one: 1, two: 1, three: 1 },
    ],
    [
      'lists of two subgraphs one after the other',
      '{ houses { guests { name age pets { ... on Cat { lives } ... on Dog { barks } } } } }',
      ['lives', 'barks'],
      { one: 1, two: 1, three: 1 },
    ],
  ])('share the one request for %s', async (_, query, apart, requests) => {
    expect(await asked(query, ...apart)).toEqual({ difference: undefined, requests });
  });

  it('are refused where they ask different subgraphs for the root field, and the client is told what to do', async () => {
    const query = '{ any { door { width } guests { name } } }';
    expect((await asked(query, 'door', 'guests')).difference).toBe('cannot be planned');
    const { supergraph } = await house;
    const planner = planByParts(picky(planningOf(supergraph.sdl), ['door', 'guests']), fullOf(supergraph.sdl));
    await expect(planner.plan(requestOf(query))).rejects.toMatchObject({
      code: 'OPERATION_TOO_COMPLEX',
      message: expect.stringMatching(/"any" .* two operations/),
    });
  });
});

const fullOf = (sdl: string) => buildSchema(sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });

function requestOf(query: string): PlanRequest {
  const document = parse(query);
  return { document, operation: document.definitions[0] as never, conditions: [], text: print(document), client: '' };
}

/** Plans nothing that selects two things below which more is selected side by side. */
const narrow = (planner: Planner): Planner => ({
  name: planner.name,
  plan(request, signal) {
    if (request.conditions.length > 0) return { root: undefined, specialize: request.conditions };
    let isWide = false;
    visit(request.operation, {
      SelectionSet({ selections }) {
        isWide ||= selections.filter((one) => 'selectionSet' in one && one.selectionSet !== undefined).length > 1;
      },
    });
    if (isWide) throw new Error('There is no edge.');
    return planner.plan(request, signal);
  },
});

it.each(['shop', 'office', 'zoo'])(
  'operations that are planned in parts wherever they can be have the same answers: %s',
  async (name) => {
    const graph = await (name === 'zoo' ? composeGraph(ZOO, { seed: 5 }) : GRAPHS[name]!(5));
    const planner = narrow(planningOf(graph.supergraph.sdl));
    const contender = ours(graph.supergraph, graph.fleet, planner);
    const faults: Fault[] = [];
    let operations = 0;
    for (const operation of generatedOperations(graph.supergraph.apiSchema, 'query', 5)) {
      if (operations++ >= OPERATIONS) break;
      const fault = await tryOperation(graph, contender, operation);
      if (fault) faults.push(fault);
    }
    expect(faults.map(describeFault)).toEqual([]);
  },
  60_000,
);

it('an operation is planned in so many parts at most', async () => {
  const { supergraph } = await house;
  let plans = 0;
  const never: Planner = {
    name: 'never',
    plan() {
      plans++;
      throw new Error('no');
    },
  };
  const fields = Array.from({ length: 19 }, (_, n) => `a${n}: houses { id door { width height } }`);
  await expect(planByParts(never, fullOf(supergraph.sdl)).plan(requestOf(`{ ${fields.join(' ')} }`))).rejects.toThrow(
    'no',
  );
  expect(plans).toBeLessThanOrEqual(21);
});

const ZOO_FIELDS = {
  Lion: 'id: ID! age: Int! name: String! tags: [String!]! near: Den! seen: Den!',
  Newt: 'id: Int! age: Float name: String tags: [Int] near: Den seen: [Den]',
  Crow: 'id: String! age: Int name: Kind! tags: Int near: [Den!]! seen: Den',
};
const ZOO = {
  one: `${LINK} type Query { animals: [Animal!]! named: [Named] cages: [Cage] } type Cage { inmate: Animal named: Named }
    union Animal = Lion | Newt | Crow interface Named { code: String } enum Kind { BIG SMALL } type Den { depth: Int width: Int! }
    ${Object.entries(ZOO_FIELDS)
      .map(
        ([name, fields], n) =>
          `type ${name} implements Named @key(fields: "id") { code: String${'!'.repeat(n % 2)} ${fields} }`,
      )
      .join('\n')}`,
  two: `${LINK} type Place { street: String number: Int! }
    ${Object.keys(ZOO_FIELDS)
      .map((name) => {
        const id = name === 'Lion' ? 'ID!' : name === 'Newt' ? 'Int!' : 'String!';
        return `type ${name} @key(fields: "id") { id: ${id} home: Place born: Place }`;
      })
      .join('\n')}`,
};

it('fields of one name that other types have as other types are asked for in one request, under other names', async () => {
  const query = `{ animals {
    ... on Lion { id name home { street } near { depth } } ... on Newt { code born { number } its: seen { width } }
    ... on Crow { own: id tags seen { depth } } } }`;
  const graph = await composeGraph(ZOO, { seed: 6, failures: false });
  const planner = narrow(planningOf(graph.supergraph.sdl));
  const contender = ours(graph.supergraph, graph.fleet, planner);
  const fault = await tryOperation(graph, contender, { query, variables: {} });
  expect(fault && describeFault(fault)).toBeUndefined();
  expect(graph.fleet.requests.map(({ subgraph }) => subgraph)).toEqual(['one', 'two']);
  expect(graph.fleet.requests[0]!.request.query).toMatch(/id__1:id/);
});
