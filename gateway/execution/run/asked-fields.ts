import { type FieldNode, Kind, parse, type SelectionSetNode } from 'graphql';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';
import { fieldsOf, responseName, selectionsOf } from './client-place.ts';

/**
 * The names under which a subgraph's answer has what was asked for, whatever the types and conditions, each with what
 * was asked of it; undefined of a value that is one as a whole, such as a scalar.
 */
export type AskedFields = ReadonlyMap<string, AskedFields | undefined>;

/**
 * Reads what the text of a fetch asks for.
 *
 * @param renamed names that rewrites give back to fields.
 * @param alias the `_entities` field whose entities are meant. Default: the root.
 */
export function readAskedFields(text: string, renamed: ReadonlyMap<string, string>, alias?: string): AskedFields {
  const document = parse(text, { noLocation: true });
  const fragments = fragmentsOf(document);
  const roots = document.definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION ? [node.selectionSet] : [],
  );
  if (alias === undefined) return askedOf(roots, fragments, renamed);
  const entities = fieldsOf(roots, fragments).filter((field) => responseName(field) === alias);
  return askedOf(selectionsOf(entities), fragments, renamed);
}

function askedOf(
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
  renamed: ReadonlyMap<string, string>,
): AskedFields {
  const byName = new Map<string, FieldNode[]>();
  const add = (name: string, field: FieldNode): void => {
    const known = byName.get(name);
    if (known) known.push(field);
    else byName.set(name, [field]);
  };
  for (const field of fieldsOf(sets, fragments)) {
    const name = responseName(field);
    const shown = renamed.get(name);
    add(name, field);
    // Two types may have the name for different things, of which each is an answer's.
    if (shown !== undefined && shown !== name) add(shown, field);
  }
  const asked = new Map<string, AskedFields | undefined>([['__typename', undefined]]);
  for (const [name, fields] of byName) {
    const below = selectionsOf(fields);
    asked.set(name, below.length > 0 ? askedOf(below, fragments, renamed) : undefined);
  }
  return asked;
}
