import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import {
  BigIntResolver,
  DateTimeISOResolver,
  EmailAddressResolver,
  JSONObjectResolver,
  JSONResolver,
  NonNegativeIntResolver,
  PositiveIntResolver,
  URLResolver,
  UUIDResolver,
} from 'graphql-scalars';

/** Digits with an optional sign and fraction; no exponent, so that every reader agrees on the number. */
const DECIMAL = /^-?\d{1,40}(\.\d{1,40})?$/;

const decimal = (value: unknown): string => {
  // Prisma hands out decimal.js objects, whose toFixed() is the full number without an exponent.
  const text =
    typeof value === 'object' && value !== null && 'toFixed' in value && typeof value.toFixed === 'function'
      ? String(value.toFixed())
      : String(value);
  if (!DECIMAL.test(text)) {
    throw new GraphQLError(`A Decimal is digits with an optional sign and fraction, at most 40 each; ${text} is not.`);
  }
  return text;
};

/** Money and cost: an exact decimal number as a string, because JSON numbers are floats. */
export const Decimal = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description: 'An exact decimal number as a string, such as "0.000125": JSON numbers are floats and lose cents.',
  serialize: decimal,
  parseValue: (value) => {
    if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
      throw new GraphQLError('A Decimal is given as a string, such as "0.000125".');
    }
    return decimal(value);
  },
  parseLiteral: (node) => {
    if (node.kind === Kind.STRING || node.kind === Kind.INT || node.kind === Kind.FLOAT) return decimal(node.value);
    throw new GraphQLError('A Decimal is given as a string, such as "0.000125".', { nodes: node });
  },
});

/** Answers are JSON whichever transport carries them, hence the ISO string and not a Date object. */
const DateTime = new GraphQLScalarType<Date, string>({
  ...DateTimeISOResolver.toConfig(),
  name: 'DateTime',
  parseValue: (value) => inCalendar(DateTimeISOResolver.parseValue(value)),
  parseLiteral: (node, variables) => inCalendar(DateTimeISOResolver.parseLiteral(node, variables)),
});

/** The years that each store can write: drivers make `00-1` of the year before the first. */
function inCalendar(date: Date): Date {
  const year = date.getUTCFullYear();
  if (year >= 1 && year <= 9999) return date;
  throw new GraphQLError('A DateTime lies in the years 0001 to 9999.');
}

/**
 * Returns a scalar whose refusals are its own words: what the engine says of a value that is not text, such as an
 * object with a member `toString`, tells a client nothing of what to send.
 */
function inOwnWords<Internal, External>(
  scalar: GraphQLScalarType<Internal, External>,
): GraphQLScalarType<Internal, External> {
  const stated = <T>(parse: () => T, node?: ValueNode): T => {
    try {
      return parse();
    } catch (error) {
      if (error instanceof GraphQLError) throw error;
      throw new GraphQLError(`This is not a valid value of ${scalar.name}.`, node && { nodes: node });
    }
  };
  return new GraphQLScalarType<Internal, External>({
    ...scalar.toConfig(),
    parseValue: (value) => stated(() => scalar.parseValue(value)),
    parseLiteral: (node, variables) => stated(() => scalar.parseLiteral(node, variables), node),
  });
}

/**
 * The scalars of the graph; a subgraph that declares one of these in its schema gets its behaviour from here, and no
 * subgraph makes its own.
 */
export const scalars: Readonly<Record<string, GraphQLScalarType>> = {
  BigInt: inOwnWords(BigIntResolver),
  DateTime: inOwnWords(DateTime),
  Decimal,
  EmailAddress: inOwnWords(EmailAddressResolver),
  JSON: inOwnWords(JSONResolver),
  JSONObject: inOwnWords(JSONObjectResolver),
  NonNegativeInt: inOwnWords(NonNegativeIntResolver),
  PositiveInt: inOwnWords(PositiveIntResolver),
  URL: inOwnWords(URLResolver),
  UUID: inOwnWords(UUIDResolver),
};
