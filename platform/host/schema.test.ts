import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResolverMap } from './definition.ts';
import { DefinitionError } from './definition-error.ts';
import { buildSchemaOf } from './schema.ts';

describe('the schema of a subgraph', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'sextant-schema-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it.each<[string, string, ResolverMap, RegExp]>([
    ['a resolver of a field that is not there', 'type Query { star: Int }', { Query: { sun: () => 1 } }, /Query\.sun/],
    ['resolvers of a type that is not there', 'type Query { star: Int }', { Star: { name: () => 1 } }, /Star/],
    ['a scalar without meaning', 'scalar Bearing type Query { star: Bearing }', {}, /scalar Bearing/],
    ['a text that is not a schema', 'type Query {\n  star: Int\n', {}, /schema\.graphql:3:1: Syntax Error: /],
    ['a type that is not defined', 'type Query { star: Star }', {}, /Unknown type:? "Star"/],
  ])('%s stops the start with one line that names the file and the fault', async (_, text, resolvers, fault) => {
    const file = path.join(directory, 'schema.graphql');
    await writeFile(file, text);
    const build = () => buildSchemaOf(pathToFileURL(file), resolvers);
    expect(build).toThrow(DefinitionError);
    expect(build).toThrow(fault);
    expect(build).toThrow(/^[^\n]*schema\.graphql[^\n]*$/);
  });
});
