import type { OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind, parse } from 'graphql';
import type { CodedError } from '#platform/base/errors/errors.ts';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';
import type { Path } from '../planning/plan.ts';
import { withoutLiftedNames } from '../prepare/literals.ts';
import { fieldsOf, responseName, selectionsOf } from './client-place.ts';
import type { ResponsePath } from './paths.ts';
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
  run.observer.reported?.(subgraph, code);
  const { argument } = extensions;
  const coded = {
    ...extensions,
    ...(typeof argument === 'string' && { argument: withoutLiftedNames(argument) }),
    code: typeof code === 'string' ? code : 'DOWNSTREAM_SERVICE_ERROR',
  };
  run.failAt(
    path,
    { message: withoutLiftedNames(message), extensions: coded },
    (error) => run.observer.expose?.(error, subgraph) ?? error,
  );
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
  for (const path of places.slice(0, MAX_PLACES)) run.failAt(path, { message, extensions });
  run.omitted += Math.max(0, places.length - MAX_PLACES);
}

/**
 * Returns the names of the fields of a fetch that the client asked for, as they are in the answer.
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
  const own = fragmentsOf(document);
  const sent = document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION)!;
  let sets: SelectionSetNode[] = [sent.selectionSet];
  if (group !== undefined) sets = below(sets, group, own);
  const fetched = namesOf(sets, own).map((name) => renamed.get(name) ?? name);
  let asked: SelectionSetNode[] = [operation.selectionSet];
  for (const step of path) if (typeof step === 'object' && 'field' in step) asked = below(asked, step.field, fragments);
  const visible = new Set(namesOf(asked, fragments));
  return [...new Set(fetched)].filter((name) => visible.has(name));
}

const namesOf = (sets: readonly SelectionSetNode[], fragments: Fragments): string[] =>
  fieldsOf(sets, fragments).map(responseName);
const below = (sets: readonly SelectionSetNode[], name: string, fragments: Fragments): SelectionSetNode[] =>
  selectionsOf(fieldsOf(sets, fragments).filter((field) => responseName(field) === name));
