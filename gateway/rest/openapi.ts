import { type GraphQLInputType, type GraphQLSchema, typeFromAST } from 'graphql';
import { ERROR_CODES } from '#platform/base/errors/errors.ts';
import { rootFieldOf, rootNode } from '../doors/operations.ts';
import { inputSchema, json, limit, Named, outputSchema, type Schema } from '../doors/schemas.ts';
import type { Composed } from './composed-endpoint.ts';
import { type Described, type Endpoint, isOutsideBody, isRequired } from './endpoints.ts';

/** Returns the OpenAPI document of the endpoints, its schemas taken from the graph: a view that cannot go stale. */
export function openApi(
  endpoints: readonly Endpoint[],
  composed: readonly Composed[],
  schema: GraphQLSchema,
  url: string,
): Schema {
  const named = new Named('#/components/schemas/');
  const paths: Record<string, Record<string, Schema>> = {};
  const add = ({ path, method }: Described, operation: Schema): void => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation };
  };
  for (const endpoint of endpoints) add(endpoint, describe(endpoint, schema, named));
  for (const one of composed) add(one, { ...head(one), ...one.describe(schema, named, refusals()) });
  return {
    openapi: '3.1.0',
    info: {
      title: 'REST view of the graph',
      version: '1',
      description:
        'Each endpoint is a named operation of the GraphQL API at /graphql, or a few of them: the same access, limits and records.',
    },
    servers: [{ url }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: [...new Set(Object.keys(paths).map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token, or an API key.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      schemas: {
        Error: {
          type: 'object',
          properties: {
            error: {
              type: 'object',
              properties: {
                code: { enum: Object.keys(ERROR_CODES) },
                message: { type: 'string' },
                argument: { type: 'string', description: 'The value that is wrong.' },
                retryAfter: { type: 'number', description: 'Seconds after which to try again.' },
              },
              required: ['code', 'message'],
            },
          },
          required: ['error'],
        },
        ...Object.fromEntries(named),
      },
    },
  };
}

const tagOf = (path: string): string => path.split('/')[2]!;

const head = ({ name, summary, path, method }: Described): Schema => ({
  operationId: name,
  summary,
  tags: [tagOf(path)],
  // Signing up, in and on needs no credentials.
  ...(path.startsWith('/api/auth/') && method === 'POST' && { security: [] }),
});

function describe(endpoint: Endpoint, schema: GraphQLSchema, named: Named): Schema {
  const answer = rootFieldOf(schema, endpoint.operation);
  const variables = endpoint.variables.flatMap((definition) => {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type as never) as GraphQLInputType | undefined;
    return type ? [{ name, type, required: isRequired(definition) }] : [];
  });
  const { example, limits } = endpoint;
  const ofBody = variables.filter(({ name }) => !isOutsideBody(endpoint, name));
  const outside = variables.filter(({ name }) => isOutsideBody(endpoint, name));
  const input = ofBody.find(({ name }) => name === 'input');
  const body: Schema | undefined = input
    ? inputSchema(input.type, named)
    : ofBody.length > 0
      ? {
          type: 'object',
          properties: Object.fromEntries(ofBody.map(({ name, type }) => [name, inputSchema(type, named)])),
          required: ofBody.filter(({ required }) => required).map(({ name }) => name),
          additionalProperties: false,
        }
      : undefined;
  const parameters = outside.map(({ name, type, required }) => ({
    name,
    in: endpoint.parameters.includes(name) ? 'path' : 'query',
    required,
    // What is left out of a URL is not there; nothing in it is null.
    schema: { ...notNull(inputSchema(type, named)), ...limits[name] },
    ...(exampleOf(endpoint, name) !== undefined && { example: exampleOf(endpoint, name) }),
  }));
  const isOutside = (path: string) => outside.some(({ name }) => name === path);
  const ofBodyLimits = Object.fromEntries(Object.entries(limits).filter(([path]) => !isOutside(path)));
  if (body) limit(body, ofBodyLimits, named);
  return {
    ...head(endpoint),
    parameters,
    ...(body && { requestBody: { required: true, content: json(body, example.body) } }),
    responses: {
      200: {
        description: answer?.description ?? 'The answer',
        content: json(
          answer ? notNull(outputSchema(answer.type, rootNode(endpoint.operation.operation).selectionSet, schema)) : {},
        ),
      },
      ...refusals(),
    },
  };
}

const exampleOf = ({ example }: Endpoint, name: string): unknown => example.path?.[name] ?? example.query?.[name];

/** An answer that would be null is a 404. */
function notNull(schema: Schema): Schema {
  const { type, enum: values } = schema;
  return {
    ...schema,
    ...(Array.isArray(type) && { type: type[0] }),
    ...(Array.isArray(values) && { enum: values.filter((value) => value !== null) }),
  };
}

const STATUSES: Readonly<Record<number, string>> = {
  400: 'A value is wrong; `argument` names it',
  401: 'Not signed in',
  402: 'The budget is spent',
  403: 'Not allowed, or a quota is used up',
  404: 'There is nothing of that id, or you may not know of it',
  409: 'It contradicts what is stored',
  413: 'Too large',
  431: 'The head of the request is too large',
  429: 'Too often; `Retry-After` says when to come back',
  500: 'An unexpected failure',
  501: 'Not configured here',
  502: 'A provider failed',
  503: 'A part of the server cannot be reached',
  504: 'It took too long',
};

const refusals = (): Schema =>
  Object.fromEntries(
    Object.entries(STATUSES).map(([status, description]) => [
      status,
      // Node refuses such a head before there is a request.
      status === '431' ? { description } : { description, content: json({ $ref: '#/components/schemas/Error' }) },
    ]),
  );
