import {
  type FieldNode,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  typeFromAST,
} from 'graphql';
import { ERROR_CODES } from '#platform/base/errors/errors.ts';
import type { Endpoint } from './endpoints.ts';

type Schema = { [key: string]: unknown };

const SCALARS: Readonly<Record<string, Schema>> = {
  ID: { type: 'string' },
  String: { type: 'string' },
  Int: { type: 'integer', format: 'int32' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  DateTime: { type: 'string', format: 'date-time' },
  UUID: { type: 'string', format: 'uuid' },
  URL: { type: 'string', format: 'uri' },
  Decimal: { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' },
};

/** Returns the OpenAPI document of the endpoints, its schemas taken from the graph: a view that cannot go stale. */
export function openApi(endpoints: readonly Endpoint[], schema: GraphQLSchema, url: string): Schema {
  const inputs = new Map<string, Schema>();
  const paths: Record<string, Record<string, Schema>> = {};
  for (const endpoint of endpoints) {
    const operations = paths[endpoint.path] ?? {};
    paths[endpoint.path] = operations;
    operations[endpoint.method.toLowerCase()] = describe(endpoint, schema, inputs);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'REST view of the graph',
      version: '1',
      description: 'Each endpoint is a named operation of the GraphQL API at /graphql.',
    },
    servers: [{ url }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      schemas: {
        Error: {
          type: 'object',
          properties: {
            error: {
              type: 'object',
              properties: { code: { enum: Object.keys(ERROR_CODES) }, message: { type: 'string' } },
              required: ['code', 'message'],
            },
          },
          required: ['error'],
        },
        ...Object.fromEntries(inputs),
      },
    },
  };
}

function describe(endpoint: Endpoint, schema: GraphQLSchema, inputs: Map<string, Schema>): Schema {
  const root = schema.getRootType(endpoint.operation.operation);
  const field = endpoint.operation.selectionSet.selections[0] as FieldNode;
  const answer = root?.getFields()[field.name.value];
  const variables = endpoint.variables.map((definition) => ({
    name: definition.variable.name.value,
    type: typeFromAST(schema, definition.type as never) as GraphQLInputType | undefined,
    optional: definition.defaultValue !== undefined || definition.type.kind !== Kind.NON_NULL_TYPE,
  }));
  const known = variables.filter((one) => one.type !== undefined);
  const inBody = (name: string) => endpoint.method !== 'GET' && !endpoint.parameters.includes(name);
  const ofBody = known.filter(({ name }) => inBody(name));
  const input = ofBody.find(({ name }) => name === 'input');
  const body: Schema | undefined = input
    ? inputSchema(input.type!, inputs)
    : ofBody.length > 0
      ? {
          type: 'object',
          properties: Object.fromEntries(ofBody.map(({ name, type }) => [name, inputSchema(type!, inputs)])),
          required: ofBody.filter(({ optional }) => !optional).map(({ name }) => name),
        }
      : undefined;
  const refusal = { description: 'Refused', content: json({ $ref: '#/components/schemas/Error' }) };
  return {
    operationId: endpoint.name,
    summary: endpoint.summary,
    parameters: known
      .filter(({ name }) => !inBody(name))
      .map(({ name, type, optional }) => ({
        name,
        in: endpoint.parameters.includes(name) ? 'path' : 'query',
        required: !optional,
        schema: inputSchema(type!, inputs),
      })),
    ...(body && { requestBody: { required: true, content: json(body) } }),
    responses: {
      200: {
        description: answer?.description ?? 'The answer',
        content: json(answer ? outputSchema(answer.type, field.selectionSet, schema) : {}),
      },
      ...Object.fromEntries([400, 401, 403, 404, 429].map((status) => [status, refusal])),
    },
  };
}

const json = (schema: Schema): Schema => ({ 'application/json': { schema } });

function inputSchema(type: GraphQLInputType, inputs: Map<string, Schema>): Schema {
  if (isNonNullType(type)) return inputSchema(type.ofType, inputs);
  if (isListType(type)) return { type: 'array', items: inputSchema(type.ofType, inputs) };
  if (isEnumType(type)) return { enum: type.getValues().map(({ name }) => name) };
  if (!isInputObjectType(type)) return SCALARS[type.name] ?? {};
  if (!inputs.has(type.name)) {
    inputs.set(type.name, {}); // input types may hold themselves
    const fields = Object.values(type.getFields());
    inputs.set(type.name, {
      type: 'object',
      ...(type.description && { description: type.description }),
      properties: Object.fromEntries(
        fields.map((field) => [
          field.name,
          { ...inputSchema(field.type, inputs), ...(field.description && { description: field.description }) },
        ]),
      ),
      required: fields
        .filter((field) => isNonNullType(field.type) && field.defaultValue === undefined)
        .map(({ name }) => name),
    });
  }
  return { $ref: `#/components/schemas/${type.name}` };
}

function outputSchema(
  type: GraphQLOutputType,
  selectionSet: SelectionSetNode | undefined,
  schema: GraphQLSchema,
): Schema {
  if (isNonNullType(type)) return outputSchema(type.ofType, selectionSet, schema);
  const found = nullableSchema(type, selectionSet, schema);
  return typeof found['type'] === 'string' ? { ...found, type: [found['type'], 'null'] } : found;
}

function nullableSchema(
  type: GraphQLOutputType,
  selectionSet: SelectionSetNode | undefined,
  schema: GraphQLSchema,
): Schema {
  if (isListType(type)) return { type: 'array', items: outputSchema(type.ofType, selectionSet, schema) };
  if (isEnumType(type)) return { enum: [...type.getValues().map(({ name }) => name), null] };
  if (!isObjectType(type) && !isInterfaceType(type)) return 'name' in type ? (SCALARS[type.name] ?? {}) : {};
  const properties: Record<string, Schema> = {};
  for (const selection of selectionSet?.selections ?? []) {
    // Fragments add fields of some types only; the fields of all are what a reader can rely on.
    if (selection.kind !== Kind.FIELD) continue;
    const field = type.getFields()[selection.name.value];
    if (!field) continue;
    properties[selection.alias?.value ?? selection.name.value] = {
      ...outputSchema(field.type, selection.selectionSet, schema),
      ...(field.description && { description: field.description }),
    };
  }
  return { type: 'object', properties };
}
