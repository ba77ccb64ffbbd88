import { beforeAll, describe, expect, it } from 'vitest';
import { type Contender, ours } from '../testing/contenders.ts';
import { CATALOG } from '../testing/graphs/catalog.ts';
import { planningOf } from '../testing/planner.ts';
import { composeGraph, type SeededGraph } from '../testing/seeded/graph.ts';
import { describeFault, tryOperation } from '../testing/trial.ts';

const WORLDS = 60;
let worlds: { graph: SeededGraph; contender: Contender }[];
beforeAll(async () => {
  const graphs = await Promise.all(Array.from({ length: WORLDS }, (_, seed) => composeGraph(CATALOG, { seed })));
  const planner = planningOf(graphs[0]!.supergraph.sdl);
  worlds = graphs.map((graph) => ({ graph, contender: ours(graph.supergraph, graph.fleet, planner) }));
}, 60_000);

/** How the answers differ from the plain schema's, in many worlds of few failures each, and how many have errors. */
async function outcomes(query: string, variables = {}): Promise<{ faults: string[]; failed: number }> {
  const faults: string[] = [];
  let failed = 0;
  for (const { graph, contender } of worlds) {
    const { errors } = await contender.answer({ query, variables });
    if (errors) failed++;
    const fault = await tryOperation(graph, contender, { query, variables });
    if (fault) faults.push(describeFault(fault));
  }
  return { faults, failed };
}

describe('an error is told where the object’s own type was asked, and an error of what other types were asked is not', () => {
  it.each([
    ['a field of one type', '{ inStock { ... on Film { available } } }'],
    ['beside one of all types', '{ inStock { shipping ... on Film { available } } }'],
    ['below a field of one type', '{ inStock { ... on Film { reviews { stars } } } }'],
    ['below an object of another subgraph', '{ reviews { about { ... on Book { rating inStock } } } }'],
    ['beside what is skipped', '{ featured { ... on Game { rating } } featured @skip(if: true) { price } }'],
    ['an alias', '{ inStock { ... on Book { a: available } ... on Film { b: available } } }'],
    ['a field with @requires', '{ inStock { ... on Book { shipping } ... on Film { price } } }'],
    ['a union', '{ inStock { ... on Hit { ... on Game { title } } } }'],
    ['an entity of a third subgraph', '{ inStock { ... on Film { warehouse { staff address } } available } }'],
    ['a named fragment', 'fragment F on Film { available warehouse { city } } { featured { ...F } inStock { ...F } }'],
  ])('%s', { timeout: 60_000 }, async (_, query) => {
    const { faults, failed } = await outcomes(query);
    expect(faults).toEqual([]);
    expect(failed).toBeGreaterThan(0);
  });

  it('under conditions', { timeout: 60_000 }, async () => {
    const query =
      'query ($x: Boolean!) { inStock { ... on Book @include(if: $x) { available } ... on Film { available } } }';
    expect((await outcomes(query, { x: false })).faults).toEqual([]);
    expect((await outcomes(query, { x: true })).faults).toEqual([]);
  });

  it('an unreachable subgraph is told of the objects that were asked for it alone', async () => {
    const { supergraph, fleet } = await composeGraph(CATALOG, { seed: 5, failures: false });
    const transports = new Map(fleet.transports);
    transports.delete('reviews');
    const contender = ours(supergraph, { ...fleet, transports }, planningOf(supergraph.sdl));
    const query = '{ inStock { __typename ... on Film { rating } ... on Book { pages } } }';
    const { data, errors } = await contender.answer({ query, variables: {} });
    const { inStock } = data as { inStock: ({ __typename: string } | null)[] };
    const films = inStock.flatMap((one, i) => (one?.__typename === 'Film' ? [i] : []));
    expect(films.length).toBeGreaterThan(0);
    expect(films.length).toBeLessThan(inStock.length);
    expect(errors?.map(({ path }) => path?.[1])).toEqual(films);
  });
});
