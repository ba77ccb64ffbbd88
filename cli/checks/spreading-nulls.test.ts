import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';
import { spreadingNulls } from './spreading-nulls.ts';

it('names what would carry the null of a subgraph that is down to the fields of others', async () => {
  const people = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key"])
    type Query { me: Person!, everyone: [Person!], crew: [Person] }
    type Person @key(fields: "id") { id: ID!, name: String!, friends: [Person!]! }`;
  const ships = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@external", "@requires"])
    type Query { ships: [Ship!]! }
    type Ship { name: String!, captain: Person!, mate: Person, crew: [Person!]!, owner: Person }
    type Person @key(fields: "id") { id: ID!, ship: Ship! }`;
  const subgraphs = { people, ships };
  const config = `subgraphs:\n${Object.entries(subgraphs)
    .map(([name, sdl]) => `  ${name}: { routing_url: "http://${name}/", schema: { sdl: ${JSON.stringify(sdl)} } }`)
    .join('\n')}`;
  await using folder = await mkdtempDisposable(path.join(tmpdir(), 'sextant-nulls-'));
  const file = path.join(folder.path, 'supergraph.yaml');
  await writeFile(file, config);
  const { sdl } = await loadSupergraph({ file });
  expect(spreadingNulls(sdl)).toEqual(['Person.friends', 'Query.me', 'Query.ships', 'Ship.captain', 'Ship.crew']);
});

it('nothing in the graph carries the null of a subgraph that is down to the fields of others', async () => {
  const file = path.resolve(import.meta.dirname, '../..', 'supergraph.graphql');
  expect(spreadingNulls(await readFile(file, 'utf8'))).toEqual([]);
});
