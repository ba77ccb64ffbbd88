import { parse, print, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ours } from '../testing/contenders.ts';
import { GRAPHS } from '../testing/graphs/graphs.ts';
import { planningOf } from '../testing/planner.ts';
import { composeGraph } from '../testing/seeded/graph.ts';
import { describeFault, type Fault, generatedOperations, tryOperation, UNPLANNED } from '../testing/trial.ts';
import { planByParts } from './parts.ts';
import type { Planner } from './planner.ts';

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

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])\n';
const HOUSE = {
  one: `${LINK} type Query { houses: [House] any: House @shareable }
    type House @key(fields: "id") { id: ID! rooms: Int door: Door } type Door { width: Int height: Int }`,
  two: `${LINK} type Query { any: House @shareable }
    type House @key(fields: "id") { id: ID! guests: [Guest] } type Guest { name: String age: Int }`,
};

const house = composeGraph(HOUSE, { seed: 3, failures: false });

/** How often the subgraph `one` is asked, and how the answer is wrong, where no planner plans two names together. */
async function asked(query: string, ...apart: readonly string[]) {
  const graph = await house;
  const planner = planningOf(graph.supergraph.sdl);
  const picky: Planner = {
    name: planner.name,
    plan(request) {
      if (apart.every((name) => new RegExp(`\\b${name}\\b`).test(request.text))) throw new Error('There is no edge.');
      return planner.plan(request);
    },
  };
  graph.fleet.requests.length = 0;
  const contender = ours(graph.supergraph, graph.fleet, picky);
  const fault = await tryOperation(graph, contender, { query, variables: {} });
  const requests = graph.fleet.requests.filter(({ subgraph }) => subgraph === 'one').length;
  return { difference: fault?.difference, requests };
}

describe('parts of one root field', () => {
  it('share its one request', async () => {
    const { difference, requests } = await asked(
      '{ houses { door { width } guests { name } rooms } }',
      'door',
      'guests',
    );
    expect({ difference, requests }).toEqual({ difference: undefined, requests: 1 });
  });

  it('may lie below objects that this request brings', async () => {
    const { difference, requests } = await asked('{ houses { door { width height } } }', 'width', 'height');
    expect({ difference, requests }).toEqual({ difference: undefined, requests: 1 });
  });

  it('are refused where each would bring the same list by a request of its own: elements are not matched by index', async () => {
    const { difference } = await asked('{ houses { guests { name age } } }', 'name', 'age');
    expect(difference).toBe('cannot be planned');
  });

  it('are refused where they ask different subgraphs for the root field', async () => {
    const { difference } = await asked('{ any { door { width } guests { name } } }', 'door', 'guests');
    expect(difference).toBe('cannot be planned');
  });
});

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

it.each(['shop', 'office'])(
  'operations that are planned in parts wherever they can be have the same answers: %s',
  async (name) => {
    const graph = await GRAPHS[name]!(5);
    const planner = narrow(planningOf(graph.supergraph.sdl));
    const contender = ours(graph.supergraph, graph.fleet, planner);
    const faults: Fault[] = [];
    let operations = 0;
    for (const operation of generatedOperations(graph.supergraph.apiSchema, 'query', 5)) {
      if (operations++ >= OPERATIONS) break;
      const fault = await tryOperation(graph, contender, operation);
      if (fault) faults.push(fault);
    }
    expect(faults.filter(({ difference }) => difference !== UNPLANNED).map(describeFault)).toEqual([]);
    // Refused, where two requests would bring the same list.
    expect(faults.length).toBeLessThan(OPERATIONS / 10);
  },
  60_000,
);

it('an operation is planned in so many parts at most', async () => {
  let plans = 0;
  const never: Planner = {
    name: 'never',
    plan() {
      plans++;
      throw new Error('no');
    },
  };
  const fields = Array.from({ length: 19 }, (_, n) => `a${n}: houses { id door { width height } }`);
  const document = parse(`{ ${fields.join(' ')} }`);
  const operation = document.definitions[0] as never;
  const request = { document, operation, conditions: [], text: print(document), client: '' };
  await expect(planByParts(never).plan(request)).rejects.toThrow('no');
  expect(plans).toBeLessThanOrEqual(21);
});
