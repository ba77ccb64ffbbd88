import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  parse,
  type SelectionSetNode,
  type TypeNode,
  valueFromASTUntyped,
} from 'graphql';
import type { Access, FieldPolicy } from './field-policy.ts';

/** What is known of the fields and types by themselves. */
interface Known {
  field(type: string, name: string): FieldPolicy | undefined;
  type(name: string): FieldPolicy | undefined;
}

/** A selection that a field's value is made of, and the type that it is selected on. */
interface Used {
  readonly type: string;
  readonly selection: SelectionSetNode;
}

/**
 * Reads what a field demands because of what it is made of: the value of a field with `@requires` or `@fromContext` may
 * tell what the fields told that it uses. Composition of today refuses a schema in which such a field does not demand
 * as much itself; supergraphs that were composed elsewhere, or earlier, are served all the same (GHSA-m8jr-fxqx-8xx6).
 */
export function readTransitive(supergraph: DocumentNode, known: Known): (type: string, name: string) => Access[] {
  const returned = new Map<string, string>();
  const used = new Map<string, Used[]>();
  const contexts = new Map<string, string[]>();
  const types = supergraph.definitions.filter(
    (node) =>
      node.kind === Kind.OBJECT_TYPE_DEFINITION ||
      node.kind === Kind.INTERFACE_TYPE_DEFINITION ||
      node.kind === Kind.UNION_TYPE_DEFINITION,
  );
  for (const type of types) {
    const holders =
      type.kind === Kind.UNION_TYPE_DEFINITION ? (type.types ?? []).map(({ name }) => name.value) : [type.name.value];
    for (const directive of type.directives ?? []) {
      if (directive.name.value !== 'context') continue;
      const context = String(argumentOf(directive, 'name'));
      contexts.set(context, [...(contexts.get(context) ?? []), ...holders]);
    }
  }
  for (const type of types) {
    const { name } = type;
    for (const field of type.kind === Kind.UNION_TYPE_DEFINITION ? [] : (type.fields ?? [])) {
      const key = `${name.value}.${field.name.value}`;
      returned.set(key, namedType(field.type));
      const uses = usesOf(name.value, field, contexts);
      if (uses.length > 0) used.set(key, uses);
    }
  }

  function collect(key: string, found: Set<Access>, seen: Set<string>): void {
    if (seen.has(key)) return;
    seen.add(key);
    for (const { type, selection } of used.get(key) ?? []) walk(selection, type, found, seen);
  }

  function walk(set: SelectionSetNode, type: string, found: Set<Access>, seen: Set<string>): void {
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, selection.typeCondition?.name.value ?? type, found, seen);
      } else if (selection.kind === Kind.FIELD) {
        const key = `${type}.${selection.name.value}`;
        const target = returned.get(key);
        const ofTarget = target === undefined ? undefined : known.type(target);
        for (const policy of [known.field(type, selection.name.value), ofTarget]) {
          if (policy?.access) found.add(policy.access);
        }
        collect(key, found, seen);
        if (selection.selectionSet && target !== undefined) walk(selection.selectionSet, target, found, seen);
      }
    }
  }

  return (type, name) => {
    const found = new Set<Access>();
    collect(`${type}.${name}`, found, new Set());
    return [...found];
  };
}

function usesOf(type: string, field: FieldDefinitionNode, contexts: ReadonlyMap<string, readonly string[]>): Used[] {
  return (field.directives ?? []).flatMap((directive): Used[] => {
    if (directive.name.value !== 'join__field') return [];
    const requires = argumentOf(directive, 'requires');
    const given = argumentOf(directive, 'contextArguments') as { context: string; selection: string }[] | undefined;
    return [
      ...(typeof requires === 'string' ? [{ type, selection: selectionOf(requires) }] : []),
      ...(given ?? []).flatMap(({ context, selection }) =>
        (contexts.get(context) ?? []).map((holder) => ({ type: holder, selection: selectionOf(selection) })),
      ),
    ];
  });
}

/** `a b { c }`, with or without braces around it. */
function selectionOf(text: string): SelectionSetNode {
  const document = parse(text.trim().startsWith('{') ? text : `{ ${text} }`, { noLocation: true });
  const [operation] = document.definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION
    ? operation.selectionSet
    : { kind: Kind.SELECTION_SET, selections: [] };
}

const namedType = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type));

const argumentOf = (directive: ConstDirectiveNode, name: string): unknown => {
  const found = directive.arguments?.find((one) => one.name.value === name);
  return found && valueFromASTUntyped(found.value);
};
