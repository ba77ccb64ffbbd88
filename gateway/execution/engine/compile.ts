import { buildSchema, type DocumentNode, type GraphQLSchema, Kind, type OperationDefinitionNode } from 'graphql';
import { compileCoercion } from '#platform/base/graphql/coercion.ts';
import { fragmentsOf } from '#platform/base/graphql/fragments.ts';
import type { FetchCache } from '../../cache/fetch-cache.ts';
import type { Keeping } from '../../cache/keeping.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import { refuse, writeAnswer } from '../answering/answer.ts';
import { compileDeferred, type DeferredParts } from '../answering/deferred.ts';
import { compileSubscription } from '../answering/events.ts';
import { keepAnswers } from '../answering/kept-answers.ts';
import { shareInFlight } from '../answering/sharing.ts';
import { compileStep } from '../fetching/fetch.ts';
import type { FetchScope } from '../fetching/fetch-scope.ts';
import { compileVariants } from '../fetching/variants.ts';
import { explainPlan } from '../planning/explain.ts';
import { planByParts } from '../planning/parts.ts';
import type { Plan, RootFetch } from '../planning/plan.ts';
import { keepPlans, type MakePlan } from '../planning/plan-cache.ts';
import type { Planner } from '../planning/planner.ts';
import { readInputs } from '../planning/requirements.ts';
import { findDeferrals } from '../prepare/defers.ts';
import { compileIntrospection, type Introspected } from '../prepare/introspection.ts';
import type { Literal } from '../prepare/literal-values.ts';
import { liftLiterals } from '../prepare/literals.ts';
import { type ClientName, createNames, type Names, sameName, withPlannedVariables } from '../prepare/names.ts';
import { normalize, withConditions } from '../prepare/normalize.ts';
import type { OperationAnswer, OperationRequest, PreparedOperation } from '../prepare/operation.ts';
import type { Compile, CompileInput } from '../prepare/operations.ts';
import { createClientPlace } from '../run/client-place.ts';
import type { ExecutionObserver } from '../run/observer.ts';
import { Run } from '../run/run.ts';
import { createSatisfies, type Satisfies } from '../run/types.ts';
import { passthroughFetch } from '../writer/passthrough.ts';
import { compileWriter } from '../writer/writer.ts';

export interface CompilerOptions {
  readonly supergraph: Supergraph;
  /** Plans in threads: Planning of planning/planning.ts, which engine.ts makes. */
  readonly planner: Planner;
  readonly observer?: ExecutionObserver;
  /**
   * Subgraphs whose bytes may be a client's answer unread, when they have its shape: those of this installation.
   * Default: none.
   */
  readonly trusted?: (subgraph: string) => boolean;
  readonly limits?: Partial<ExecutionLimits>;
  /** Whether equal queries of equal identities that run at the same time share one execution. Default: true. */
  readonly share?: boolean;
}

export interface ExecutionLimits {
  /** Longest execution of a query or mutation, in milliseconds; what is there by then is answered. */
  readonly timeoutMs: number;
  /** Largest answer, in characters of JSON. */
  readonly answerCharacters: number;
}

const LIMITS: ExecutionLimits = { timeoutMs: 30_000, answerCharacters: 32 * 1024 * 1024 };
const NOTHING: Introspected = [];

/**
 * Creates the compiled engine: takes the client's names and values out of an operation, has it planned
 * (planning/planning.ts; plan-cache.ts keeps the plan) and makes functions of the plan (fetching/fetch.ts). `execute`
 * runs these on the data of one Run, unless an equal query is under way (answering/sharing.ts) or its answer is kept
 * (answering/kept-answers.ts), and has the answer written (answering/answer.ts).
 */
