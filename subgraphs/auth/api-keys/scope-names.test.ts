import { readFileSync } from 'node:fs';
import { buildASTSchema, type GraphQLEnumType, parse } from 'graphql';
import { expect, it } from 'vitest';
import { SCOPES } from '#platform/identity/identity.ts';
import { scopeName } from './scope-names.ts';

it('the graph has a name for every scope, and no other', () => {
  const sdl = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8');
  const schema = buildASTSchema(parse(sdl), { assumeValid: true, assumeValidSDL: true });
  const names = (schema.getType('Scope') as GraphQLEnumType).getValues().map(({ name }) => name);
  expect(names.sort()).toEqual(Object.keys(SCOPES).map(scopeName).sort());
});
