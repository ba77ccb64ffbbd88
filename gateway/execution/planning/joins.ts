import { type ConstDirectiveNode, Kind, parse, type SelectionSetNode, valueFromASTUntyped } from 'graphql';

/** Reads the arguments of a directive, once for each time that it is there. */
export function argumentsOf(
  directives: readonly ConstDirectiveNode[] | undefined,
  name: string,
): Record<string, unknown>[] {
  return (directives ?? [])
    .filter((directive) => directive.name.value === name)
    .map((directive) =>
      Object.fromEntries((directive.arguments ?? []).map((a) => [a.name.value, valueFromASTUntyped(a.value)])),
    );
}

/** Reads a field set such as `id owner { id }`. @throws when it is none. */
export function fieldSet(text: string): SelectionSetNode {
  const [operation] = parse(`{${text}}`, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`${text} is not a field set.`);
  return operation.selectionSet;
}
