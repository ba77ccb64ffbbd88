import { GraphQLError, NoSchemaIntrospectionCustomRule, type ValidationRule } from 'graphql';
import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError, unexpected } from '#platform/base/errors/errors.ts';
import { report } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import { clientKey } from '../execution/planning/client-key.ts';
import { isPrepared, type OperationRequest, type PreparedOperation } from '../execution/prepare/operation.ts';
import { type Compile, createOperations, type Operations } from '../execution/prepare/operations.ts';
import type { Sender, Turns } from '../request/sender.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import { createOverrides, type OverrideChooser, type Overrides, overrideLabels } from '../supergraph/overrides.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { LoopTurns } from '../turns/loop-turns.ts';
import type { AccessPlan, Denial } from './access.ts';
import { tooCostly } from './demand.ts';
import { checkText, checkValues } from './operation-limits.ts';
import { createPersistedOperations, readManifest } from './persisted.ts';
import { type Grants, grantedByRole, type PolicyEvaluator } from './policies.ts';
import { createOperationRate, type OperationRate } from './rate.ts';
import { SupergraphPolicies } from './supergraph-policies.ts';

/** The operation that a client sends, whatever the transport. */
export interface OperationParams {
  readonly query?: string | null | undefined;
  /** Id of a registered operation. */
  readonly id?: string | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The sender of an operation. */
export interface OperationCaller {
  readonly identity: Identity;
  readonly client: ClientInfo;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  readonly signal?: CancelSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Equal for callers whose headers every subgraph answers alike. */
  readonly headersKey?: string | undefined;
  /** The text is the gateway's own, as that of a REST endpoint: no manifest has to list it. */
  readonly isOwnText?: boolean;
  /** What it asks for was paid for by an operation before, as what cleans up behind that one. */
  readonly paid?: boolean;
}

/** An operation that may run, and what to run it with. */
export interface Admitted {
  readonly prepared: PreparedOperation;
  readonly request: OperationRequest;
}

export interface Refused {
  readonly errors: readonly GraphQLError[];
}

/** The parts that are opened for one supergraph, to serve it. */
export interface Served {
  readonly operations: Operations;
  /** Undefined where the supergraph leaves none to decide. */
  readonly overrides: Overrides<OperationCaller> | undefined;
  readonly policies: SupergraphPolicies;
}

export type GatewayConfig = Pick<
  Config,
  | 'production'
  | 'MAX_TOKENS'
  | 'MAX_DEPTH'
  | 'MAX_VALUE_DEPTH'
  | 'MAX_ALIASES'
  | 'MAX_ROOT_FIELDS'
  | 'MAX_DIRECTIVES'
  | 'MAX_VARIABLES'
  | 'MAX_COST'
  | 'NEW_OPERATIONS_MS'
  | 'RATE_LIMIT_IDENTITY'
  | 'RATE_LIMIT_ADDRESS'
  | 'OPERATIONS_MANIFEST'
  | 'OVERRIDE_LABELS'
>;

export interface PipelineOptions {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly limiter?: RateLimiter | undefined;
  readonly cache?: Cache | undefined;
  /** Default: a policy is granted by the role of its name. */
  readonly policies?: PolicyEvaluator | undefined;
  /** Decides the labels of progressive overrides that have no share. Default: OVERRIDE_LABELS alone. */
  readonly overrides?: OverrideChooser<OperationCaller> | undefined;
  readonly compile: (supergraph: Supergraph) => Compile;
}

/** The one way to an operation: HTTP, SSE, multipart, WebSocket and REST all pass here. */
export interface Pipeline extends Turns {
  /** Spends one operation of the caller's allowance for what is not an operation itself, such as a plain route. */
  readonly spend: OperationRate['spend'];
  open(supergraph: Supergraph): Served;
  /**
   * Finds, limits and prepares an operation: what it returns runs with `prepared.execute(request)`. The text goes to
   * execution/prepare/operations.ts, which knows it already or has it planned and compiled. Never rejects.
   */
  admit(version: GraphVersion<Served>, params: OperationParams, caller: OperationCaller): Promise<Admitted | Refused>;
}

/** A message up to this size is parsed within a millisecond, whatever is in it. */
const SMALL_BYTES = 8_192;
/** Below what graphql-cop takes for an error flood. */
const VALIDATION_ERRORS = 5;

/** Creates the pipeline of all policies of a gateway. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { config, log } = options;
  const manifest = config.OPERATIONS_MANIFEST ? readManifest(config.OPERATIONS_MANIFEST) : undefined;
  const persisted = createPersistedOperations({ manifest, cache: options.cache });
  // One for all versions: a reload gives no client another allowance.
  const turns = new LoopTurns({ msPerMinute: config.NEW_OPERATIONS_MS });
  const rate = createOperationRate(options.limiter, config);
  const rules: readonly ValidationRule[] = config.production ? [NoSchemaIntrospectionCustomRule] : [];

  function open(supergraph: Supergraph): Served {
    const policies = new SupergraphPolicies(supergraph, config);
    const operations = createOperations({
      supergraph,
      compile: options.compile(supergraph),
      limits: { tokens: config.MAX_TOKENS, errors: VALIDATION_ERRORS },
      rules,
      hideSuggestions: config.production,
      turns,
      failed: (error, { query }) => unexpected(report(error, 'operation', log, { query }).errorId),
      inspectText: (text) => checkText(text, config),
      inspect: (document, operation) => policies.inspect(document, operation),
    });
    return { operations, policies, overrides: overridesOf(supergraph) };
  }

  function overridesOf({ sdl }: Supergraph): Overrides<OperationCaller> | undefined {
    const { named } = overrideLabels(sdl);
    const unknown = options.overrides ? [] : named.filter((label) => !config.OVERRIDE_LABELS.includes(label));
    if (unknown.length > 0) log.warn({ labels: unknown }, 'progressive overrides that OVERRIDE_LABELS does not name');
    return createOverrides(sdl, { taken: config.OVERRIDE_LABELS, choose: options.overrides });
  }

  /** Fails closed: what cannot be found out is not granted. */
  async function grantsOf({ policies }: AccessPlan, caller: OperationCaller): Promise<Grants> {
    if (!options.policies) return grantedByRole(caller.identity);
    try {
      return { policies: new Set(await options.policies(policies, caller)), anonymous: true };
    } catch (error) {
      log.debug({ err: error, requestId: caller.requestId }, 'policies could not be decided');
      return { policies: new Set(), problem: POLICIES_UNKNOWN, anonymous: true };
    }
  }

