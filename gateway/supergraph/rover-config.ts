import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { expandVariables } from '../settings/variables.ts';
import { reasonOf, SupergraphError } from './error.ts';

const schemaSource = z.union(
  [
    z.strictObject({ file: z.string().min(1) }),
    z.strictObject({ sdl: z.string().min(1) }),
    z.strictObject({
      subgraph_url: z.url({ protocol: /^https?$/ }),
      introspection_headers: z.record(z.string(), z.string()).optional(),
    }),
  ],
  { error: 'exactly one of `file`, `sdl` and `subgraph_url`' },
);

const routingUrl = z.string().min(1);

const roverConfig = z.strictObject(
  {
    federation_version: z.union([z.string(), z.number()]).optional(),
    subgraphs: z.record(
      z.string(),
      z.strictObject({
        // A list is Sextant's extension: several addresses of one subgraph.
        routing_url: z.union([routingUrl, z.array(routingUrl).min(1)]).optional(),
        schema: schemaSource,
      }),
    ),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a mapping with `subgraphs`' : undefined) },
);

export type SchemaSource = z.infer<typeof schemaSource>;

/** A supergraph.yaml as Rover defines it, its variables expanded. */
export interface RoverConfig {
  /** Newest federation version that a subgraph may link, e.g. `2.14`; undefined allows all that composition knows. */
  readonly federationVersion: string | undefined;
  readonly subgraphs: readonly {
    readonly name: string;
    readonly urls: readonly string[];
    readonly schema: SchemaSource;
  }[];
}

/**
 * Reads the text of a supergraph.yaml.
 *
 * @param name the file's name, for the errors.
 * @throws {SupergraphError} naming every wrong entry.
 */
export function parseRoverConfig(text: string, name: string, env: Record<string, string | undefined>): RoverConfig {
  let raw: unknown;
  try {
    raw = parseYaml(expand(text, name, env));
  } catch (error) {
    if (error instanceof SupergraphError) throw error;
    throw new SupergraphError([`${name} is not YAML: ${reasonOf(error)}`]);
  }
  const parsed = roverConfig.safeParse(raw);
  if (!parsed.success) {
    throw new SupergraphError(
      parsed.error.issues.map((issue) => `${name}: ${issue.path.join('.') || 'the file'} is wrong: ${issue.message}`),
    );
  }
  const { federation_version, subgraphs } = parsed.data;
  const entries = Object.entries(subgraphs);
  if (entries.length === 0) throw new SupergraphError([`${name}: subgraphs is empty; name at least one.`]);
  return {
    federationVersion: federation_version === undefined ? undefined : versionOf(String(federation_version), name),
    subgraphs: entries.map(([subgraph, entry]) => {
      const fallback = 'subgraph_url' in entry.schema ? entry.schema.subgraph_url : undefined;
      const urls = entry.routing_url ?? fallback;
      if (urls === undefined) {
        throw new SupergraphError([`${name}: subgraphs.${subgraph}.routing_url is missing; say where it is reached.`]);
      }
      return { name: subgraph, urls: Array.isArray(urls) ? urls : [urls], schema: entry.schema };
    }),
  };
}

function expand(text: string, name: string, env: Record<string, string | undefined>): string {
  const { text: expanded, missing } = expandVariables(text, env);
  if (missing.length > 0) {
    throw new SupergraphError(missing.map((v) => `${name} uses \${env.${v}}, but ${v} is not in the environment.`));
  }
  return expanded;
}

/**
 * `2`, `=2.14.0`, `2.9` → the newest minor it allows, `undefined` for "newest". Federation 1 composes as 2 does here.
 */
function versionOf(given: string, name: string): string | undefined {
  const match = /^=?v?([12])(?:\.(\d+)(?:\.\d+(?:-[\w.]+)?)?)?$/.exec(given.trim());
  if (!match) {
    throw new SupergraphError([
      `${name}: federation_version is ${given}; allowed: 2, or an exact one such as =2.14.0.`,
    ]);
  }
  const [, major, minor] = match;
  if (minor === undefined || major === '1') return undefined;
  return `${major}.${minor}`;
}
