import type {
  FetchNode,
  FlattenNodePathSegment,
  InputRewrite,
  PlanNode,
  RequiresSelection,
} from '@graphql-hive/router-query-planner';
import { overrideLabels } from '../../supergraph/overrides.ts';
import { combineParallel } from './combine.ts';
import type { Path, Requirement, Rewrite, RewriteStep, RootFetch, Step } from './plan.ts';
import type { Planner } from './planner.ts';

/**
 * Creates the query planner of Hive Router, native code under the MIT licence.
 *
 * @throws when there is no binary for this platform (it has glibc Linux and macOS), or the supergraph is refused.
 */
export async function createNativePlanner(sdl: string): Promise<Planner> {
  const { QueryPlanner } = await import('@graphql-hive/router-query-planner');
  const planner = new QueryPlanner(sdl);
  const { shares } = overrideLabels(sdl);
  return {
    name: 'native',
    async plan({ text, operation, overrides = [] }, signal) {
      const labels = new Set(overrides);
      // It takes the overrides whose share is larger than a number: than those that are not taken.
      const left = [...shares].flatMap(([label, share]) => (labels.has(label) ? [] : [share]));
      const number = left.length > 0 ? Math.max(...left) : 0;
      const { node } = await planner.planAsync(text, operation.name?.value, labels, number, signal);
      if (node === undefined) return { root: undefined };
      return operation.operation === 'subscription' ? subscriptionOf(node) : { root: stepOf(node, []) };
    },
  };
}

/** `Subscription`, or a sequence that begins with it and goes on with what runs for each event. */
function subscriptionOf(node: PlanNode): { primary: RootFetch; root: Step | undefined } {
  const [first, ...rest] = node.kind === 'Sequence' ? node.nodes : [node];
  if (first?.kind !== 'Subscription') throw new Error(`A subscription cannot begin with ${first?.kind}.`);
  const root: Step | undefined =
    rest.length > 0 ? { kind: 'sequence', steps: rest.map((child) => stepOf(child, [])) } : undefined;
  return { primary: { ...rootFetchOf(first.primary, []), operation: 'subscription' }, root };
}

function stepOf(node: PlanNode, path: Path): Step {
  switch (node.kind) {
    case 'Sequence':
      return { kind: 'sequence', steps: node.nodes.map((child) => stepOf(child, path)) };
    case 'Parallel':
      return combineParallel(node.nodes.map((child) => stepOf(child, path)));
    case 'Flatten':
      return stepOf(node.node, [...path, ...pathOf(node.path)]);
    case 'Condition':
      return {
        kind: 'condition',
        variable: node.condition,
        whenTrue: node.ifClause && stepOf(node.ifClause, path),
        whenFalse: node.elseClause && stepOf(node.elseClause, path),
      };
    case 'Fetch':
      return node.requires ? entityFetchOf(node, node.requires, path) : rootFetchOf(node, path);
    case 'BatchFetch':
      return {
        kind: 'entities',
        ...common(node),
        groups: node.entityBatch.aliases.map((group) => ({
          alias: group.alias,
          variable: group.representationsVariableName,
          targets: group.paths.map((target) => [...path, ...pathOf(target)]),
          requires: group.requires.map(requirementOf),
          inputRewrites: (group.inputRewrites ?? []).map(rewriteOf),
          outputRewrites: (group.outputRewrites ?? []).map(rewriteOf),
          context: [],
        })),
      };
    default:
      throw new Error(`A plan of kind ${node.kind} cannot be run.`);
  }
}

const common = (node: Pick<FetchNode, 'serviceName' | 'operation' | 'operationName' | 'variableUsages'>) => ({
  subgraph: node.serviceName,
  text: node.operation,
  operationName: node.operationName,
  variables: node.variableUsages ?? [],
});

const rootFetchOf = (node: FetchNode, path: Path): RootFetch => ({
  kind: 'root',
  ...common(node),
  operation: node.operationKind ?? 'query',
  target: path,
  outputRewrites: (node.outputRewrites ?? []).map(rewriteOf),
});

const entityFetchOf = (node: FetchNode, requires: readonly RequiresSelection[], path: Path): Step => ({
  kind: 'entities',
  ...common(node),
  groups: [
    {
      alias: '_entities',
      variable: 'representations',
      targets: [path],
      requires: requires.map(requirementOf),
      inputRewrites: (node.inputRewrites ?? []).map(rewriteOf),
      outputRewrites: (node.outputRewrites ?? []).map(rewriteOf),
      context: [],
    },
  ],
});

const pathOf = (path: readonly FlattenNodePathSegment[]): Path =>
  path.map((part) => (part === '@' ? part : 'Field' in part ? { field: part.Field } : { types: part.TypeCondition }));

function rewriteOf(rewrite: InputRewrite): Rewrite {
  const path = (given: readonly ({ TypenameEquals: string[] } | { Key: string })[]): RewriteStep[] =>
    given.map((part) => ('Key' in part ? { field: part.Key } : { types: part.TypenameEquals }));
  if ('KeyRenamer' in rewrite) {
    return { kind: 'rename', path: path(rewrite.KeyRenamer.path), to: rewrite.KeyRenamer.renameKeyTo };
  }
  const setter = 'ValueSetter' in rewrite ? rewrite.ValueSetter : rewrite;
  return { kind: 'set', path: path(setter.path), value: setter.setValueTo };
}

function requirementOf(node: RequiresSelection): Requirement {
  switch (node.kind) {
    case 'Field':
      return {
        kind: 'field',
        from: node.name,
        to: node.alias ?? node.name,
        selections: node.selections?.map(requirementOf),
      };
    case 'InlineFragment':
      return { kind: 'type', type: node.typeCondition, selections: node.selections.map(requirementOf) };
    default:
      throw new Error(`A requirement of kind ${node.kind} cannot be met.`);
  }
}