export function createCompiler(options: CompilerOptions): Compile {
  const { supergraph } = options;
  const api = supergraph.apiSchema;
  const full = buildSchema(supergraph.sdl, { assumeValid: true, assumeValidSDL: true, noLocation: true });
  const scope: CompilerScope = {
    api,
    full,
    satisfies: createSatisfies(full),
    inputs: readInputs(supergraph.sdl),
    observer: options.observer ?? {},
    limits: { ...LIMITS, ...options.limits },
    trusted: options.trusted ?? (() => false),
    planOf: keepPlans(planByParts(options.planner, full)),
    names: createNames(full),
    cache: options.observer?.cache?.(supergraph, full),
  };
  const share = shareInFlight(options.share ?? true);
  return async (input) => {
    const { client, work } = input;
    const asked = await work(client, () => renamed(input, withPlannedVariables));
    const wanted = await work(client, () => renamed(asked, scope.names.planned));
    const made = await makePlan(wanted, scope);
    const named = await work(client, () => withClientNames(asked, wanted, made, scope));
    const compiled = await work(client, () => compilePlan(named, input.operation, scope, wanted));
    return {
      kind: input.operation.operation,
      name: input.operation.name?.value,
      id: input.id,
      document: input.document,
      operation: input.operation,
      explain: () => explainPlan(named.plan),
      execute: share(input.id, input.operation.operation, keepAnswers(scope.cache, input, compiled.execute)),
      ...(compiled.executeInParts && { executeInParts: compiled.executeInParts }),
      subscribe: compiled.subscribe,
    } satisfies PreparedOperation;
  };
}

export interface CompilerScope {
  readonly api: GraphQLSchema;
  readonly full: GraphQLSchema;
  readonly satisfies: Satisfies;
  /** The names of fields that some @requires needs. */
  readonly inputs: ReadonlySet<string>;
  readonly observer: ExecutionObserver;
  readonly limits: ExecutionLimits;
  readonly trusted: (subgraph: string) => boolean;
  readonly planOf: MakePlan;
  readonly names: Names;
  readonly cache: FetchCache | undefined;
}

type Planned = Pick<CompileInput, 'operation' | 'planned' | 'overrides' | 'client' | 'work'>;

/** What is left of the operation after a reduction. */
function plannedOperation({ operation, planned }: Planned): OperationDefinitionNode | undefined {
  const name = operation.name?.value;
  const wanted = planned?.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION && d.name?.value === name);
  return wanted?.kind === Kind.OPERATION_DEFINITION ? wanted : undefined;
}

interface Made {
  readonly plan: Plan;
  readonly literals: ReadonlyMap<string, Literal>;
}

const NOTHING_TO_FETCH: Made = { plan: { root: undefined }, literals: new Map() };

async function makePlan(
  input: Planned,
  { planOf, api }: CompilerScope,
  deferred?: ReadonlySet<unknown>,
): Promise<Made> {
  const { planned, overrides, client, work } = input;
  const wanted = plannedOperation(input);
  if (!wanted) return NOTHING_TO_FETCH;
  const normalized = await work(client, () => normalize(wanted, fragmentsOf(planned!), api, deferred));
  if (!normalized) return NOTHING_TO_FETCH;
  const { orderedBy, conditions } = normalized;
  if (orderedBy.length > 0) {
    const specialize = [...new Set([...orderedBy, ...conditions])];
    return { ...NOTHING_TO_FETCH, plan: { root: undefined, specialize } };
  }
  const lifted = await work(client, () => liftLiterals(normalized, api));
  return { plan: await work(client, () => planOf(lifted.normalized, client, overrides)), literals: lifted.literals };
}

const visibleOf = (input: CompileInput) => ({
  operation: plannedOperation(input),
  fragments: input.planned ? fragmentsOf(input.planned) : new Map(),
});

/** The same operation with other names. */
function renamed(input: CompileInput, change: (document: DocumentNode) => DocumentNode): CompileInput {
  const document = change(input.document);
  const planned = input.planned === input.document ? document : input.planned && change(input.planned);
  const operation = document.definitions[input.document.definitions.indexOf(input.operation)];
  return { ...input, document, planned, operation: operation as OperationDefinitionNode };
}

/** A plan, and the operation with the response names that the plan has. */
interface Named extends Made {
  readonly input: CompileInput;
  readonly clientName: ClientName;
  /** The plan's only fetch, when what it brings is the client's answer as it is. */
  readonly same: RootFetch | undefined;
}

/**
 * Gives a plan the client's response names where nothing but the client reads what it fetches.
 *
 * @param asked the operation with them.
 * @param wanted the operation as it was planned.
 */
