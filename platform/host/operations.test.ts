import { buildSchema } from 'graphql';
import { expect, it } from 'vitest';
import type { RequestContext } from './definition.ts';
import { createSubgraphOperations } from './operations.ts';

it('a field that a variable leaves out has its default, at any depth', async () => {
  const schema = buildSchema(`
    type Query { echo(input: Outer!): String }
    input Outer { inner: [Inner!]! }
    input Inner { text: String!, limit: Int! = 10 }`);
  schema.getQueryType()!.getFields()['echo']!.resolve = (_source, { input }) => JSON.stringify(input);
  const prepared = createSubgraphOperations(schema).prepare(
    'query ($input: Outer!) { echo(input: $input) }',
    undefined,
  );
  if ('errors' in prepared) throw prepared.errors[0];
  const result = await prepared.execute({} as RequestContext, { input: { inner: [{ text: 'x' }] } });
  expect(result).toEqual({ data: { echo: '{"inner":[{"text":"x","limit":10}]}' } });
});

it('a type of input that contains itself costs what its values cost', async () => {
  const fields = Array.from({ length: 12 }, (_, i) => `f${i}: [Filter!] g${i}: Filter`).join(' ');
  const schema = buildSchema(`
    type Query { count(filter: Filter): Int }
    input Filter { and: [Filter!] ${fields} name: String kind: Kind = A }
    enum Kind { A B }`);
  const kinds: unknown[] = [];
  schema.getQueryType()!.getFields()['count']!.resolve = (_, { filter }) => kinds.push(filter?.and?.[0]?.kind);
  const text = 'query ($filter: Filter) { count(filter: $filter) }';
  const started = process.cpuUsage();
  const prepared = createSubgraphOperations(schema).prepare(text, undefined);
  // Unrolled to any depth at all, 25 fields that contain themselves are code for seconds.
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(500);
  if ('errors' in prepared) throw prepared.errors[0];
  const run = (filter: unknown) => prepared.execute({} as RequestContext, { filter });
  expect(await run({ and: [{ name: 'x' }] })).toEqual({ data: { count: 1 } });
  expect(kinds).toEqual(['A']);
  expect(await run({ and: [{ name: 1 }] })).toMatchObject({
    errors: [{ message: expect.stringContaining('filter.and[0].name') }],
  });
});

it('what is kept of long texts is bounded by their length, and not by their number alone', () => {
  const operations = createSubgraphOperations(buildSchema('type Query { a: Int }'), {
    operations: 100,
    characters: 500,
  });
  const text = (number: number) => `{ a }${' '.repeat(190)}#${number}`;
  const first = operations.prepare(text(1), undefined);
  expect(operations.prepare(text(1), undefined)).toBe(first);
  operations.prepare(text(2), undefined);
  operations.prepare(text(3), undefined);
  expect(operations.prepare(text(1), undefined)).not.toBe(first);
});

it('a non-null variable that is left out has its own default', async () => {
  const schema = buildSchema('type Query { echo(times: Int!): Int! }');
  schema.getQueryType()!.getFields()['echo']!.resolve = (_, { times }) => times;
  const operations = createSubgraphOperations(schema);
  const prepared = operations.prepare('query ($times: Int! = 3) { echo(times: $times) }', undefined);
  if ('errors' in prepared) throw prepared.errors[0];
  expect(await prepared.execute({} as RequestContext, {})).toEqual({ data: { echo: 3 } });
});
