import { createHash } from 'node:crypto';
import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  type ValidationRule,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { LoopTurns, type Work } from '../../turns/loop-turns.ts';
import { isPrepared, type Prepared, type PreparedOperation, type PrepareRequest } from './operation.ts';
import { isLasting, REFUSED_MS } from './refusals.ts';
import { validateInStages } from './validate.ts';

/** The operations of one supergraph, each once. */
export interface Operations {
  readonly supergraph: Supergraph;
  /**
   * Cached and single-flight. Never rejects: what is wrong with the operation is the result. A known one is there at
   * once.
   */
  prepare(request: PrepareRequest): Prepared | Promise<Prepared>;
  /** Prepares what another instance has used most lately, so that a new supergraph starts with a warm cache. */
  warm(previous: Operations, count?: number): Promise<void>;
  /** The most lately used operations, newest first. */
  recent(count: number): PrepareRequest[];
}

export interface OperationsOptions {
  readonly supergraph: Supergraph;
  /** Makes an operation runnable: the compiled engine (engine/compile.ts), or the stock one as reference. */
  readonly compile: Compile;
  readonly limits?: Partial<PrepareLimits>;
  /** Rules beside those of the specification, e.g. that introspection is off. */
  readonly rules?: readonly ValidationRule[];
  /** Whether errors leave out what was perhaps meant: it tells of the schema. Default: false. */
  readonly hideSuggestions?: boolean;
  /** Looks at the text before it is parsed: how deep it is nested. */
  readonly inspectText?: (text: string) => readonly GraphQLError[];
  /**
   * Looks at the parsed operation before the rules, which are quadratic in places: depth, aliases, cost and the like.
   */
  readonly inspect?: (document: DocumentNode, operation: OperationDefinitionNode) => readonly GraphQLError[];
  /** Shares out the loop among clients whose operations are not known yet. Default: one for itself, without a limit. */
  readonly turns?: LoopTurns | undefined;
  /** Told of operations that cannot be read or planned by a fault of ours. Returns what the client hears. */
  readonly failed?: (error: unknown, request: PrepareRequest) => GraphQLError;
}

/** A function that plans and compiles one validated operation. `planned` is what remains of it after a reduction. */
export type Compile = (input: CompileInput) => PreparedOperation | Promise<PreparedOperation>;

export interface CompileInput {
  readonly id: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly planned: DocumentNode | undefined;
  /** Labels of progressive overrides that are taken. */
  readonly overrides?: readonly string[] | undefined;
  /** Who waits for it. */
  readonly client: string;
  /** Does what takes long on the loop, in stages. */
  readonly work: Work;
}

export interface PrepareLimits {
  /** Tokens of a document; more are refused while parsing. */
  readonly tokens: number;
  /** Validation errors that are listed. */
  readonly errors: number;
  /** Operations that are kept. */
  readonly cachedOperations: number;
  /**
   * Characters of operation text that are kept, all together. What is compiled weighs 20 KB, or 30 to 45 bytes a
   * character.
   */
  readonly cachedCharacters: number;
  /** Characters of refused text that are kept beside them, so that no refusal makes a good operation unknown. */
  readonly refusedCharacters: number;
}

const LIMITS: PrepareLimits = {
  tokens: 10_000,
  errors: 20,
  cachedOperations: 2_000,
  cachedCharacters: 2_000_000,
  refusedCharacters: 1_000_000,
};

interface Entry {
  readonly request: PrepareRequest;
  prepared: Prepared | Promise<Prepared>;
}

