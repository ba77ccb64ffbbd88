import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GraphQLInputType, type GraphQLSchema, Kind, typeFromAST, valueFromASTUntyped } from 'graphql';
import { badInput } from '#platform/base/errors/errors.ts';
import { readNotes } from '../doors/notes.ts';
import { type DoorOperation, operationsOf, rootFieldOf, rootNode } from '../doors/operations.ts';
import { inputSchema, limit, Named, outputSchema, type Schema } from '../doors/schemas.ts';
import type { Tool } from './tool.ts';

const FOLDER = fileURLToPath(new URL('tools', import.meta.url));

/** A tool that is one operation, from a .graphql file. */
export interface GraphqlTool extends Tool {
  readonly operation: DoorOperation;
}

/**
 * Reads the tools that are one operation each. A file begins with what the tool does, for the model that chooses; then,
 * as JSON, the protocol's hints and what the values may be. The operation's name is the tool's, its variables are the
 * arguments, their descriptions say what they are.
 *
 * @throws {Error} naming the file and what is wrong with it.
 */
export const readTools = (): GraphqlTool[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => readTool(name, readFileSync(path.join(FOLDER, name), 'utf8')));

function readTool(file: string, text: string): GraphqlTool {
  const { lines, notes } = readNotes(file, text, ['hints', 'limits']);
  const [operation, ...others] = operationsOf(file, withoutDescriptions(text));
  if (!operation || others.length > 0) throw new Error(`${file} must hold one operation.`);
  const variables = operation.operation.variableDefinitions ?? [];
  const descriptions = descriptionsOf(text);
  const limits = (notes['limits'] ?? {}) as Record<string, Schema>;
  return {
    name: operation.name,
    description: lines.map((line) => line.replace(/^#\s*/, '')).join(' '),
    hints: { openWorldHint: false, ...(notes['hints'] as Record<string, boolean>) },
    operation,
    operations: [operation],
    input(schema) {
      const named = new Named('#/$defs/');
      const properties = Object.fromEntries(
        variables.map(({ variable, type, defaultValue }) => [
          variable.name.value,
          {
            ...inputSchema(typeFromAST(schema, type as never) as GraphQLInputType, named),
            description: descriptions.get(variable.name.value) ?? '',
            ...(defaultValue && { default: valueFromASTUntyped(defaultValue) }),
          },
        ]),
      );
      const object: Schema = {
        type: 'object',
        properties,
        required: variables
          .filter(({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && !defaultValue)
          .map(({ variable }) => variable.name.value),
        additionalProperties: false,
      };
      limit(object, limits, named);
      return { ...object, ...(named.size > 0 && { $defs: Object.fromEntries(named) }) };
    },
    output: (schema) => outputOf(schema, operation),
    async call({ visit, given }) {
      const known = new Set(variables.map(({ variable }) => variable.name.value));
      for (const name of Object.keys(given)) if (!known.has(name)) throw badInput(name, 'is not known here.');
      return visit.need<Record<string, unknown>>(operation, given);
    },
  };
}

/** Returns the JSON Schema of an operation's answer. */
export function outputOf(schema: GraphQLSchema, operation: DoorOperation): Schema {
  const field = rootFieldOf(schema, operation);
  const found = field ? outputSchema(field.type, rootNode(operation.operation).selectionSet, schema) : {};
  return { ...found, type: 'object' };
}

/** A line before a variable that describes it; GraphQL's grammar has none there. */
const DESCRIPTION = /^ *"([^"]*)"\n *\$(\w+)/gm;

const descriptionsOf = (text: string): Map<string, string> =>
  new Map([...text.matchAll(DESCRIPTION)].map(([, description, name]) => [name!, description!]));

const withoutDescriptions = (text: string): string => text.replace(/^ *"[^"]*"\n(?= *\$)/gm, '');
