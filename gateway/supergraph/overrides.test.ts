import { describe, expect, it } from 'vitest';
import type { PlannerChoice } from '../execution/planning/planners.ts';
import { composeSdl, createFleet } from '../execution/testing/fleet.ts';
import { createSetup } from '../execution/testing/setup.ts';
import { overrideLabels } from './overrides.ts';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@override"])\n';
const schemasWith = (label: string) => ({
  a: `${LINK} type Query { item: Item } type Item @key(fields: "id") { id: ID! price: Int }`,
  b: `${LINK} type Item @key(fields: "id") { id: ID! price: Int @override(from: "a", label: "${label}") }`,
});

describe.each<PlannerChoice>(['auto', 'native'])('the planner %s', (planner) => {
  it.each([
    ['percent(100)', true],
    ['percent(99)', false],
    ['percent(0)', false],
  ])('takes an override of %s: %s', async (label, isTaken) => {
    const { prepare } = await createSetup({ planner }, createFleet(schemasWith(label)));
    expect((await prepare('{ item { price } }')).explain().includes('entities b')).toBe(isTaken);
  });
});

it('tells the labels that are not taken', () => {
  expect(overrideLabels(composeSdl(schemasWith('percent(5)')))).toEqual({ taken: [], left: ['percent(5)'] });
  expect(overrideLabels(composeSdl(schemasWith('percent(100)')))).toEqual({ taken: ['percent(100)'], left: [] });
  expect(overrideLabels(composeSdl({ a: `${LINK} type Query { a: String }` }))).toEqual({ taken: [], left: [] });
});
