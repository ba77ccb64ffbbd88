import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema } from 'graphql';
import { expect, it } from 'vitest';
import { sayingLittle, undescribed } from './undescribed.ts';

it('every kind of element without a description is named by its coordinate', () => {
  const schema = buildSchema(`
    directive @mark(note: String) on FIELD_DEFINITION
    scalar Moment
    interface Named { name(short: Boolean): String }
    "Described."
    type Query implements Named {
      "Described."
      name("Described." short: Boolean, long: Boolean): String
      shelf(filter: Filter): Shelf
    }
    union Shelf = Query
    input Filter { "Described." order: Order, " " depth: Int }
    enum Order { UP "Described." DOWN }
  `);
  expect(undescribed(schema)).toEqual([
    '@mark',
    '@mark(note:)',
    'Filter',
    'Filter.depth',
    'Moment',
    'Named',
    'Named.name',
    'Named.name(short:)',
    'Order',
    'Order.UP',
    'Query.name(long:)',
    'Query.shelf',
    'Query.shelf(filter:)',
    'Shelf',
  ]);
});

it('every description that says nothing by itself is named with its words', () => {
  const schema = buildSchema(`
    "The query of a client."
    type Query {
      "The folder."
      folder("Its id, a UUID." id: ID!): Rating
      "What the user thinks of it."
      rating: Rating
    }
    "Whether it was good."
    enum Rating { "It was good indeed." UP "Not at all." DOWN "Its opposite, if any." NONE }
  `);
  expect(sayingLittle(schema)).toEqual([
    'Query.folder(id:): Its id, a UUID.',
    'Query.folder: The folder.',
    'Rating.NONE: Its opposite, if any.',
    'Rating.UP: It was good indeed.',
  ]);
});

it('the schema that clients see describes all of its elements', async () => {
  const file = path.resolve(import.meta.dirname, '../..', 'schema.graphql');
  const schema = buildSchema(await readFile(file, 'utf8'));
  expect(undescribed(schema)).toEqual([]);
});
