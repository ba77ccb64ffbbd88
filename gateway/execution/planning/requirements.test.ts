import { describe, expect, it } from 'vitest';
import { ours } from '../testing/contenders.ts';
import { GRAPHS } from '../testing/graphs/graphs.ts';
import { planningOf } from '../testing/planner.ts';
import { describeFault, tryOperation } from '../testing/trial.ts';
import type { Planner } from './planner.ts';

const WORLDS = 4;
const planners = new Map<string, Planner>();

/** How the answers differ from the plain schema's, in several worlds. */
async function faultsOf(name: string, query: string): Promise<string[]> {
  const found: string[] = [];
  for (let seed = 1; seed <= WORLDS; seed++) {
    const graph = await GRAPHS[name]!(seed);
    const planner = planners.get(name) ?? planningOf(graph.supergraph.sdl);
    planners.set(name, planner);
    const contender = ours(graph.supergraph, graph.fleet, planner);
    const fault = await tryOperation(graph, contender, { query, variables: {} });
    if (fault) found.push(describeFault(fault));
  }
  return [...new Set(found)];
}

describe('what @requires names is sent, and nothing else decides whether an entity is asked for', () => {
  it.each([
    ['shop', 'a chain whose middle is needed nowhere else', '{ lastItem { total } }'],
    ['shop', 'the same beside its middle', '{ lastItem { total duty volume label } }'],
    ['shop', 'the same in a list', '{ orders { items { item { total freight } } } }'],
    ['shop', 'two root fields that lead to one chain by different ways', '{ lastItem { total } cheapest { total } }'],
    ['shop', 'the same with other ends', '{ cheapest { total } lastItem { duty label } }'],
    [
      'shop',
      'the same field twice',
      '{ a: cheapest { total } orders { items { item { duty } } } b: cheapest { total } }',
    ],
    [
      'shop',
      'the same with variables and lists',
      '{ orders { items { item { duty } } } order(id: "7") { parcels { item { total } } } }',
    ],
    [
      'chat',
      'another type of the same request',
      '{ items { ... on Conversation { label } ... on Message { tokens } } }',
    ],
    ['catalog', 'two types of an interface object', '{ hits { ... on Game { shipping } ... on Book { inStock } } }'],
    ['catalog', 'a field that one type needs more for', '{ products { ... on Book { shipping } available } }'],
    ['catalog', 'the same one level below', '{ shelf { all { ... on Film { shipping(express: true) } available } } }'],
    ['catalog', 'the same from the interface object', '{ featured { ... on Game { shipping } available } }'],
  ])('%s: %s', async (name, _, query) => {
    expect(await faultsOf(name, query)).toEqual([]);
  });
});
