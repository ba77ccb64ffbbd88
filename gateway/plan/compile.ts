import { buildSchema, type GraphQLSchema, Kind, type OperationDefinitionNode } from 'graphql';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { refuse, writeAnswer } from './answer.ts';
import { compileSubscription } from './events.ts';
import { explainPlan } from './explain.ts';
import type { FetchScope } from './fetch.ts';
import { fragmentsOf } from './fragments.ts';
import { compileIntrospection, type Introspected } from './introspection.ts';
import type { Literal } from './literal-values.ts';
import { liftLiterals } from './literals.ts';
import { normalize, withConditions } from './normalize.ts';
import type { ExecutionObserver } from './observer.ts';
import type { OperationAnswer, OperationRequest, PreparedOperation } from './operation.ts';
import type { Compile, CompileInput } from './operations.ts';
import { passthroughFetch } from './passthrough.ts';
import type { Plan } from './plan.ts';
import { keepPlans } from './plan-cache.ts';
import type { Planner } from './planner.ts';
import { Run } from './run.ts';
import { shareInFlight } from './sharing.ts';
import { compileStep } from './steps.ts';
import { createSatisfies, type Satisfies } from './types.ts';
import { compileCoercion } from './variables.ts';
import { compileVariants } from './variants.ts';
import { compileWriter } from './writer/writer.ts';

export interface CompilerOptions {
  readonly supergraph: Supergraph;
  readonly planner: Planner;
  readonly observer?: ExecutionObserver;
  /** Subgraphs whose bytes may be a client's answer unread, when they have its shape: one's own. Default: none. */
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
const NOTHING: Introspected = Object.freeze({});

/** The compiled engine: plans an operation and makes functions of the plan. */
export function createCompiler(options: CompilerOptions): Compile {
  const { supergraph } = options;
  const api = supergraph.apiSchema;
  const full = buildSchema(supergraph.sdl, { assumeValid: true, assumeValidSDL: true });
  const scope: CompilerScope = {
    api,
    full,
    satisfies: createSatisfies(full),
    observer: options.observer ?? {},
    limits: { ...LIMITS, ...options.limits },
    trusted: options.trusted ?? (() => false),
    planner: keepPlans(options.planner),
  };
  const share = shareInFlight(options.share ?? true);
  return async (input) => {
    const { plan, literals } = await makePlan(input, scope);
    const compiled = compilePlan(input, plan, literals, scope);
    return {
      kind: input.operation.operation,
      name: input.operation.name?.value,
      id: input.id,
      document: input.document,
      operation: input.operation,
      explain: () => explainPlan(plan),
      execute: share(input.id, input.operation.operation, compiled.execute),
      subscribe: compiled.subscribe,
    } satisfies PreparedOperation;
  };
}

export interface CompilerScope {
  readonly api: GraphQLSchema;
  readonly full: GraphQLSchema;
  readonly satisfies: Satisfies;
  readonly observer: ExecutionObserver;
  readonly limits: ExecutionLimits;
  readonly trusted: (subgraph: string) => boolean;
  readonly planner: Planner;
}

type Planned = Pick<CompileInput, 'operation' | 'planned'>;

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

async function makePlan(input: Planned, { planner, api }: CompilerScope): Promise<Made> {
  const { planned } = input;
  const wanted = plannedOperation(input);
  if (!wanted) return NOTHING_TO_FETCH;
  const normalized = normalize(wanted, fragmentsOf(planned!), api);
  if (!normalized) return NOTHING_TO_FETCH;
  const lifted = liftLiterals(normalized, api);
  return { plan: await planner.plan(lifted.normalized), literals: lifted.literals };
}

const visibleOf = (input: Planned) => ({
  operation: plannedOperation(input),
  fragments: input.planned ? fragmentsOf(input.planned) : new Map(),
});

function compilePlan(
  input: CompileInput,
  plan: Plan,
  literals: Made['literals'],
  scope: CompilerScope,
): Pick<PreparedOperation, 'execute' | 'subscribe'> {
  const { document, operation } = input;
  const { limits } = scope;
  const fragments = fragmentsOf(document);
  const coerce = compileCoercion(scope.api, operation);
  const introspect = compileIntrospection(scope.api, operation, fragments);
  const visible = input.planned === document ? undefined : visibleOf(input);
  const writer = compileWriter(scope.api, operation, fragments, visible);
  const mayPass = input.planned === document && !plan.specialize;
  const same = mayPass && passthroughFetch(plan, scope.api, scope.full, operation, fragments);
  const passable = same && scope.trusted(same.subgraph) ? same : undefined;
  const fetchScope: FetchScope = { operation, fragments, satisfies: scope.satisfies, literals, passable };
  const steps = plan.specialize
    ? compileVariants(plan.specialize, async (values) => {
        const variant = { operation, planned: input.planned && withConditions(input.planned, values) };
        const made = await makePlan(variant, scope);
        return made.plan.root && compileStep(made.plan.root, { ...fetchScope, literals: made.literals });
      })
    : plan.root && compileStep(plan.root, fetchScope);
  const finish = (run: Run): OperationAnswer =>
    writeAnswer(run, writer, introspect?.(run.given) ?? NOTHING, limits.answerCharacters);

  async function execute(request: OperationRequest): Promise<OperationAnswer> {
    const coerced = coerce(request.variables ?? {});
    if (coerced.errors) return refuse(coerced.errors);
    const run = new Run(request, coerced.values, scope.observer);
    if (steps) await run.within(limits.timeoutMs, steps);
    return finish(run);
  }

  return { execute, subscribe: compileSubscription({ plan, coerce, steps, finish, scope: fetchScope, ...scope }) };
}
