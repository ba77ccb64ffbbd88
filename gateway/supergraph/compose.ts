import { readFile } from 'node:fs/promises';
import path from 'node:path';
import composition from '@apollo/composition/package.json' with { type: 'json' };
import { type DocumentNode, type GraphQLError, Kind, parse, Source } from 'graphql';
import { reasonOf, SupergraphError } from './error.ts';
import { unknownFeatures } from './features.ts';
import { kept } from './kept.ts';
import type { SchemaSource } from './rover-config.ts';

/** Longest wait for a running subgraph to tell its schema, in milliseconds. */
const INTROSPECTION_TIMEOUT_MS = 10_000;

export interface Composed {
  readonly sdl: string;
  /** Every address of every subgraph: a supergraph's SDL has room for one only. */
  readonly urls: ReadonlyMap<string, readonly string[]>;
  /** Files whose change asks for a new composition, the configuration first. */
  readonly files: readonly string[];
}

/**
 * Composes the subgraphs that a supergraph.yaml names, as `rover supergraph compose` does.
 *
 * @param cache folder that keeps what was composed, by a hash of everything it was composed of: composing takes longer
 * than all the rest of loading.
 * @throws {SupergraphError} listing every problem with its subgraph, file and line.
 */
export async function composeFromConfig(
  file: string,
  env: Record<string, string | undefined>,
  cache?: string,
): Promise<Composed> {
  const name = path.basename(file);
  // A composed supergraph has no such file, and its gateway is not to load what reads one.
  const { parseRoverConfig } = await import('./rover-config.ts');
  const config = parseRoverConfig(await readText(file), name, env);
  const folder = path.dirname(path.resolve(file));
  const files = [path.resolve(file)];
  const problems: string[] = [];
  const sources = await Promise.all(
    config.subgraphs.map(async ({ name: subgraph, urls, schema }) => {
      try {
        return { name: subgraph, url: urls[0]!, source: await readSchema(subgraph, schema, folder, files) };
      } catch (error) {
        problems.push(`${subgraph}: ${describe(error)}`);
        return undefined;
      }
    }),
  );
  if (problems.length > 0) throw new SupergraphError(problems);
  const subgraphs = sources.filter((source) => source !== undefined);
  const urls = new Map(config.subgraphs.map((subgraph) => [subgraph.name, subgraph.urls]));
  const sdl = await kept(cache, 'supergraph.graphql', [composition.version, config.federationVersion, subgraphs], () =>
    compose(subgraphs, config.federationVersion),
  );
  return { sdl, urls, files };
}

interface SubgraphSource {
  readonly name: string;
  readonly url: string;
  readonly source: Source;
}

/** @throws {SupergraphError} listing every problem with its subgraph, file and line. */
async function compose(subgraphs: readonly SubgraphSource[], federationVersion: string | undefined): Promise<string> {
  // Not at the top: what has been composed before is read from the cache.
  const { FEDERATION_VERSIONS } = await import('@apollo/federation-internals');
  const { composeServices } = await import('@apollo/composition');
  const problems: string[] = [];
  const known = FEDERATION_VERSIONS.versions().map(({ major, minor }) => `${major}.${minor}`);
  if (federationVersion !== undefined && !known.includes(federationVersion)) {
    problems.push(`federation_version ${federationVersion} is unknown here; known: ${known.join(', ')}.`);
  }
  const services = subgraphs.flatMap(({ name, url, source }) => {
    try {
      const typeDefs = parse(source);
      const newer = linksNewerThan(typeDefs, federationVersion);
      if (newer !== undefined) {
        problems.push(`${name} links federation v${newer}, but federation_version is ${federationVersion}.`);
      }
      // Composition drops what it does not compose, purpose and all.
      problems.push(...unknownFeatures(typeDefs).map((problem) => `${name}: ${problem}`));
      return [{ name, url, typeDefs }];
    } catch (error) {
      problems.push(`${name}: ${describe(error)}`);
      return [];
    }
  });
  if (problems.length > 0) throw new SupergraphError(problems);
  const result = composeServices(services);
  if (result.errors) throw new SupergraphError(result.errors.map(describeCompositionError));
  return result.supergraphSdl;
}

/**
 * Reads a text file.
 *
 * @throws {SupergraphError} when the file cannot be read.
 */
export async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SupergraphError([missing ? `${file} does not exist.` : `${file} cannot be read: ${reasonOf(error)}`]);
  }
}

/** The subgraph's SDL under the name that errors give it: its file as the configuration spells it. */
async function readSchema(subgraph: string, schema: SchemaSource, folder: string, files: string[]): Promise<Source> {
  if ('sdl' in schema) return new Source(schema.sdl, `${subgraph} (sdl)`);
  if ('file' in schema) {
    const file = path.resolve(folder, schema.file);
    files.push(file);
    return new Source(await readText(file), schema.file);
  }
  return new Source(await introspect(schema.subgraph_url, schema.introspection_headers), schema.subgraph_url);
}

async function introspect(url: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
    signal: AbortSignal.timeout(INTROSPECTION_TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new SupergraphError([`${url} does not answer: ${reasonOf(error)}`]);
  });
  const answer = (await response.json().catch(() => undefined)) as
    | { data?: { _service?: { sdl?: unknown } } }
    | undefined;
  const sdl = answer?.data?._service?.sdl;
  if (typeof sdl !== 'string') {
    throw new SupergraphError([
      `${url} answered ${response.status} without the SDL that { _service { sdl } } asks for.`,
    ]);
  }
  return sdl;
}

/** The federation version that a schema links, when it is newer than the one allowed. */
function linksNewerThan(document: DocumentNode, allowed: string | undefined): string | undefined {
  if (allowed === undefined) return undefined;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const directive of definition.directives ?? []) {
      const url = directive.arguments?.find((argument) => argument.name.value === 'url')?.value;
      if (directive.name.value !== 'link' || url?.kind !== Kind.STRING) continue;
      const linked = /^https:\/\/specs\.apollo\.dev\/federation\/v2\.(\d+)$/.exec(url.value)?.[1];
      if (linked !== undefined && Number(linked) > Number(allowed.split('.')[1])) return `2.${linked}`;
    }
  }
  return undefined;
}

function describe(error: unknown): string {
  if (error instanceof SupergraphError) return error.message;
  return withPlace(error as GraphQLError);
}

/** Composition puts `[subgraph]` in front of messages that belong to one; the place and the code follow. */
function describeCompositionError(error: GraphQLError): string {
  const code = error.extensions?.code;
  return `${typeof code === 'string' ? `${code}: ` : ''}${withPlace(error)}`;
}

function withPlace(error: GraphQLError): string {
  const source = error.source;
  const location = error.locations?.[0];
  return source && location ? `${error.message} (${source.name}:${location.line}:${location.column})` : error.message;
}
