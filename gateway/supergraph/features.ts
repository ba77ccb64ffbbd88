import { type ConstDirectiveNode, type DocumentNode, Kind, parse, valueFromASTUntyped } from 'graphql';

/** Features that this gateway acts on, with the newest version of each that it knows. */
const KNOWN: Readonly<Record<string, string>> = {
  'https://specs.apollo.dev/link': 'v1.0',
  'https://specs.apollo.dev/core': 'v0.2',
  'https://specs.apollo.dev/join': 'v0.5',
  'https://specs.apollo.dev/federation': 'v2.99',
  'https://specs.apollo.dev/inaccessible': 'v0.2',
  'https://specs.apollo.dev/tag': 'v0.3',
  'https://specs.apollo.dev/cost': 'v0.1',
  'https://specs.apollo.dev/authenticated': 'v0.1',
  'https://specs.apollo.dev/requiresScopes': 'v0.1',
  'https://specs.apollo.dev/policy': 'v0.1',
  'https://specs.apollo.dev/context': 'v0.1',
  'https://specs.apollo.dev/cacheTag': 'v0.1',
};

/** Features whose directives are read under the names that composition gives them. */
const UNDER_OWN_NAME = new Set([
  'https://specs.apollo.dev/join',
  'https://specs.apollo.dev/context',
  'https://specs.apollo.dev/cacheTag',
]);

/**
 * Lists the features that a schema needs for SECURITY or EXECUTION and that this gateway does not know: what they are
 * to protect or to run would be served without them.
 *
 * @param schema SDL of a supergraph or subgraph.
 * @returns a line for each, that names the feature.
 */
export function unknownFeatures(schema: string | DocumentNode): string[] {
  const document = typeof schema === 'string' ? parse(schema, { noLocation: true }) : schema;
  const directives = document.definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION ? (node.directives ?? []) : [],
  );
  return directives.flatMap(problemOf);
}

function problemOf(directive: ConstDirectiveNode): string[] {
  const { url, feature, for: purpose, as } = argumentsOf(directive);
  const address = url ?? feature;
  if ((purpose !== 'SECURITY' && purpose !== 'EXECUTION') || typeof address !== 'string') return [];
  const [, identity = address, version = ''] = /^(.*)\/(v\d+\.\d+)\/?$/.exec(address) ?? [];
  const newest = Object.hasOwn(KNOWN, identity) ? KNOWN[identity] : undefined;
  if (newest === undefined || !isCovered(version, newest)) {
    const known = newest === undefined ? 'does not know' : `knows up to ${newest} only`;
    return [`The feature ${address} is needed for ${purpose}, and this gateway ${known}: take it out of the schema.`];
  }
  if (as !== undefined && UNDER_OWN_NAME.has(identity) && !identity.endsWith(`/${String(as)}`)) {
    return [`The feature ${address} is named ${String(as)}, and this gateway knows it by its own name only.`];
  }
  return [];
}

/** Whether a version such as `v0.3` is at most another of the same major number. */
function isCovered(version: string, newest: string): boolean {
  const [major, minor] = version.slice(1).split('.').map(Number);
  const [newestMajor, newestMinor] = newest.slice(1).split('.').map(Number);
  return major === newestMajor && minor! <= newestMinor!;
}

const argumentsOf = (directive: ConstDirectiveNode): Record<string, unknown> =>
  Object.fromEntries((directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));
