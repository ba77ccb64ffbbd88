import {
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
  visit,
} from 'graphql';
import { fragmentsOf } from '#platform/base/graphql/fragments.ts';
import { documentOf } from '../prepare/fragments.ts';
import type { EntityFetch, EntityGroup, Step } from './plan.ts';

/**
 * Steps that run at the same time, with those entity fetches joined into one request that ask the same subgraph:
 * `{_e0:_entities(representations:$_r0){…} _e1:_entities(representations:$_r1){…}}`.
 */
export function combineParallel(steps: readonly Step[]): Step {
  const combined: Step[] = [];
  const bySubgraph = new Map<string, EntityFetch[]>();
  for (const step of steps.flatMap((step) => (step.kind === 'parallel' ? step.steps : [step]))) {
    if (step.kind !== 'entities' || step.groups.some((group) => group.context.length > 0)) {
      combined.push(step);
      continue;
    }
    const others = bySubgraph.get(step.subgraph);
    if (others) others.push(step);
    else bySubgraph.set(step.subgraph, [step]);
  }
  for (const fetches of bySubgraph.values()) combined.push(joinFetches(fetches));
  return combined.length === 1 ? combined[0]! : { kind: 'parallel', steps: combined };
}

/** Returns one request that does what several fetches of one subgraph do. */
export function joinFetches(fetches: readonly EntityFetch[]): EntityFetch {
  const [first] = fetches;
  if (first && fetches.length === 1) return first;
  const groups: EntityGroup[] = [];
  const parts: OperationDefinitionNode[] = [];
  const fragments: DocumentNode['definitions'][number][] = [];
  const taken = new Set(fetches.flatMap((fetch) => fetch.variables));
  for (const [n, fetch] of fetches.entries()) {
    const renamed = renameApart(parse(fetch.text, { noLocation: true }), fetch, groups, `f${n}_`, taken);
    for (const definition of renamed.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) parts.push(definition);
      else fragments.push(definition);
    }
  }
  const variables = new Map<string, VariableDefinitionNode>();
  for (const part of parts) for (const v of part.variableDefinitions ?? []) variables.set(v.variable.name.value, v);
  const operation: OperationDefinitionNode = {
    ...parts[0]!,
    // Directives on a subgraph's operation come from the client's and are the same in every part.
    variableDefinitions: [...variables.values()],
    selectionSet: { kind: Kind.SELECTION_SET, selections: parts.flatMap((part) => part.selectionSet.selections) },
  };
  const text = stripIgnoredCharacters(print({ kind: Kind.DOCUMENT, definitions: [operation, ...fragments] }));
  return {
    kind: 'entities',
    subgraph: fetches[0]!.subgraph,
    text,
    operationName: operation.name?.value,
    variables: [...new Set(fetches.flatMap((fetch) => fetch.variables))],
    groups,
  };
}

/** Returns the request of one group alone, for the case that another group's failure took its answer. */
export function pickGroup(fetch: EntityFetch, group: Pick<EntityGroup, 'alias'>): EntityFetch {
  const document = parse(fetch.text, { noLocation: true });
  const whole = document.definitions.find((d): d is OperationDefinitionNode => d.kind === Kind.OPERATION_DEFINITION)!;
  const selections = whole.selectionSet.selections.filter(
    (selection) => selection.kind === Kind.FIELD && (selection.alias ?? selection.name).value === group.alias,
  );
  const picked = documentOf(
    { ...whole, selectionSet: { kind: Kind.SELECTION_SET, selections } },
    fragmentsOf(document),
  );
  const [operation] = picked.definitions as [OperationDefinitionNode];
  const used = new Set(operation.variableDefinitions?.map(({ variable }) => variable.name.value));
  return {
    ...fetch,
    text: stripIgnoredCharacters(print(picked)),
    variables: fetch.variables.filter((name) => used.has(name)),
    groups: fetch.groups.filter(({ alias }) => alias === group.alias),
  };
}

/** Gives one fetch's aliases, representation variables and fragments names that no other fetch has. */
function renameApart(
  document: DocumentNode,
  fetch: EntityFetch,
  groups: EntityGroup[],
  prefix: string,
  taken: ReadonlySet<string>,
): DocumentNode {
  const aliases = new Map<string, string>();
  const variables = new Map<string, string>();
  for (const group of fetch.groups) {
    const alias = `_e${groups.length}`;
    let variable = `_r${groups.length}`;
    while (taken.has(variable)) variable = `_${variable}`;
    aliases.set(group.alias, alias);
    variables.set(group.variable, variable);
    const context = group.context.map((argument) => ({ ...argument, variable: `${prefix}${argument.variable}` }));
    for (const [i, { variable: own }] of group.context.entries()) variables.set(own, context[i]!.variable);
    groups.push({ ...group, alias, variable, context });
  }
  const named = (value: string) => ({ kind: Kind.NAME, value }) as const;
  return visit(document, {
    OperationDefinition: (node) => ({
      ...node,
      selectionSet: {
        ...node.selectionSet,
        selections: node.selectionSet.selections.map((selection) =>
          selection.kind === Kind.FIELD
            ? { ...selection, alias: named(aliases.get((selection.alias ?? selection.name).value)!) }
            : selection,
        ),
      },
    }),
    Variable: (node) => {
      const name = variables.get(node.name.value);
      return name === undefined ? undefined : { ...node, name: named(name) };
    },
    FragmentSpread: (node) => ({ ...node, name: named(prefix + node.name.value) }),
    FragmentDefinition: (node) => ({ ...node, name: named(prefix + node.name.value) }),
  });
}
