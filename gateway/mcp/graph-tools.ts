import { type GraphQLSchema, isInputObjectType, isInterfaceType, isObjectType, printType } from 'graphql';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { Schema } from '../doors/schemas.ts';
import type { Tool, ToolCall } from './tool.ts';

/** The scope of those who may use the whole graph through tools. */
export const GRAPH_SCOPE = 'graph:explore';

const MAX_FOUND = 25;
const MAX_DOCUMENT = 20_000;
const TEXT: Schema = { type: 'string' };

const object = (properties: Record<string, Schema>, required: string[] = Object.keys(properties)): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

function textOf(given: ToolCall['given'], name: string, max: number): string {
  const value = given[name];
  if (typeof value !== 'string' || value.trim() === '' || value.length > max) {
    throw badInput(name, `must be a text of 1 to ${max} characters.`);
  }
  return value;
}

interface Coordinate {
  readonly coordinate: string;
  readonly description: string;
}

function* coordinates(schema: GraphQLSchema): Generator<Coordinate> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    yield { coordinate: type.name, description: type.description ?? '' };
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      yield { coordinate: `${type.name}.${field.name}: ${field.type}`, description: field.description ?? '' };
    }
  }
}

/** Words of a name: `searchMemories` is search and memories. */
const wordsOf = (text: string): string[] =>
  text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[a-z0-9]{2,}/g) ?? [];

function score({ coordinate, description }: Coordinate, wanted: readonly string[]): number {
  const name = wordsOf(coordinate);
  const said = wordsOf(description);
  const isRoot = /^(?:Query|Mutation|Subscription)\./.test(coordinate);
  let sum = 0;
  for (const word of wanted) {
    const stem = word.replace(/(?:ies|s|y)$/, '');
    if (name.some((one) => one.startsWith(stem))) sum += 3;
    else if (said.some((one) => one.startsWith(stem))) sum += 1;
  }
  return sum > 0 && isRoot ? sum + 1 : sum;
}

const SEARCH: Tool = {
  name: 'search',
  description: 'Finds types and fields of the GraphQL schema by words of their names and descriptions.',
  scope: GRAPH_SCOPE,
  hints: { readOnlyHint: true, openWorldHint: false },
  input: () =>
    object({ query: { ...TEXT, minLength: 1, maxLength: 500, description: 'Words, such as: send message.' } }),
  output: () => object({ found: { type: 'array', items: object({ coordinate: TEXT, description: TEXT }) } }),
  async call({ schema, given }) {
    const wanted = wordsOf(textOf(given, 'query', 500));
    const found = [...coordinates(schema)]
      .map((one) => ({ one, score: score(one, wanted) }))
      .filter((entry) => entry.score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, MAX_FOUND);
    return { found: found.map(({ one }) => one) };
  },
};

const INTROSPECT: Tool = {
  name: 'introspect',
  description: 'Shows a type of the GraphQL schema with its fields, arguments and descriptions.',
  scope: GRAPH_SCOPE,
  hints: { readOnlyHint: true, openWorldHint: false },
  input: () => object({ type: { ...TEXT, description: 'Name of the type, such as Query, Mutation or Conversation.' } }),
  output: () => object({ sdl: TEXT }),
  async call({ schema, given }) {
    const name = textOf(given, 'type', 200);
    const type = schema.getType(name);
    if (!type) throw new CodedError('NOT_FOUND', `There is no type ${JSON.stringify(name.slice(0, 100))}.`);
    return { sdl: printType(type) };
  },
};

const DOCUMENT: Schema = { ...TEXT, maxLength: MAX_DOCUMENT, description: 'A GraphQL document with one operation.' };

const VALIDATE: Tool = {
  name: 'validate',
  description: 'Says what is wrong with a GraphQL document, without running it.',
  scope: GRAPH_SCOPE,
  hints: { readOnlyHint: true, openWorldHint: false },
  input: () => object({ document: DOCUMENT }),
  output: () => object({ valid: { type: 'boolean' }, problems: { type: 'array', items: TEXT } }),
  async call({ visit, given }) {
    const problems = await visit.problemsOf(textOf(given, 'document', MAX_DOCUMENT));
    return { valid: problems.length === 0, problems };
  },
};

const EXECUTE: Tool = {
  name: 'execute',
  description: 'Runs a GraphQL query or mutation with all that the credentials allow, and returns data and errors.',
  scope: GRAPH_SCOPE,
  hints: { readOnlyHint: false, openWorldHint: true },
  input: () =>
    object({ document: DOCUMENT, variables: { type: 'object', description: 'Values of its variables.' } }, [
      'document',
    ]),
  output: () => ({
    type: 'object',
    properties: { data: {}, errors: { type: 'array', items: { type: 'object' } } },
  }),
  async call({ visit, given }) {
    const { variables = {} } = given;
    if (typeof variables !== 'object' || variables === null || Array.isArray(variables)) {
      throw badInput('variables', 'must be an object.');
    }
    const result = await visit.text(textOf(given, 'document', MAX_DOCUMENT), variables as Record<string, unknown>);
    return { ...result };
  },
};

/** The tools for the whole graph, for those who have the scope. */
export const GRAPH_TOOLS: readonly Tool[] = [SEARCH, INTROSPECT, VALIDATE, EXECUTE];
