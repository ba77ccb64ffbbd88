import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { createEngine } from '../execution/engine/engine.ts';
import type { PlannerChoice } from '../execution/planning/planners.ts';
import { isPrepared } from '../execution/prepare/operation.ts';
import { composeSdl, createFleet } from '../execution/testing/fleet.ts';
import { createSetup } from '../execution/testing/setup.ts';
import { createPipeline, isRefused, type PipelineOptions } from '../policy/pipeline.ts';
import { createOverrides, overrideLabels } from './overrides.ts';
import { loadSupergraph } from './supergraph.ts';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@override"])\n';
const schemasWith = (...labels: string[]) => ({
  a: `${LINK} type Query { item: Item other: Int }
    type Item @key(fields: "id") { id: ID! name: String ${labels.map((_, n) => `price${n}: Int`).join(' ')} }`,
  b: `${LINK} type Item @key(fields: "id") {
    id: ID! ${labels.map((label, n) => `price${n}: Int @override(from: "a", label: "${label}")`).join(' ')}
  }`,
});
const PRICE = '{ item { price0 } }';
const ANY = undefined;

describe.each<PlannerChoice>(['auto', 'native'])('the planner %s', (planner) => {
  it.each([
    ['percent(100)', [], true],
    ['percent(99)', [], false],
    ['percent(0)', [], false],
    ['percent(20)', ['percent(20)'], true],
    ['beta', [], false],
    ['beta', ['beta'], true],
  ])('takes an override of %s where %j are taken: %s', async (label, overrides, isTaken) => {
    const { operations } = await createSetup({ planner }, createFleet(schemasWith(label)));
    const prepared = await operations.prepare({ query: PRICE, overrides });
    expect(isPrepared(prepared) && prepared.explain().includes('entities b')).toBe(isTaken);
  });

  it('takes one share and leaves a smaller one, where fields are skipped too', async () => {
    const fleet = createFleet(schemasWith('percent(20)', 'percent(70)'));
    const item = (query: string, from: number) => ({
      __typename: 'Item',
      id: '1',
      ...(query.includes('price0') && { price0: from }),
      ...(query.includes('price1') && { price1: from + 1 }),
    });
    fleet.interfere = async (subgraph, { query }) =>
      subgraph === 'a' ? { data: { item: item(query, 10) } } : { data: { _entities: [item(query, 20)] } };
    const { operations, requestOf, parse } = await createSetup({ planner }, fleet);
    const query = 'query ($x: Boolean!, $y: Boolean!) { item { price0 @include(if: $x) price1 @skip(if: $y) } }';
    const answerOf = async (overrides: string[] | undefined) => {
      const prepared = await operations.prepare({ query, overrides });
      return isPrepared(prepared) && parse(await prepared.execute(requestOf({ x: true, y: false }))).data;
    };
    expect(await answerOf(undefined)).toEqual({ item: { price0: 10, price1: 11 } });
    expect(await answerOf(['percent(70)'])).toEqual({ item: { price0: 10, price1: 21 } });
    expect(await answerOf(['percent(20)', 'percent(70)'])).toEqual({ item: { price0: 20, price1: 21 } });
  });
});

