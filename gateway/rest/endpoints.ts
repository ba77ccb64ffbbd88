import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Kind, type OperationDefinitionNode, parse, type VariableDefinitionNode } from 'graphql';

/** A route, and the operation that answers it. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{parameters}`, as OpenAPI writes them. */
  readonly path: string;
  readonly summary: string;
  readonly name: string;
  readonly query: string;
  readonly operation: OperationDefinitionNode;
  readonly variables: readonly VariableDefinitionNode[];
  /** Names of the parameters in the path. */
  readonly parameters: readonly string[];
}

const ROUTE = /^#\s*(GET|POST|PUT|PATCH|DELETE)\s+(\/\S+)\s*$/;

/**
 * Reads a folder of .graphql files, one endpoint each. A file begins with its route and a sentence:
 *
 *     # POST /api/auth/login
 *     # Signs in.
 *     mutation Login($input: LoginInput!) { login(input: $input) { … } }
 *
 * Variables are filled by name from the path, the query string and the JSON body; a variable `input` is the whole body.
 *
 * @throws {Error} naming the file and what is wrong with it.
 */
export function readEndpoints(folder: string): Endpoint[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => readEndpoint(name, readFileSync(path.join(folder, name), 'utf8')));
}

/** Reads an endpoint from its file: an operation, and comments that say method, path and status. */
export function readEndpoint(file: string, query: string): Endpoint {
  const wrong = (problem: string) => new Error(`${file} ${problem}`);
  const [first = '', ...rest] = query.split('\n');
  const route = ROUTE.exec(first);
  if (!route) throw wrong('must begin with a line such as `# GET /api/things/{id}`.');
  const summary = rest
    .slice(
      0,
      rest.findIndex((line) => !line.startsWith('#')),
    )
    .map((line) => line.replace(/^#\s*/, ''))
    .join(' ');
  const operations = parse(query).definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const [operation] = operations;
  if (!operation?.name || operations.length !== 1) throw wrong('must hold one operation, with a name.');
  if (operation.operation === 'subscription') throw wrong('holds a subscription; use SSE at /graphql.');
  if (operation.selectionSet.selections.length !== 1) throw wrong('must ask for one root field, which is the answer.');
  const [, method, template] = route as unknown as [string, Endpoint['method'], string];
  if (method === 'GET' && operation.operation !== 'query') throw wrong('answers GET with a mutation.');
  const variables = operation.variableDefinitions ?? [];
  const parameters = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  for (const name of parameters) {
    if (!variables.some(({ variable }) => variable.name.value === name)) throw wrong(`has no variable $${name}.`);
  }
  return { method, path: template, summary, name: operation.name.value, query, operation, variables, parameters };
}
