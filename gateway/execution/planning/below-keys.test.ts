import { expect, it } from 'vitest';
import { ours } from '../testing/contenders.ts';
import { planningOf } from '../testing/planner.ts';
import { composeGraph } from '../testing/seeded/graph.ts';
import { describeFault, tryOperation } from '../testing/trial.ts';

const WORLDS = 6;
const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@requires", "@external", "@shareable"])`;
/** What fields need stands below the object that is the key too. */
const LISTINGS = {
  library: `${LINK}
    type Query { listings: [Listing!]! newest: Listing }
    type Listing @key(fields: "edition { isbn }") { edition: Edition! @shareable title: String }
    type Edition { isbn: ID! @shareable volume: Volume! pages: Int }
    type Volume { number: Int! year: Int }`,
  advice: `${LINK}
    type Query { advised: [Listing] }
    type Listing @key(fields: "edition { isbn }") {
      edition: Edition! @shareable
      isGood: Boolean @requires(fields: "edition { volume { number } }")
      isLong: Boolean @requires(fields: "edition { volume { year } pages }")
      advice: String
    }
    type Edition { isbn: ID! @shareable volume: Volume! @external pages: Int @external }
    type Volume { number: Int! @external year: Int @external }`,
  shelves: `${LINK}
    type Query { shelves: [Shelf] }
    type Shelf { top: Listing all: [[Listing!]] }
    type Listing @key(fields: "edition { isbn }") { edition: Edition! @shareable place: Int }
    type Edition { isbn: ID! @shareable }`,
};

it.each([
  ['one field', '{ listings { isGood } }'],
  ['two fields that need different parts', '{ listings { isLong isGood } }'],
  ['beside what needs nothing', '{ listings { title advice isGood } }'],
  ['beside what it needs', '{ newest { edition { volume { number year } pages } isGood } }'],
  ['beside a part of what it needs', '{ newest { edition { volume { year } } isGood isLong } }'],
  ['under other names', '{ newest { e: edition { v: volume { number } } edition { isbn } good: isGood } }'],
  ['from the subgraph that needs it', '{ advised { advice isGood title } }'],
  ['from a third subgraph, in lists', '{ shelves { top { isGood } all { place isLong } } }'],
])('what @requires names below the key is fetched before it is sent: %s', { timeout: 60_000 }, async (_, query) => {
  const faults: string[] = [];
  for (let seed = 1; seed <= WORLDS; seed++) {
    const graph = await composeGraph(LISTINGS, { seed, failures: false });
    const contender = ours(graph.supergraph, graph.fleet, planningOf(graph.supergraph.sdl));
    const fault = await tryOperation(graph, contender, { query, variables: {} });
    if (fault) faults.push(describeFault(fault));
  }
  expect(faults).toEqual([]);
});

it('under conditions', async () => {
  const graph = await composeGraph(LISTINGS, { seed: 1, failures: false });
  const contender = ours(graph.supergraph, graph.fleet, planningOf(graph.supergraph.sdl));
  const query = 'query ($x: Boolean!) { listings { isGood @include(if: $x) isLong @skip(if: $x) } }';
  for (const x of [true, false]) {
    expect(await tryOperation(graph, contender, { query, variables: { x } })).toBeUndefined();
  }
});