/** Creates the operations of one supergraph. */
export function createOperations(options: OperationsOptions): Operations {
  const limits = { ...LIMITS, ...options.limits };
  const cache = new LRUCache<string, Entry>({
    max: limits.cachedOperations,
    maxSize: limits.cachedCharacters,
    sizeCalculation: (_, key) => key.length + 1,
  });
  const refused = new LRUCache<string, Prepared>({
    maxSize: limits.refusedCharacters,
    sizeCalculation: (_, key) => key.length + REFUSAL_CHARACTERS,
  });
  const schema = options.supergraph.apiSchema;
  const turns = options.turns ?? new LoopTurns({ msPerMinute: 0 });
  const failed = options.failed ?? (() => new CodedError('INTERNAL_SERVER_ERROR', 'This operation cannot be planned.'));

  /** Cheap and linear things first: each bounds what the next one may take. */
  async function read(
    { query, operationName }: PrepareRequest,
    client: string,
  ): Promise<Read | readonly GraphQLError[]> {
    const { work } = turns;
    const nested = (await work(client, () => options.inspectText?.(query))) ?? [];
    if (nested.length > 0) return nested;
    const document = await work(client, () => parse(query, { maxTokens: limits.tokens }));
    const operation = chooseOperation(document, operationName ?? undefined);
    const found = (await work(client, () => options.inspect?.(document, operation))) ?? [];
    if (found.length > 0) return found;
    // graphql-js throws, instead of reporting, for a variable in @skip or @include of a subscription's root field.
    const errors = await validateInStages(schema, document, {
      rules: options.rules ?? [],
      maxErrors: limits.errors,
      hideSuggestions: options.hideSuggestions ?? false,
      work: (stage) => work(client, stage),
    });
    return errors.length > 0 ? errors.map(asValidationError) : { document, operation };
  }

  async function prepareAnew(request: PrepareRequest, key: string): Promise<Prepared> {
    const { reduction, overrides, client = '' } = request;
    let input: CompileInput;
    try {
      const whole = reduction && cache.peek(keyOf({ ...request, reduction: undefined }))?.prepared;
      const known = whole && !(whole instanceof Promise) && isPrepared(whole) ? whole : await read(request, client);
      if (!('document' in known)) return known;
      const { document, operation } = known;
      const planned = reduction ? reduction.apply(document, operation) : document;
      const id = createHash('sha256').update(key).digest('base64url').slice(0, 22);
      input = { id, document, operation, planned, overrides, client, work: turns.work };
    } catch (error) {
      return [error instanceof GraphQLError ? asRequestError(error) : failed(error, request)];
    } finally {
      turns.read(client);
    }
    try {
      return await options.compile(input);
    } catch (error) {
      if (error instanceof CodedError) return [error];
      return [failed(error, request)];
    }
  }

  function begin(request: PrepareRequest, key: string): Promise<Prepared> {
    const prepared = prepareAnew(request, key);
    const entry: Entry = { request, prepared };
    cache.set(key, entry);
    void prepared.then((ready) => {
      entry.prepared = ready;
      if (isPrepared(ready)) return;
      if (cache.peek(key) === entry) cache.delete(key);
      // Why it could not be planned in time may be gone by the next try.
      if (!ready.some(isPassing)) refused.set(key, ready, ready.some(isLasting) ? { ttl: REFUSED_MS } : {});
    });
    return prepared;
  }

  /** When it is the client's turn, another client may have had it prepared. */
  async function prepareInTurn(turn: Promise<void>, request: PrepareRequest, key: string): Promise<Prepared> {
    try {
      await turn;
    } catch (error) {
      return [error as CodedError];
    }
    const known = refused.get(key) ?? cache.get(key)?.prepared;
    if (!known) return begin(request, key);
    turns.read(request.client ?? '');
    return known;
  }

  const operations: Operations = {
    supergraph: options.supergraph,
    prepare(request) {
      const key = keyOf(request);
      const known = cache.get(key)?.prepared ?? refused.get(key);
      if (known) return known;
      // Its key may be that of another request, which would be refused from then on.
      if (hasNul(request.query) || hasNul(request.operationName)) return NUL_REFUSED;
      const turn = request.client === undefined ? undefined : turns.begin(request.client);
      return turn ? prepareInTurn(turn, request, key) : begin(request, key);
    },
    recent: (count) => [...cache.values()].slice(0, count).map((entry) => entry.request),
    async warm(previous, count = 100) {
      // One after another: the old supergraph is serving meanwhile. No client waits for it, or pays.
      for (const request of previous.recent(count)) await operations.prepare({ ...request, client: undefined });
    },
  };
  return operations;
}

/** What a parsed and validated text is. */
type Read = Pick<CompileInput, 'document' | 'operation'>;

/** What a refusal weighs beside its text. */
const REFUSAL_CHARACTERS = 500;

const isPassing = (error: unknown): boolean =>
  error instanceof CodedError && (error.code === 'SERVICE_UNAVAILABLE' || error.code === 'RATE_LIMITED');

const hasNul = (text: string | null | undefined): boolean => text?.includes('\0') ?? false;

const NUL_REFUSED: Prepared = [
  new CodedError('GRAPHQL_PARSE_FAILED', 'The operation or its name has a NUL character, which is not allowed there.'),
];

/** NUL separates: what is kept has none of its own. */
function keyOf({ query, operationName, reduction, overrides }: PrepareRequest): string {
  if (overrides) return `${query}\0${operationName ?? ''}\0${reduction?.key ?? ''}\0${overrides.join('\0')}`;
  if (reduction) return `${query}\0${operationName ?? ''}\0${reduction.key}`;
  return operationName ? `${query}\0${operationName}` : query;
}

function chooseOperation(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operation = getOperationAST(document, name);
  if (operation) return operation;
  const names = document.definitions.flatMap((d) =>
    d.kind === Kind.OPERATION_DEFINITION ? [d.name?.value ?? ''] : [],
  );
  if (name !== undefined) throw new CodedError('BAD_USER_INPUT', `operationName "${name}" is not in the document.`);
  throw new CodedError(
    'BAD_USER_INPUT',
    names.length === 0
      ? 'The document has no operation.'
      : 'The document has several operations; operationName must say which one to run.',
  );
}

const asValidationError = ({ message, nodes, extensions }: GraphQLError): GraphQLError =>
  new GraphQLError(message, { nodes, extensions: { ...extensions, code: 'GRAPHQL_VALIDATION_FAILED' } });

/** What the parser and the rules say of a text. */
const asRequestError = (error: GraphQLError): GraphQLError =>
  error.extensions.code !== undefined
    ? error
    : new GraphQLError(error.message, {
        source: error.source,
        positions: error.positions,
        nodes: error.nodes,
        extensions: { code: 'GRAPHQL_PARSE_FAILED' },
      });