function withClientNames(asked: CompileInput, wanted: CompileInput, made: Made, scope: CompilerScope): Named {
  const { plan } = made;
  const { api, full, names } = scope;
  const { document, operation } = wanted;
  const same =
    wanted.planned === document && !plan.specialize
      ? passthroughFetch(plan, api, full, operation, fragmentsOf(document), names)
      : undefined;
  if (!same) return { ...made, input: wanted, clientName: names.clientName, same };
  const sent: Plan = plan.primary ? { ...plan, primary: same } : { root: same };
  return { ...made, plan: sent, input: asked, clientName: sameName, same };
}

interface Compiled extends Pick<PreparedOperation, 'subscribe' | 'executeInParts'> {
  /** @param keeping learns what the answer depends on. */
  execute(request: OperationRequest, keeping?: Keeping): Promise<OperationAnswer>;
}

function compilePlan(
  { plan, literals, input, clientName, same }: Named,
  given: OperationDefinitionNode,
  scope: CompilerScope,
  wanted: CompileInput,
): Compiled {
  const { document, operation } = input;
  const { limits } = scope;
  const fragments = fragmentsOf(document);
  const coerce = compileCoercion(scope.api, given, scope.observer.hideSuggestions);
  const visible = input.planned === document ? undefined : visibleOf(input);
  const writer = compileWriter(scope.api, operation, fragments, clientName, visible);
  const introspect = compileIntrospection(scope.api, operation, fragments, writer.introspections);
  const passable = same && scope.trusted(same.subgraph) ? same : undefined;
  const { satisfies, full } = scope;
  const clientPlace = createClientPlace({ operation, fragments, clientName, ...scope });
  const isQuery = operation.operation === 'query';
  // After a mutation or an event a client wants to see what has changed.
  const cache = isQuery ? scope.cache : undefined;
  const fetchScope: FetchScope = { operation, fragments, clientPlace, satisfies, full, literals, passable, cache };
  const steps = plan.specialize
    ? compileVariants(plan.specialize, async (values, client) => {
        const planned = await input.work(client, () => input.planned && withConditions(input.planned, values));
        const variant = { operation, client, planned, overrides: input.overrides, work: input.work };
        const made = await makePlan(variant, scope);
        return made.plan.root && compileStep(made.plan.root, { ...fetchScope, literals: made.literals });
      })
    : plan.root && compileStep(plan.root, fetchScope);
  const finish = (run: Run): OperationAnswer => {
    const answer = writeAnswer(run, writer, introspect?.(run.values) ?? NOTHING, limits.answerCharacters);
    if (run.later || run.used) run.keep();
    if (!run.headers) return answer;
    return { ...answer, headers: run.headers.finish(isQuery && !answer.failed && !run.hasFailed) };
  };

  async function execute(request: OperationRequest, keeping?: Keeping): Promise<OperationAnswer> {
    const coerced = coerce(request.variables ?? {});
    if (coerced.errors) return refuse(coerced.errors);
    const run = new Run(request, coerced.values, scope.observer, clientPlace, keeping);
    if (steps) await run.within(limits.timeoutMs, steps);
    return finish(run);
  }

  return {
    execute,
    ...inParts(wanted, { coerce, satisfies, whole: execute }, scope),
    subscribe: compileSubscription({ plan, coerce, steps, finish, scope: fetchScope, ...scope }),
  };
}

/** What runs an operation in parts, where some may come later and all of it may be shown. */
function inParts(
  wanted: CompileInput,
  { coerce, satisfies, whole }: Pick<DeferredParts, 'coerce' | 'whole'> & { readonly satisfies: Satisfies },
  scope: CompilerScope,
): Pick<Compiled, 'executeInParts'> {
  const { document, operation } = wanted;
  const fragments = fragmentsOf(document);
  const deferrals = wanted.planned === document ? findDeferrals(operation, fragments, scope.api) : [];
  if (deferrals.length === 0) return {};
  const { clientName } = scope.names;
  const clientPlace = createClientPlace({ operation, fragments, clientName, ...scope });
  const { full, cache, api, observer, limits } = scope;
  return {
    executeInParts: compileDeferred({
      ...{ api, observer, limits, deferrals, clientName, coerce, whole },
      input: wanted,
      scope: { operation, fragments, clientPlace, satisfies, full, literals: new Map(), cache },
      plan: () => makePlan(wanted, scope, new Set(deferrals.map(({ node }) => node))),
    }),
  };
}