  async function admit(
    version: GraphVersion<Served>,
    params: OperationParams,
    caller: OperationCaller,
  ): Promise<Admitted | Refused> {
    try {
      const overRate = caller.paid ? undefined : rate.spend(caller.identity, caller.client);
      if (overRate) {
        const refusal = await overRate;
        if (refusal) return { errors: [refusal] };
      }
      checkValues('variables', params.variables, config);
      checkValues('extensions', params.extensions, config);
      const text = caller.isOwnText ? (params.query ?? '') : persisted.textOf(params);
      const query = typeof text === 'string' ? text : await text;
      const asked = {
        query,
        operationName: params.operationName,
        client: clientKey(caller.identity, caller.client),
        overrides: version.overrides?.(query, caller),
      };
      let prepared = await version.operations.prepare(asked);
      if (!isPrepared(prepared)) return { errors: config.production ? prepared.map(withoutSuggestions) : prepared };
      if (params.extensions && !caller.isOwnText) await persisted.keep(params, asked.client);

      const cost = version.policies.costOf(prepared.operation, params.variables ?? {});
      if (cost > config.MAX_COST) return { errors: [tooCostly(cost, config.MAX_COST)] };

      const access = version.policies.accessOf(prepared);
      const grants = access && access.policies.length > 0 ? await grantsOf(access, caller) : NO_GRANTS;
      const denial = access?.check(caller.identity, grants);
      if (denial) {
        if (prepared.kind === 'subscription' && denial.root) return { errors: denial.errors };
        prepared = await version.operations.prepare({ ...asked, reduction: denial.reduction });
        if (!isPrepared(prepared)) return { errors: prepared };
      }
      const told = tellsCost(params) && { extensions: { cost: { estimated: cost, limit: config.MAX_COST } } };
      return { prepared, request: { ...requestOf(version, params, caller, denial), ...told } };
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] };
      const { errorId } = report(error, 'admission', log, { requestId: caller.requestId });
      return { errors: [unexpected(errorId)] };
    }
  }

  async function readLarge<T>(sender: () => Sender | Promise<Sender>, parse: () => T): Promise<T> {
    const { identity, client } = await sender();
    return turns.take(clientKey(identity, client), parse);
  }

  return {
    spend: rate.spend,
    read: (sender, bytes, parse) => (bytes > SMALL_BYTES ? readLarge(sender, parse) : parse()),
    open,
    admit,
  };
}

const requestOf = (
  { transports }: GraphVersion<Served>,
  { variables }: OperationParams,
  caller: OperationCaller,
  denial: Denial | undefined,
): OperationRequest => ({
  variables,
  identity: caller.identity,
  client: caller.client,
  headers: caller.headers,
  headersKey: caller.headersKey,
  requestId: caller.requestId,
  traceparent: caller.traceparent,
  signal: caller.signal,
  transports,
  ...(denial && { errors: denial.errors }),
});

/** Whether the client wants to know what its operation may cost. */
const tellsCost = ({ extensions }: OperationParams): boolean => extensions?.['cost'] === true;

const NO_GRANTS: Grants = { policies: new Set(), anonymous: false };
const POLICIES_UNKNOWN = new CodedError(
  'SERVICE_UNAVAILABLE',
  'Whether the policy of this field is granted cannot be found out at the moment. Try again in a few seconds.',
);

/** Returns whether an operation was refused. */
export const isRefused = (outcome: Admitted | Refused): outcome is Refused => 'errors' in outcome;

/** `Did you mean …` gives away a schema whose introspection is off, name by name. */
const withoutSuggestions = (error: GraphQLError): GraphQLError => {
  const message = error.message.replace(/ ?Did you mean .*\?$/s, '');
  return message === error.message
    ? error
    : new GraphQLError(message, { nodes: error.nodes, extensions: error.extensions });
};
