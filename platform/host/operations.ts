import {
  BREAK,
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
  GraphQLScalarType,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  validate,
  visit,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import { CodedError } from '../base/errors/errors.ts';
import { compileCoercion, type Variables } from '../base/graphql/coercion.ts';
import { nestingOf } from '../base/graphql/document-nesting.ts';
import type { RequestContext } from './definition.ts';
import { findUnstorable } from './storable.ts';

/** An operation text of a subgraph: parsed, validated and compiled once. */
export interface SubgraphOperation {
  readonly kind: OperationTypeNode;
  execute(context: RequestContext, variables: Variables | undefined): Promise<ExecutionResult> | ExecutionResult;
  /** The events of a subscription before `events` completes them, or the refusal. */
  source(context: RequestContext, variables: Variables | undefined): Promise<AsyncIterable<unknown> | ExecutionResult>;
  /** Returns what completes the events of a subscription. Its variables are coerced once for all of them. */
  events(variables: Variables | undefined): CompleteEvent;
}

/** A function that completes one event of a subscription. */
export type CompleteEvent = (payload: unknown, context: RequestContext) => Promise<ExecutionResult> | ExecutionResult;

/** The preparation of one text: the operation, or why it is none. */
export type Prepared = SubgraphOperation | { readonly errors: readonly GraphQLError[] };

/** Texts longer than this are never prepared: a subgraph is asked by planners, and no plan comes near it. */
const MAX_TEXT = 1_000_000;
/** The same of selection sets, or of lists and objects, in one another. */
const MAX_NESTING = 1_000;

/**
 * Creates the operations of one subgraph schema, each prepared once and kept in a bounded cache. Queries and
 * subscription events run compiled (graphql-jit, 3 to 10 times graphql-js); mutations, and whatever the compiler is not
 * trusted with, run in graphql-js with the same results.
 *
 * @param limits how many are kept, and how many characters of text: what is compiled weighs 120 to 150 bytes a
 * character before it first runs. The texts come from the gateway's plans, so they are few and stable, unless a
 * stranger makes many.
 */
export function createSubgraphOperations(schema: GraphQLSchema, limits = { operations: 2_000, characters: 500_000 }) {
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
 * both, so that an operation means the same in each of them.
 */
const property: GraphQLFieldResolver<unknown, unknown> = (source, _args, _context, info) =>
  source === null || typeof source !== 'object' ? undefined : (source as Record<string, unknown>)[info.fieldName];

function prepare(schema: GraphQLSchema, query: string, operationName: string | undefined): Prepared {
  if (query.length > MAX_TEXT) return refused(new GraphQLError(`The operation is longer than ${MAX_TEXT} characters.`));
  const { selections, values } = nestingOf(query);
  if (Math.max(selections, values) > MAX_NESTING) {
    return refused(new GraphQLError(`The operation is nested more than ${MAX_NESTING} levels deep.`));
  }
  let document: DocumentNode;
  try {
    // Places in a planner's text tell no client anything, and are a quarter of what an operation weighs.
    document = parse(query, { noLocation: true });
    const unstorable = findUnstorableLiteral(document);
    if (unstorable) return { errors: [unstorable] };
    // validate() throws on a condition on a subscription's root field instead of returning it.
    const errors = validate(schema, document, undefined, { maxErrors: 10 });
    if (errors.length > 0) return { errors: errors.map(asBadInput) };
  } catch (error) {
    return refused(error instanceof GraphQLError ? error : new GraphQLError('The operation cannot be validated.'));
  }
  const operation = getOperationAST(document, operationName);
  if (!operation) return refused(new GraphQLError('The document holds no operation of that name.'));

  const plain: WithVariables = (variableValues) => (rootValue, contextValue) =>
    execute({ schema, document, rootValue, contextValue, variableValues, operationName, fieldResolver: property });
  const withVariables = compile(schema, document, operation, query) ?? plain;
  return {
    kind: operation.operation,
    execute: (context, variables) => withVariables(variables)({}, context),
    events: withVariables,
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

/** An operation as it runs with given variables: on a root value, which is an event's payload. */
type WithVariables = SubgraphOperation['events'];

/** Conditions are where the compiler has differed from graphql-js; `__proto__` as a key would set a prototype. */
const NOT_COMPILED = /@skip|@include|__proto__/;

function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  query: string,
): WithVariables | undefined {
  if (operation.operation === OperationTypeNode.MUTATION || NOT_COMPILED.test(query)) return undefined;
  const compiled = compileQuery(withCoercedVariables(schema), uncoerced(document), operation.name?.value, {
    disablingCapturingStackErrors: true,
  });
  if (!isCompiledQuery(compiled)) return undefined;
  const coerce = compileCoercion(schema, operation);
  return (variables) => {
    const coerced = coerce(variables ?? {});
    if (coerced.errors) return () => ({ errors: coerced.errors });
    return (root, context) => compiled.query(root, context, coerced.values as object);
  };
}

/** The type of variables that are coerced before the compiled operation sees them. */
const Coerced = new GraphQLScalarType({ name: 'Coerced__' });

/**
 * The schema with one more scalar. The compiler writes code for each variable's whole type, which it unrolls: a type of
 * input that contains itself becomes megabytes of code, for which the process stands still for seconds. It also refuses
 * an operation that leaves out what has a default, instead of taking that.
 */
const withCoercedVariables = (schema: GraphQLSchema): GraphQLSchema =>
  Object.create(schema, {
    getType: { value: (name: string) => (name === Coerced.name ? Coerced : schema.getType(name)) },
  });

/** The document with variables that need no coercion. */
const uncoerced = (document: DocumentNode): DocumentNode => ({
  ...document,
  definitions: document.definitions.map((definition) =>
    definition.kind !== Kind.OPERATION_DEFINITION
      ? definition
      : {
          ...definition,
          variableDefinitions: definition.variableDefinitions?.map(({ variable, kind }) => ({
            kind,
            variable,
            type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: Coerced.name } } as const,
          })),
        },
  ),
});

/** What no field could store, in a literal. */
function findUnstorableLiteral(document: DocumentNode): GraphQLError | undefined {
  let found: GraphQLError | undefined;
  visit(document, {
    StringValue({ value }) {
      const problem = findUnstorable({ value });
      if (!problem) return undefined;
      found = new CodedError('BAD_USER_INPUT', `A text of the operation ${problem.problem}`);
      return BREAK;
    },
  });
  return found;
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
