import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import type { RequestContext } from './definition.ts';
import { createSubgraphOperations } from './operations.ts';

test('a field that a variable leaves out has its default, at any depth', async () => {
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

test('what is kept of long texts is bounded by their length, and not by their number alone', () => {
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

test('a non-null variable that is left out has its own default', async () => {
  const schema = buildSchema('type Query { echo(times: Int!): Int! }');
  schema.getQueryType()!.getFields()['echo']!.resolve = (_, { times }) => times;
  const operations = createSubgraphOperations(schema);
  const prepared = operations.prepare('query ($times: Int! = 3) { echo(times: $times) }', undefined);
  if ('errors' in prepared) throw prepared.errors[0];
  expect(await prepared.execute({} as RequestContext, {})).toEqual({ data: { echo: 3 } });
});