describe('the overrides of an operation', () => {
  const sdl = composeSdl(schemasWith('percent(20)', 'percent(70.5)', 'beta', 'percent(100)', 'percent(0)'));
  const at = (random: number, text = '{ item { price0 price1 price2 } }') =>
    createOverrides<undefined>(sdl, { random: () => random })!(text, ANY);

  it('are those whose share is above one random number', () => {
    expect(at(0)).toEqual(['percent(20)', 'percent(70.5)']);
    expect(at(0.1999)).toEqual(['percent(20)', 'percent(70.5)']);
    expect(at(0.2)).toEqual(['percent(70.5)']);
    expect(at(0.704)).toEqual(['percent(70.5)']);
    expect(at(0.705)).toBeUndefined();
  });

  it('hold for their share of many', () => {
    const choose = createOverrides<undefined>(sdl)!;
    const taken = Array.from({ length: 20_000 }, () => choose(PRICE, ANY)?.includes('percent(20)'));
    // Twelve standard deviations.
    expect(Math.abs(taken.filter(Boolean).length / taken.length - 0.2)).toBeLessThan(0.034);
  });

  it('are none where no such field, and none that needs one, is asked for', () => {
    expect(at(0, '{ item { name } other }')).toBeUndefined();
    const chain = [
      'extend type Item {',
      '  tax(in: Int): Int @join__field(graph: C, requires: "price0 name")',
      '  total: Int @join__field(graph: D, requires: "owner { tax }")',
      '}',
    ];
    const choose = createOverrides<undefined>([sdl, ...chain].join('\n'), { random: () => 0 })!;
    expect(choose('{ item { tax } }', ANY)).toBeDefined();
    expect(choose('{ item { total } }', ANY)).toBeDefined();
    expect(choose('{ item { name } }', ANY)).toBeUndefined();
  });

  it('have the labels that the setting names, and those that code chooses', () => {
    const random = (): number => 0.99;
    expect(createOverrides<undefined>(sdl, { taken: ['beta'], random })!(PRICE, ANY)).toEqual(['beta']);
    const asked: unknown[] = [];
    const choose = (labels: readonly string[], caller: string): string[] => {
      asked.push([labels, caller]);
      return caller === 'Ann' ? ['beta', 'percent(20)'] : [];
    };
    const overrides = createOverrides(sdl, { choose, random })!;
    expect([overrides(PRICE, 'Ann'), overrides(PRICE, 'Bob')]).toEqual([['beta'], undefined]);
    expect(asked[0]).toEqual([['beta'], 'Ann']);
  });

  it('are not looked for where there is nothing to decide', () => {
    for (const label of ['percent(100)', 'percent(0)', 'beta']) {
      expect(createOverrides(composeSdl(schemasWith(label)))).toBeUndefined();
    }
  });

  it('are told apart by kind', () => {
    expect(overrideLabels(sdl)).toEqual({
      always: ['percent(100)'],
      shares: new Map([
        ['percent(20)', 20],
        ['percent(70.5)', 70.5],
      ]),
      named: ['beta'],
    });
  });
});

describe('a gateway', () => {
  async function planOf(label: string, env: Record<string, string>, options: Partial<PipelineOptions> = {}) {
    const fleet = createFleet(schemasWith(label));
    const supergraph = await loadSupergraph({ sdl: fleet.sdl });
    const pipeline = createPipeline({
      config: loadConfig(env),
      log: pino({ level: 'silent' }),
      compile: (loaded) => createEngine({ supergraph: loaded }),
      ...options,
    });
    const version = { supergraph, transports: fleet.transports, ...pipeline.open(supergraph) };
    return async (userId: string) => {
      const identity = { ...ANONYMOUS, kind: 'user', userId, roles: [], scopes: [], expiresAt: 4e9 } as const;
      const caller = { identity, client: { ipAddress: '127.0.0.1' }, requestId: 'test' };
      const admitted = await pipeline.admit(version, { query: PRICE }, caller);
      return isRefused(admitted) ? JSON.stringify(admitted.errors) : admitted.prepared.explain();
    };
  }

  it('takes a label that OVERRIDE_LABELS names', async () => {
    expect(await (await planOf('beta', { OVERRIDE_LABELS: 'alpha, beta' }))('Ann')).toContain('entities b');
    expect(await (await planOf('beta', { OVERRIDE_LABELS: 'alpha' }))('Ann')).not.toContain('entities b');
  });

  it('takes a label for the callers that code chooses', async () => {
    const overrides: PipelineOptions['overrides'] = (labels, { identity }) =>
      identity.kind === 'user' && identity.userId === 'Ann' ? labels : [];
    const plan = await planOf('beta', {}, { overrides });
    expect([await plan('Ann'), await plan('Bob'), await plan('Ann')].map((one) => one.includes('entities b'))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('takes a share for a part of the requests', async () => {
    const plan = await planOf('percent(50)', {});
    const taken = new Set<boolean>();
    // One in 2 to the power of 200 would be of one kind alone.
    for (let n = 0; n < 200 && taken.size < 2; n++) taken.add((await plan('Ann')).includes('entities b'));
    expect(taken.size).toBe(2);
  });
});

it('decides for a field whose arguments are described, which takes several lines, and for what needs it', async () => {
  const field = '"""The price""" price("""Its currency""" currency: String = "EUR"): Int';
  const sdl = composeSdl({
    a: `${LINK} type Query { item: Item other: Int } type Item @key(fields: "id") { id: ID! ${field} }`,
    b: `${LINK} type Item @key(fields: "id") { id: ID! ${field} @override(from: "a", label: "percent(50)") }`,
  });
  const overrides = createOverrides(sdl, { random: () => 0.1 })!;
  expect(overrides('{ item { price(currency: "USD") } }', undefined)).toEqual(['percent(50)']);
  expect(overrides('{ other }', undefined)).toBeUndefined();
});
