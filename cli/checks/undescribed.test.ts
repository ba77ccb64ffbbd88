import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSchema } from 'graphql';
import { expect, it } from 'vitest';
import { undescribed } from './undescribed.ts';

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

it('the schema that clients see describes all of its elements', async () => {
  const file = path.resolve(import.meta.dirname, '../..', 'schema.graphql');
  expect(undescribed(buildSchema(await readFile(file, 'utf8')))).toEqual([]);
});
