import { Supergraph as Internals, type Operation, operationFromDocument } from '@apollo/federation-internals';
import {
  type FetchDataRewrite,
  type FetchNode,
  type PlanNode,
  type QueryPlan,
  QueryPlanner,
  type QueryPlanSelectionNode,
} from '@apollo/query-planner';
import { overrideLabels } from '../../supergraph/overrides.ts';
import { createFetchBefore } from './below-keys.ts';
import { combineParallel } from './combine.ts';
import type {
  ContextArgument,
  EntityFetch,
  EntityGroup,
  Path,
  PathStep,
  Requirement,
  Rewrite,
  RewriteStep,
  Step,
} from './plan.ts';
import { hasDefer, type Planner } from './planner.ts';
import { createRequirementMender, readRequirements } from './requirements.ts';
import { differsByType } from './types-asked.ts';

/** Creates Apollo's query planner. */
export function createApolloPlanner(sdl: string): Planner {
  const supergraph = Internals.build(sdl, { supportedFeatures: null, validateSupergraph: false });
  const api = supergraph.apiSchema();
  const planner = new QueryPlanner(supergraph);
  const requirements = readRequirements(sdl);
  const mendOne = createRequirementMender(requirements);
  const fetchBefore = createFetchBefore(sdl, requirements);
  const mend: Mend = (fetch) => {
    const [step, ...more] = fetchBefore(fetch).map(mendOne);
    return more.length > 0 ? { kind: 'sequence', steps: [step!, ...more] } : step!;
  };
  const { always } = overrideLabels(sdl);
  const optionsOf = (overrides: readonly string[] = []) => ({
    overrideConditions: new Map([...always, ...overrides].map((label) => [label, true])),
  });
  let byType: QueryPlanner | undefined;
  let deferring: QueryPlanner | undefined;

  /** Entities that are asked for different things, depending on the type of what holds them, get a fetch for each. */
  function planByType(operation: Operation, options: ReturnType<typeof optionsOf>): QueryPlan {
    byType ??= new QueryPlanner(supergraph, { typeConditionedFetching: true });
    try {
      return byType.buildQueryPlan(operation, options);
    } catch {
      // It knows nothing of fields that a type has from an @interfaceObject.
      return planner.buildQueryPlan(operation, options);
    }
  }

  return {
    name: 'apollo',
    plan({ document, operation, overrides, text }) {
      const options = optionsOf(overrides);
      const asked = operationFromDocument(api, document, { operationName: operation.name?.value, validate: false });
      if (hasDefer(text)) deferring ??= new QueryPlanner(supergraph, { incrementalDelivery: { enableDefer: true } });
      const { node } = differsByType(operation.selectionSet)
        ? planByType(asked, options)
        : (hasDefer(text) ? deferring! : planner).buildQueryPlan(asked, options);
      if (node?.kind !== 'Subscription') return { root: node && stepOf(node, [], mend) };
      const primary = fetchOf(node.primary, []);
      if (primary.kind !== 'root') throw new Error('The planner made a subscription of an entity fetch.');
      return { primary, root: node.rest && stepOf(node.rest, [], mend) };
    },
  };
}

/** Gives what runs for a fetch: all that its fields need is sent. */
type Mend = (fetch: EntityFetch) => Step;

function stepOf(node: PlanNode, path: Path, mend: Mend): Step {
  switch (node.kind) {
    case 'Sequence':
      return { kind: 'sequence', steps: node.nodes.map((child) => stepOf(child, path, mend)) };
    case 'Parallel':
      return inTime(node.nodes.map((child) => stepOf(child, path, mend)));
    case 'Flatten':
      return stepOf(node.node, [...path, ...node.path.flatMap((part) => pathSteps(String(part)))], mend);
    case 'Condition':
      return {
        kind: 'condition',
        variable: node.condition,
        whenTrue: node.ifClause && stepOf(node.ifClause, path, mend),
        whenFalse: node.elseClause && stepOf(node.elseClause, path, mend),
      };
    case 'Defer': {
      const { primary, deferred } = node;
      // Not combined: what of it is wanted later is asked for by itself.
      const later: Step = {
        kind: 'parallel',
        steps: deferred.flatMap((part) => (part.node ? [stepOf(part.node, path, mend)] : [])),
      };
      const first = primary.node && stepOf(primary.node, path, mend);
      return first ? { kind: 'sequence', steps: [first, later] } : later;
    }
    case 'Fetch': {
      const step = fetchOf(node, path);
      return step.kind === 'entities' ? mend(step) : step;
    }
    default:
      throw new Error(`A plan of kind ${(node as PlanNode).kind} cannot be run.`);
  }
}

/** Steps side by side; those that lack what @requires names wait for the others, which may bring it. */
function inTime(steps: readonly Step[]): Step {
  const late = steps.filter((step) => step.kind === 'entities' && step.lacks);
  if (late.length === 0 || late.length === steps.length) return combineParallel(steps);
  const early = steps.filter((step) => !late.includes(step));
  return { kind: 'sequence', steps: [combineParallel(early), combineParallel(late)] };
}

function fetchOf(node: FetchNode, path: Path): Step {
  const fetch = {
    subgraph: node.serviceName,
    text: node.operation,
    operationName: node.operationName,
    variables: node.variableUsages ?? [],
  };
  const outputRewrites = (node.outputRewrites ?? []).map(rewriteOf);
  if (!node.requires) {
    return { ...fetch, kind: 'root', operation: node.operationKind, target: path, outputRewrites };
  }
  const context = (node.contextRewrites ?? []).map(contextOf);
  const contextual = new Set(context.map((argument) => argument.variable));
  const group: EntityGroup = {
    alias: '_entities',
    variable: 'representations',
    targets: [path],
    requires: node.requires.map(requirementOf),
    inputRewrites: (node.inputRewrites ?? []).map(rewriteOf),
    outputRewrites,
    context,
  };
  return { ...fetch, kind: 'entities', variables: fetch.variables.filter((v) => !contextual.has(v)), groups: [group] };
}

const FRAGMENT = '... on ';

/** `owner`, `@`, or either with the types that it goes on for: `owner|[Book,Film]`. */
function pathSteps(part: string): PathStep[] {
  const [, name = '', types] = /^([^|]*)(?:\|\[(.*)\])?$/.exec(part) ?? [];
  const steps: PathStep[] = name === '' ? [] : [name === '@' ? name : rewriteStep(name)];
  if (types !== undefined) steps.push({ types: types.split(',') });
  return steps;
}

const rewriteStep = (part: string): RewriteStep =>
  part.startsWith(FRAGMENT) ? { types: [part.slice(FRAGMENT.length)] } : { field: part };

const rewriteOf = (rewrite: FetchDataRewrite): Rewrite =>
  rewrite.kind === 'ValueSetter'
    ? { kind: 'set', path: rewrite.path.map(rewriteStep), value: rewrite.setValueTo }
    : { kind: 'rename', path: rewrite.path.map(rewriteStep), to: rewrite.renameKeyTo };

const contextOf = (rewrite: { path: string[]; renameKeyTo: string }): ContextArgument => ({
  variable: rewrite.renameKeyTo,
  path: rewrite.path.map((part) => (part === '..' ? part : rewriteStep(part))),
});

function requirementOf(node: QueryPlanSelectionNode): Requirement {
  if (node.kind !== 'Field') {
    return { kind: 'type', type: node.typeCondition, selections: node.selections.map(requirementOf) };
  }
  const name = node.alias ?? node.name;
  return { kind: 'field', from: name, to: name, selections: node.selections?.map(requirementOf) };
}
