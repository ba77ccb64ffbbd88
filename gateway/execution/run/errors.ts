import type { FieldNode, GraphQLFormattedError, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind, parse } from 'graphql';
import type { CodedError } from '#platform/base/errors/errors.ts';
import type { Path } from '../planning/plan.ts';
import type { Fragments } from '../prepare/fragments.ts';
import type { ClientName } from '../prepare/names.ts';
import type { ClientPath, ResponsePath } from './paths.ts';
import type { Run } from './run.ts';
import type { SubgraphError } from './subgraph-answer.ts';

/** Adds an error that a subgraph reported, at the place where the client sees it. */
export function reportSubgraphError(
  run: Run,
  subgraph: string,
  { message, extensions }: SubgraphError,
  path: ResponsePath | undefined,
): void {
  const code = extensions['code'];
  const placed: GraphQLFormattedError = {
    message,
    ...(path && { path: run.clientPath(path) }),
    extensions: { ...extensions, code: typeof code === 'string' ? code : 'DOWNSTREAM_SERVICE_ERROR' },
  };
  run.fail(run.observer.expose?.(placed, subgraph) ?? placed);
}

/** Places that one failed fetch reports at most. */
const MAX_PLACES = 50;

/** Adds one error for each field that a fetch would have brought. */
export function reportMissing(
  run: Run,
  error: CodedError,
  objects: readonly ResponsePath[],
  fields: readonly string[],
): void {
  const { message, extensions } = error;
  const places = objects.flatMap((object) =>
    fields.length > 0 ? fields.map((field) => [...object, field]) : [object],
  );
  for (const path of places.slice(0, MAX_PLACES)) run.fail({ message, path: run.clientPath(path), extensions });
  run.omitted += Math.max(0, places.length - MAX_PLACES);
}

/**
 * A place that only the plan asks for, a key or an input of @requires, is none that the client knows, and its name may be
 * the client's for something else: what fails there is told of the object that has it.
 *
 * @param operation with the response names of the plan.
 */
export function createClientPath(
  operation: OperationDefinitionNode,
  fragments: Fragments,
  clientName: ClientName,
): ClientPath {
  return (path) => {
    let sets: SelectionSetNode[] = [operation.selectionSet];
    const shown: ResponsePath = [];
    for (const part of path) {
      if (typeof part === 'string') {
        const fields = fieldsOf(sets, fragments).filter((field) => responseName(field) === part);
        if (fields.length === 0) break;
        sets = fields.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
      }
      shown.push(typeof part === 'string' ? clientName(part) : part);
    }
    return shown;
  };
}

/**
 * Names of the fields of a fetch that the client asked for, as they are in the answer.
 *
 * @param text the fetch's operation.
 * @param path where its data belongs.
 */
export function visibleFields(
  text: string,
  renamed: ReadonlyMap<string, string>,
  path: Path,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  group?: string,
): string[] {
  const document = parse(text, { noLocation: true });
  const own: Fragments = new Map(
    document.definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d] as const] : [])),
  );
  const sent = document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION)!;
  let sets: SelectionSetNode[] = [sent.selectionSet];
  if (group !== undefined) sets = below(sets, group, own);
  const fetched = namesOf(sets, own).map((name) => renamed.get(name) ?? name);
  let asked: SelectionSetNode[] = [operation.selectionSet];
  for (const step of path) if (typeof step === 'object' && 'field' in step) asked = below(asked, step.field, fragments);
  const visible = new Set(namesOf(asked, fragments));
  return [...new Set(fetched)].filter((name) => visible.has(name));
}

function fieldsOf(sets: readonly SelectionSetNode[], fragments: Fragments, seen = new Set<string>()): FieldNode[] {
  return sets.flatMap((set) =>
    set.selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf([selection.selectionSet], fragments, seen);
      const fragment = fragments.get(selection.name.value);
      if (!fragment || seen.has(selection.name.value)) return [];
      seen.add(selection.name.value);
      return fieldsOf([fragment.selectionSet], fragments, seen);
    }),
  );
}

const responseName = (field: FieldNode): string => (field.alias ?? field.name).value;
const namesOf = (sets: readonly SelectionSetNode[], fragments: Fragments): string[] =>
  fieldsOf(sets, fragments).map(responseName);
const below = (sets: readonly SelectionSetNode[], name: string, fragments: Fragments): SelectionSetNode[] =>
  fieldsOf(sets, fragments).flatMap((field) =>
    responseName(field) === name && field.selectionSet ? [field.selectionSet] : [],
  );
