import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isInputObjectType,
  isNonNullType,
  Kind,
  type NamedTypeNode,
  OperationTypeNode,
  parse,
  type TypeNode,
  typeFromAST,
  type VariableDefinitionNode,
  validate,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { RequestContext } from './definition.ts';

export type Variables = Readonly<Record<string, unknown>>;

/** One operation text of a subgraph: parsed, validated and compiled once. */
export interface SubgraphOperation {
  readonly kind: OperationTypeNode;
  execute(context: RequestContext, variables: Variables | undefined): Promise<ExecutionResult> | ExecutionResult;
  /** The events before they are completed by `event`, or the refusal. Present on subscriptions. */
  source(context: RequestContext, variables: Variables | undefined): Promise<AsyncIterable<unknown> | ExecutionResult>;
  /** Completes one event of a subscription. */
  event(
    payload: unknown,
    context: RequestContext,
    variables: Variables | undefined,
  ): Promise<ExecutionResult> | ExecutionResult;
}

/** What is prepared of one text: the operation, or why it is none. */
export type Prepared = SubgraphOperation | { readonly errors: readonly GraphQLError[] };

/** Texts longer than this are never prepared: a subgraph is asked by planners, and no plan comes near it. */
const MAX_TEXT = 1_000_000;

/**
 * The operations of one subgraph schema, each prepared once and kept in a bounded cache. Queries and subscription
 * events run compiled (graphql-jit, 3 to 10 times graphql-js); mutations, and whatever the compiler is not trusted
 * with, run in graphql-js with the same results.
 *
 * @param limits how many are kept, and how many characters of text: what is compiled grows with its text. The texts come
 * from the gateway's plans, so they are few and stable.
 */
export function createSubgraphOperations(schema: GraphQLSchema, limits = { operations: 2_000, characters: 4_000_000 }) {
  const cache = new LRUCache<string, Prepared>({
    max: limits.operations,
    maxSize: limits.characters,
    sizeCalculation: (_, key) => key.length + 1,
  });
  return {
    prepare(query: string, operationName: string | undefined): Prepared {
      const key = operationName === undefined ? query : `${operationName}\n${query}`;
      let prepared = cache.get(key);
      if (prepared === undefined) {
        prepared = prepare(schema, query, operationName);
        cache.set(key, prepared);
      }
      return prepared;
    },
  };
}

export type SubgraphOperations = ReturnType<typeof createSubgraphOperations>;

/**
 * The compiler reads properties without calling them when they are functions; graphql-js would call them. One rule for
 * both, so that an operation means the same whoever runs it.
 */
const property: GraphQLFieldResolver<unknown, unknown> = (source, _args, _context, info) =>
  source === null || typeof source !== 'object' ? undefined : (source as Record<string, unknown>)[info.fieldName];

function prepare(schema: GraphQLSchema, query: string, operationName: string | undefined): Prepared {
  if (query.length > MAX_TEXT) return refused(new GraphQLError(`The operation is longer than ${MAX_TEXT} characters.`));
  let document: DocumentNode;
  try {
    document = parse(query);
    // validate() throws on a condition on a subscription's root field instead of returning it.
    const errors = validate(schema, document, undefined, { maxErrors: 10 });
    if (errors.length > 0) return { errors: errors.map(asBadInput) };
  } catch (error) {
    return refused(error instanceof GraphQLError ? error : new GraphQLError('The operation cannot be validated.'));
  }
  const operation = getOperationAST(document, operationName);
  if (!operation) return refused(new GraphQLError('The document holds no operation of that name.'));

  const plain = (rootValue: unknown, context: RequestContext, variables: Variables | undefined) =>
    execute({
      schema,
      document,
      rootValue,
      contextValue: context,
      variableValues: variables,
      operationName,
      fieldResolver: property,
    });
  const run = compile(schema, document, operationName, operation.operation, query) ?? plain;
  return {
    kind: operation.operation,
    execute: (context, variables) => run({}, context, variables),
    event: run,
    source: async (context, variables) =>
      await createSourceEventStream({
        schema,
        document,
        contextValue: context,
        variableValues: variables,
        operationName,
        subscribeFieldResolver: property,
      }),
  };
}

type Run = (
  root: unknown,
  context: RequestContext,
  variables: Variables | undefined,
) => Promise<ExecutionResult> | ExecutionResult;

/** Conditions are where the compiler has differed from graphql-js; `__proto__` as a key would set a prototype. */
const NOT_COMPILED = /@skip|@include|__proto__/;

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
  kind: OperationTypeNode,
  query: string,
): Run | undefined {
  if (kind === OperationTypeNode.MUTATION || NOT_COMPILED.test(query)) return undefined;
  const variables = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  if (variables.some((one) => isDefaultedNonNull(one) || hasDefaultedField(schema, one.type))) return undefined;
  const compiled = compileQuery(schema, document, operationName, { disablingCapturingStackErrors: true });
  if (!isCompiledQuery(compiled)) return undefined;
  return (root, context, variables) => compiled.query(root, context, variables as Record<string, unknown> | undefined);
}

/** `$first: Int! = 10`: the compiler refuses an operation that leaves it out, instead of taking the default. */
const isDefaultedNonNull = ({ type, defaultValue }: VariableDefinitionNode): boolean =>
  type.kind === Kind.NON_NULL_TYPE && defaultValue !== undefined;

/**
 * Whether a variable's type has, at any depth, an input field such as `limit: Int! = 10`: the compiler refuses an object
 * that leaves it out, instead of taking the default.
 */
function hasDefaultedField(schema: GraphQLSchema, node: TypeNode): boolean {
  const seen = new Set<GraphQLInputType>();
  const visit = (type: GraphQLInputType | undefined): boolean => {
    const named = type && getNamedType(type);
    if (!isInputObjectType(named) || seen.has(named)) return false;
    seen.add(named);
    return Object.values(named.getFields()).some(
      (field) => (isNonNullType(field.type) && field.defaultValue !== undefined) || visit(field.type),
    );
  };
  return visit(typeFromAST(schema, node as NamedTypeNode) as GraphQLInputType | undefined);
}

const refused = (error: GraphQLError): Prepared => ({ errors: [asBadInput(error)] });

/** The gateway has validated the operation's shape; what is left for a subgraph to refuse are values. */
const asBadInput = (error: GraphQLError): GraphQLError =>
  new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: { code: 'BAD_USER_INPUT' },
  });
