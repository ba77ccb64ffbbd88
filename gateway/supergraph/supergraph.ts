import { createHash } from 'node:crypto';
import path from 'node:path';
import { Supergraph as Internals } from '@apollo/federation-internals';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { composeFromConfig, readText } from './compose.ts';
import { reasonOf, SupergraphError } from './error.ts';

/** A supergraph ready to be served. Immutable: a change makes a new one. */
export interface Supergraph {
  /** Hash of the SDL: equal supergraphs have equal ids. */
  readonly id: string;
  readonly sdl: string;
  readonly subgraphs: readonly SubgraphAddress[];
  /** What clients see: no federation machinery, nothing inaccessible. */
  readonly apiSchema: GraphQLSchema;
  /** `apiSchema` as text: sorted, with descriptions, for codegen and for the committed schema.graphql. */
  readonly apiSdl: string;
}

export interface SubgraphAddress {
  readonly name: string;
  /** The first of `urls`, which is the one in the SDL. Empty when the SDL has none: then only in-process. */
  readonly url: string;
  readonly urls: readonly string[];
}

/**
 * Where a supergraph comes from: a Rover supergraph.yaml (`cache` is a folder that keeps what was composed of it), a
 * composed .graphql file, or composed SDL.
 */
export type SupergraphSource = SupergraphFile | { readonly sdl: string };

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
  source: SupergraphSource,
  env: Record<string, string | undefined> = process.env,
): Promise<LoadedSupergraph> {
  if ('sdl' in source) return { ...buildSupergraph(source.sdl, 'the supergraph'), files: [] };
  if (/\.ya?ml$/.test(source.file)) {
    const { sdl, urls, files } = await composeFromConfig(source.file, env, source.cache);
    return { ...buildSupergraph(sdl, source.file, urls), files };
  }
  const sdl = await readText(source.file);
  return { ...buildSupergraph(sdl, source.file), files: [path.resolve(source.file)] };
}

function buildSupergraph(sdl: string, name: string, urls?: ReadonlyMap<string, readonly string[]>): Supergraph {
  try {
    // Composed text was validated when it was composed; checking it again would double the start-up time.
    const internals = Internals.build(sdl, { supportedFeatures: null, validateSupergraph: false });
    const apiSchema = internals.apiSchema().toGraphQLJSSchema();
    return {
      id: createHash('sha256').update(sdl).digest('hex').slice(0, 16),
      sdl,
      subgraphs: internals.subgraphsMetadata().map((subgraph) => ({
        ...subgraph,
        urls: urls?.get(subgraph.name) ?? [subgraph.url],
      })),
      apiSchema,
      apiSdl: `${printSchema(lexicographicSortSchema(apiSchema))}\n`,
    };
  } catch (error) {
    throw new SupergraphError([`${name} is not a composed supergraph: ${reasonOf(error)}`]);
  }
}
