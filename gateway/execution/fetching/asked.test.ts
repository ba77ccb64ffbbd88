import { beforeAll, describe, expect, it } from 'vitest';
import { ours } from '../testing/contenders.ts';
import { GRAPHS } from '../testing/graphs/graphs.ts';
import { planningOf } from '../testing/planner.ts';
import type { SeededGraph } from '../testing/seeded/graph.ts';
import { describeFault, tryOperation } from '../testing/trial.ts';

/** A world whose authors fail in the subgraph that has their names. */
const WORLD = 314_964;

let graph: SeededGraph;
beforeAll(async () => {
  graph = await GRAPHS['catalog']!(WORLD);
});

async function faultOf(query: string, x: boolean): Promise<string | undefined> {
  const contender = ours(graph.supergraph, graph.fleet, planningOf(graph.supergraph.sdl));
  graph.fleet.requests.length = 0;
  const fault = await tryOperation(graph, contender, { query, variables: { x } });
  return fault && describeFault(fault);
}

describe('where all that a subgraph has of entities is skipped', () => {
  it.each([
    ['by @include', '{ author { id name @include(if: $x) } }', false],
    ['by @skip', '{ author { id name @skip(if: $x) } }', true],
    ['by a fragment', '{ author { id ... on Author @include(if: $x) { name } } }', false],
  ])('its failure is none of the client, and it is not asked: %s', async (_, inner, x) => {
    const query = `query ($x: Boolean!) { reviews ${inner} }`;
    expect(await faultOf(query, x)).toBeUndefined();
    expect(graph.fleet.requests.map(({ subgraph }) => subgraph)).toEqual(['reviews']);
    expect(await faultOf(query, !x)).toBeUndefined();
    expect(graph.fleet.requests.map(({ subgraph }) => subgraph)).toEqual(['reviews', 'products']);
  });

  it('what others are asked for is asked', async () => {
    const query = `query ($x: Boolean!) {
      reviews { author { id name @include(if: $x) reviews { author { name } } } about { id inStock @skip(if: $x) } }
    }`;
    for (const x of [true, false]) expect(await faultOf(query, x)).toBeUndefined();
  });

  it('an interface object is asked for its type all the same', async () => {
    const query = 'query ($x: Boolean!) { inStock { id __typename title @include(if: $x) } }';
    for (const x of [true, false]) expect(await faultOf(query, x)).toBeUndefined();
  });
});
