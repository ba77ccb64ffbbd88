import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Kind, type VariableDefinitionNode } from 'graphql';
import { readNotes } from '../doors/notes.ts';
import { type DoorOperation, operationsOf } from '../doors/operations.ts';
import type { Schema } from '../doors/schemas.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The values of a call that works: what the path, the query string and the body hold. */
export interface Example {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A route, and what the OpenAPI document says of it. */
export interface Described {
  readonly method: Method;
  /** With `{parameters}`, as OpenAPI writes them. */
  readonly path: string;
  readonly summary: string;
  readonly name: string;
  readonly example: Example;
  /** What a value may be, by its path: `first`, or `parameters.temperature` in a body. */
  readonly limits: Readonly<Record<string, Schema>>;
}

/** A route, and the operation that answers it. */
export interface Endpoint extends Described {
  readonly operation: DoorOperation;
  readonly variables: readonly VariableDefinitionNode[];
  /** Names of the parameters in the path. */
  readonly parameters: readonly string[];
}

const ROUTE = /^#\s*(GET|POST|PUT|PATCH|DELETE)\s+(\/\S+)\s*$/;

/**
 * Reads a folder of .graphql files, one endpoint each. A file begins with its route and a sentence; then, as JSON, an
 * example that works and what the values may be:
 *
 *     # POST /api/auth/login
 *     # Signs in.
 *     # example: {"body": {"email": "ada@example.org", "password": "…"}}
 *     # limits: {"email": {"maxLength": 254}}
 *     mutation Login($input: LoginInput!) { login(input: $input) { … } }
 *
 * Variables are filled by name from the path, the query string and the JSON body; a variable `input` is the whole body.
 * Fragments that several of them spread are in files that end with `.fragment.graphql`.
 *
 * @throws {Error} naming the file and what is wrong with it.
 */
export function readEndpoints(folder: string): Endpoint[] {
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8');
  const names = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  const shared = names.filter((name) => name.endsWith(FRAGMENT)).map(read);
  return names
    .filter((name) => !name.endsWith(FRAGMENT))
    .sort()
    .map((name) => readEndpoint(name, read(name), shared.join('\n')));
}

const FRAGMENT = '.fragment.graphql';

/**
 * Reads an endpoint from its file: an operation, and comments that say method, path, example and limits.
 *
 * @param shared fragments of other files.
 */
export function readEndpoint(file: string, query: string, shared = ''): Endpoint {
  const wrong = (problem: string) => new Error(`${file} ${problem}`);
  const { lines, notes } = readNotes(file, query, ['example', 'limits']);
  const [first = '', ...summary] = lines;
  const route = ROUTE.exec(first);
  if (!route) throw wrong('must begin with a line such as `# GET /api/things/{id}`.');
  const [, method, template] = route as unknown as [string, Method, string];
  const operations = operationsOf(file, `${query}\n${shared}`);
  const [operation] = operations as [DoorOperation];
  if (operations.length !== 1) throw wrong('must hold one operation.');
  const kind = operation.operation.operation;
  if (kind === 'subscription') throw wrong('holds a subscription; use SSE at /graphql.');
  if (method === 'GET' && kind !== 'query') throw wrong('answers GET with a mutation.');
  const variables = operation.operation.variableDefinitions ?? [];
  const parameters = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  for (const name of parameters) {
    if (!variables.some(({ variable }) => variable.name.value === name)) throw wrong(`has no variable $${name}.`);
  }
  return {
    method,
    path: template,
    summary: summary.map((line) => line.replace(/^#\s*/, '')).join(' '),
    name: operation.name,
    example: (notes['example'] ?? {}) as Example,
    limits: (notes['limits'] ?? {}) as Record<string, Schema>,
    operation,
    variables,
    parameters,
  };
}

/** Returns whether the variable is one that the body does not hold: it stands in the path or in the query string. */
export const isOutsideBody = ({ method, parameters }: Endpoint, name: string): boolean =>
  method === 'GET' || parameters.includes(name);

/** Returns whether the variable has to be given. */
export const isRequired = ({ type, defaultValue }: VariableDefinitionNode): boolean =>
  type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined;
