import { GraphQLError, parseValue } from 'graphql';
import { describe, expect, it } from 'vitest';
import { scalars } from './scalars.ts';

/** Values that a client can send, which break what makes texts of them. */
const HOSTILE: readonly unknown[] = [
  { toString: 1 },
  { toString: 1, valueOf: 2, length: -1 },
  [{ toString: null }],
  [[{ valueOf: 1, toString: 2 }]],
  { toISOString: 1 },
  { toJSON: 1 },
  {},
  [],
  true,
  '',
  'x',
  '\u0000',
  -1e308,
];
const ENGINE = /is not a function|Cannot (convert|read)|undefined|Invalid URL|primitive value|BigInt from/;

describe.each(Object.values(scalars))('the scalar $name', (scalar) => {
  it.each(HOSTILE.map((value) => [JSON.stringify(value), value]))(
    'refuses or takes %s in words of its own',
    (_, value) => {
      try {
        scalar.parseValue(value);
      } catch (error) {
        expect(error).toBeInstanceOf(GraphQLError);
        expect((error as GraphQLError).message).not.toMatch(ENGINE);
      }
    },
  );

  it.each(['"x"', '{toString: 1}', '[{toString: 1}]', '-1', '1e400', 'null', 'TRUE', '""'])(
    'refuses or takes the literal %s in words of its own',
    (literal) => {
      try {
        scalar.parseLiteral(parseValue(literal));
      } catch (error) {
        expect(error).toBeInstanceOf(GraphQLError);
        expect((error as GraphQLError).message).not.toMatch(ENGINE);
      }
    },
  );
});
