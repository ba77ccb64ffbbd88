import { Kind, parse, type SelectionSetNode } from 'graphql';

/**
 * The fields that `@listSize(sizedFields:)` names below a field, by name. One without fields of its own is a list that
 * has the size; another one leads to such lists.
 */
export interface SizedFields extends ReadonlyMap<string, SizedFields> {}

const known = new WeakMap<readonly string[], SizedFields>();

/** Reads `sizedFields`: names, and paths to lists that lie deeper, as in `results { page }` or `results.page`. */
export function readSizedFields(entries: readonly string[]): SizedFields {
  let fields = known.get(entries);
  if (!fields) {
    const read = new Map<string, Fields>();
    for (const entry of entries) {
      const selection = selectionOf(entry);
      if (selection) addAll(read, selection);
    }
    fields = read;
    known.set(entries, fields);
  }
  return fields;
}

type Fields = Map<string, Fields>;

/** @returns undefined for what is not one: then the list counts as one that nothing tells the size of. */
function selectionOf(entry: string): SelectionSetNode | undefined {
  const [first, ...rest] = entry.split('.');
  const text = `${first}${rest.map((name) => ` { ${name}`).join('')}${' }'.repeat(rest.length)}`;
  try {
    const [operation] = parse(`{ ${text} }`, { noLocation: true }).definitions;
    return operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet : undefined;
  } catch {
    return undefined;
  }
}

function addAll(fields: Fields, { selections }: SelectionSetNode): void {
  for (const selection of selections) {
    if (selection.kind !== Kind.FIELD) continue;
    const name = selection.name.value;
    const below: Fields = fields.get(name) ?? new Map();
    fields.set(name, below);
    if (selection.selectionSet) addAll(below, selection.selectionSet);
  }
}
