import { createHash } from 'node:crypto';
import path from 'node:path';
import packageOfInternals from '@apollo/federation-internals/package.json' with { type: 'json' };
import { buildSchema, type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { composeFromConfig, readText } from './compose.ts';
import { reasonOf, SupergraphError } from './error.ts';
import { unknownFeatures } from './features.ts';
import { kept } from './kept.ts';
import type { SupergraphRegistry } from './remote.ts';

/** A supergraph ready to be served. Immutable: a change makes a new one. */
export interface Supergraph {
  /** Hash of the SDL: equal supergraphs have equal ids. */
  readonly id: string;
  readonly sdl: string;
  readonly subgraphs: readonly SubgraphAddress[];
  /** What clients see: no federation machinery, nothing inaccessible. */
  readonly apiSchema: GraphQLSchema;
  /** `apiSchema` as text: sorted, with descriptions, for codegen and for the committed schema.graphql. */
  readonly apiSdl: () => string;
}

export interface SubgraphAddress {
  readonly name: string;
  /** The first of `urls`, which is the one in the SDL. Empty when the SDL has none: then only in-process. */
  readonly url: string;
  readonly urls: readonly string[];
}

/**
 * The source of a supergraph: a Rover supergraph.yaml, a composed .graphql file, composed SDL, or a registry. `cache`
 * is a folder that keeps what was made of it, which is most of a gateway's start.
 */
export type SupergraphSource = SupergraphFile | SupergraphSdl | RemoteSupergraph;

export interface SupergraphSdl {
  readonly sdl: string;
  /** For messages. Default: the supergraph. */
  readonly name?: string;
  readonly cache?: string;
}

export interface RemoteSupergraph {
  readonly registry: SupergraphRegistry;
  /** How often it is asked for changes, in milliseconds. */
  readonly pollMs: number;
  readonly cache?: string;
}

export interface SupergraphFile {
  readonly file: string;
  readonly cache?: string;
}

/** The supergraph and the files that it was made of, for a watcher. */
export interface LoadedSupergraph extends Supergraph {
  readonly files: readonly string[];
}

/**
 * Composes or reads a supergraph.
 *
 * @param env what `${env.NAME}` in a supergraph.yaml stands for.
 * @throws {SupergraphError} one line for every problem, with subgraph, file and line.
 */
export async function loadSupergraph(
  source: SupergraphFile | SupergraphSdl,
  env: Record<string, string | undefined> = process.env,
): Promise<LoadedSupergraph> {
  if ('sdl' in source) {
    const { sdl, name = 'the supergraph' } = source;
    return { ...(await buildSupergraph(sdl, name, source.cache)), files: [] };
  }
  const { file, cache } = source;
  if (/\.ya?ml$/.test(file)) {
    const { sdl, urls, files } = await composeFromConfig(file, env, cache);
    return { ...(await buildSupergraph(sdl, file, cache, urls)), files };
  }
  return { ...(await buildSupergraph(await readText(file), file, cache)), files: [path.resolve(file)] };
}

async function buildSupergraph(
  sdl: string,
  name: string,
  cache?: string,
  urls?: ReadonlyMap<string, readonly string[]>,
): Promise<Supergraph> {
  try {
    const made = await kept(cache, 'api.json', [packageOfInternals.version, 'features checked', DEFER, sdl], async () =>
      JSON.stringify(await readComposed(sdl)),
    );
    const { subgraphs, api } = JSON.parse(made) as Composition;
    const apiSchema = buildSchema(api, { assumeValid: true, noLocation: true });
    let apiSdl: string | undefined;
    return {
      id: createHash('sha256').update(sdl).digest('hex').slice(0, 16),
      sdl,
      subgraphs: subgraphs.map((subgraph) => ({ ...subgraph, urls: urls?.get(subgraph.name) ?? [subgraph.url] })),
      apiSchema,
      apiSdl: () => {
        apiSdl ??= `${printSchema(lexicographicSortSchema(apiSchema))}\n`;
        return apiSdl;
      },
    };
  } catch (error) {
    if (error instanceof SupergraphError) throw error;
    throw new SupergraphError([`${name} is not a composed supergraph: ${reasonOf(error)}`]);
  }
}

/** What the gateway adds to every graph. */
const DEFER = `"""
Lets a fragment of a query come later than the rest, where the client accepts an answer in parts; otherwise it says nothing.
"""
directive @defer(
  """A name of the client's own for the part."""
  label: String
  """Whether it may come later."""
  if: Boolean! = true
) on FRAGMENT_SPREAD | INLINE_FRAGMENT
`;

interface Composition {
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[];
  /** The API schema as SDL, in the supergraph's order. */
  readonly api: string;
}

async function readComposed(sdl: string): Promise<Composition> {
  const unknown = unknownFeatures(sdl);
  if (unknown.length > 0) throw new SupergraphError(unknown);
  const { Supergraph: Internals } = await import('@apollo/federation-internals');
  // Composed text was validated when it was composed; checking it again would double the time.
  const internals = Internals.build(sdl, { supportedFeatures: null, validateSupergraph: false });
  const subgraphs = internals.subgraphsMetadata().map(({ name, url }) => ({ name, url }));
  return { subgraphs, api: `${printSchema(internals.apiSchema().toGraphQLJSSchema())}\n\n${DEFER}` };
}
