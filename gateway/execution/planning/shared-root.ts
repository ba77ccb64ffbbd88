import {
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
} from 'graphql';
import { combineParallel } from './combine.ts';
import { mergeFields } from './merge-fields.ts';
import type { Path, Plan, RootFetch, Step } from './plan.ts';

/**
 * Joins the plans of parts of an operation that select different things of one root field: it is fetched once, for all
 * of them, and what each goes on with runs beside the others.
 *
 * @returns undefined where that might give a wrong answer: where the parts ask different subgraphs for the root field,
 * where two of them bring the same object or list, which may be another one at the second time, or where they have
 * different fields at one place.
 */
export function joinAtRoot(plans: readonly Plan[]): Step | undefined {
  const parts: Part[] = [];
  for (const plan of plans) {
    const part = partOf(plan);
    if (!part || (part.first.subgraph !== parts.at(0)?.first.subgraph && parts.length > 0)) return undefined;
    parts.push(part);
  }
  if (!mayMeet(parts)) return undefined;
  const first = joinRoots(parts.map((part) => part.first));
  const rest = parts.flatMap((part) => (part.rest.length > 0 ? [sequenceOf(part.rest)] : []));
  return rest.length > 0 ? { kind: 'sequence', steps: [first, combineParallel(rest)] } : first;
}

/** A plan that begins with its only root fetch. */
interface Part {
  readonly first: RootFetch;
  readonly rest: readonly Step[];
}

function partOf({ root, primary, specialize }: Plan): Part | undefined {
  if (primary || specialize) return undefined;
  const [first, ...rest] = root?.kind === 'sequence' ? root.steps : [root];
  if (first?.kind !== 'root' || first.target.length > 0 || first.outputRewrites.length > 0) return undefined;
  return { first, rest: rest as Step[] };
}

const sequenceOf = (steps: readonly Step[]): Step => (steps.length === 1 ? steps[0]! : { kind: 'sequence', steps });

function joinRoots(fetches: readonly RootFetch[]): RootFetch {
  const operations = fetches.map(({ text }) => operationOf(text)!);
  const variables = new Map<string, VariableDefinitionNode>();
  for (const one of operations) for (const v of one.variableDefinitions ?? []) variables.set(v.variable.name.value, v);
  const selections = mergeFields(operations.flatMap(({ selectionSet }) => selectionSet.selections));
  const joined: OperationDefinitionNode = {
    ...operations[0]!,
    variableDefinitions: [...variables.values()],
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
  return {
    ...fetches[0]!,
    text: stripIgnoredCharacters(print(joined)),
    variables: [...new Set(fetches.flatMap((fetch) => fetch.variables))],
  };
}

/** A field of some request, by its place in the response. */
interface Brought {
  readonly part: number;
  readonly isAtRoot: boolean;
  readonly isObject: boolean;
  /** Its name and arguments. */
  readonly field: string;
}

/** Whether what the parts bring to the places that they share is the same, and lies in the request they share. */
function mayMeet(parts: readonly Part[]): boolean {
  const places = new Map<string, Brought[]>();
  const rewritten: string[] = [];
  let isPlain = true;

  function bring(at: string, selections: readonly SelectionNode[], part: number, isAtRoot: boolean): void {
    for (const node of selections) {
      if (node.kind === Kind.FRAGMENT_SPREAD) isPlain = false;
      else if (node.kind === Kind.INLINE_FRAGMENT) bring(at, node.selectionSet.selections, part, isAtRoot);
      else {
        const place = `${at}.${(node.alias ?? node.name).value}`;
        const brought: Brought = { part, isAtRoot, isObject: node.selectionSet !== undefined, field: fieldText(node) };
        places.set(place, [...(places.get(place) ?? []), brought]);
        if (node.selectionSet) bring(place, node.selectionSet.selections, part, isAtRoot);
      }
    }
  }

  function follow(step: Step | undefined, part: number): void {
    if (!step) return;
    switch (step.kind) {
      case 'root':
        isPlain = false;
        return;
      case 'condition':
        follow(step.whenTrue, part);
        follow(step.whenFalse, part);
        return;
      case 'entities': {
        const selections = operationOf(step.text)?.selectionSet.selections;
        if (!selections) isPlain = false;
        for (const { alias, targets, outputRewrites } of step.groups) {
          const entities = selections?.find(
            (node): node is FieldNode => node.kind === Kind.FIELD && (node.alias ?? node.name).value === alias,
          );
          for (const target of targets) {
            const at = placeOf(target);
            if (outputRewrites.length > 0) rewritten.push(at);
            bring(at, entities?.selectionSet?.selections ?? [], part, false);
          }
        }
        return;
      }
      default:
        for (const child of step.steps) follow(child, part);
    }
  }

  for (const [n, { first, rest }] of parts.entries()) {
    const operation = operationOf(first.text);
    if (operation) bring('', operation.selectionSet.selections, n, true);
    else isPlain = false;
    for (const step of rest) follow(step, n);
  }
  const isShared = (brought: readonly Brought[]): boolean => brought.some(({ part }) => part !== brought[0]!.part);
  return (
    isPlain &&
    !rewritten.some((at) => isShared(places.get(at) ?? [])) &&
    [...places.values()]
      .filter(isShared)
      .every(
        (brought) =>
          brought.every(({ field }) => field === brought[0]!.field) &&
          brought.every(({ isObject, isAtRoot }) => !isObject || isAtRoot),
      )
  );
}

/** The only definition of a text; undefined where fragments stand beside it. */
function operationOf(text: string): OperationDefinitionNode | undefined {
  const { definitions } = parse(text, { noLocation: true });
  const [operation] = definitions;
  return definitions.length === 1 && operation?.kind === Kind.OPERATION_DEFINITION ? operation : undefined;
}

/** The place of objects in the response, whichever elements of lists and types they are. */
const placeOf = (path: Path): string =>
  path.flatMap((step) => (typeof step === 'object' && 'field' in step ? [`.${step.field}`] : [])).join('');

const fieldText = (node: FieldNode): string =>
  print({ ...node, alias: undefined, selectionSet: undefined } as FieldNode);
