import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as internals from '@apollo/federation-internals';
import { expect, it } from 'vitest';
import { composeSdl } from '../execution/testing/fleet.ts';
import { unknownFeatures } from './features.ts';
import { loadSupergraph } from './supergraph.ts';

const FEDERATION = '@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated"])';
const SDL = composeSdl({ a: `extend schema ${FEDERATION} type Query { a: String secret: String @authenticated }` });
const withLink = (link: string): string => SDL.replace('schema\n', `schema\n  ${link}\n`);

it.each([
  ['SECURITY', '@link(url: "https://example.org/mask/v1.0", for: SECURITY)', 'https://example.org/mask/v1.0'],
  ['EXECUTION', '@link(url: "https://specs.apollo.dev/connect/v0.2", for: EXECUTION)', 'connect/v0.2'],
  ['a newer version', '@link(url: "https://specs.apollo.dev/policy/v0.9", for: SECURITY)', 'policy/v0.9'],
  ['another major version', '@link(url: "https://specs.apollo.dev/tag/v1.0", for: SECURITY)', 'tag/v1.0'],
  ['a version that is none', '@link(url: "https://specs.apollo.dev/policy", for: SECURITY)', 'policy'],
  ['an inherited name', '@link(url: "constructor/v0.1", for: SECURITY)', 'constructor/v0.1'],
  ['a name of its own', '@link(url: "https://specs.apollo.dev/context/v0.1", as: "ctx", for: SECURITY)', 'ctx'],
  ['core', '@core(feature: "https://example.org/mask/v1.0", for: SECURITY)', 'https://example.org/mask/v1.0'],
])('a feature that is not known does not start: %s', async (_, link, named) => {
  const error = await loadSupergraph({ sdl: withLink(link) }).catch((reason: Error) => reason);
  expect(error).toMatchObject({ name: 'SupergraphError' });
  expect((error as Error).message).toContain(named);
  expect((error as Error).message).not.toContain('\n');
});

it('a feature without a purpose may be passed over', async () => {
  const supergraph = await loadSupergraph({ sdl: withLink('@link(url: "https://example.org/note/v1.0")') });
  expect(supergraph.apiSchema.getQueryType()?.getFields()).toHaveProperty('a');
});

it('a feature of a subgraph that composition would drop does not start', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'features-'));
  const link = `extend schema ${FEDERATION} @link(url: "https://example.org/mask/v1.0", import: ["@mask"], for: SECURITY)`;
  await writeFile(
    path.join(folder, 'a.graphql'),
    `${link} directive @mask on FIELD_DEFINITION type Query { secret: String @mask }`,
  );
  const file = path.join(folder, 'supergraph.yaml');
  await writeFile(file, 'subgraphs: { a: { routing_url: "http://a.test", schema: { file: a.graphql } } }');
  await expect(loadSupergraph({ file })).rejects.toThrow(/^a: The feature https:\/\/example.org\/mask\/v1.0 is needed/);
  await rm(folder, { recursive: true });
});

it.each([
  internals.JOIN_VERSIONS,
  internals.CONTEXT_VERSIONS,
  internals.INACCESSIBLE_VERSIONS,
  internals.TAG_VERSIONS,
  internals.COST_VERSIONS,
  internals.AUTHENTICATED_VERSIONS,
  internals.REQUIRES_SCOPES_VERSIONS,
  internals.POLICY_VERSIONS,
])('the newest version that composition writes is known: %j', (versions) => {
  const link = `@link(url: "${versions.latest().url}", for: SECURITY)`;
  expect(unknownFeatures(`schema ${link} { query: Query }`)).toEqual([]);
  expect(unknownFeatures(SDL)).toEqual([]);
});
