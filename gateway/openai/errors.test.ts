import { coerceInputValue, GraphQLError, GraphQLInputObjectType, GraphQLList, GraphQLString } from 'graphql';
import { expect, it } from 'vitest';
import { errorBody } from './errors.ts';

const INPUT = new GraphQLInputObjectType({
  name: 'Input',
  fields: { stop: { type: new GraphQLList(GraphQLString) } },
});

/** The refusal of the graph, in graphql-js' own words. */
function refusalOf(stop: unknown): GraphQLError {
  let refused: GraphQLError | undefined;
  coerceInputValue({ stop }, INPUT, (path, value, error) => {
    const place = path.length > 0 ? ` at "input.${path.join('.')}"` : '';
    refused ??= new GraphQLError(`Variable "$input" got invalid value ${show(value)}${place}; ${error.message}`);
  });
  return refused!;
}

const show = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : JSON.stringify(value));

it('a value of another type is named as OpenAI names it', () => {
  const { error } = errorBody(refusalOf([5]));
  expect(error).toMatchObject({
    param: 'stop.0',
    message: 'stop.0 is 5. String cannot represent a non string value: 5',
  });
});

it('names in a value that look like places cost nothing, and a long value is not told whole', () => {
  const names = Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [` at "${n}`, 1]));
  const { error } = errorBody(refusalOf(names));
  expect(error.param).toMatch(/^stop/);
  expect(error.message.length).toBeLessThan(600);
});
