import {
  type FieldNode,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
} from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';

/** A field where it stands. Its parent type follows from the document: fragments name their types. */
interface Placed {
  readonly node: FieldNode;
  readonly parent: GraphQLNamedType | undefined;
  readonly type: GraphQLOutputType | undefined;
  /** Different for each field node of the document. */
  readonly id: number;
}

/** Fields that are looked at for one operation, one for each place that fragments bring it to. */
const MAX_LOOKS = 200_000;
/** Levels of fields in one another. Fragments that hold one another have no end, and the rule about it runs beside. */
const MAX_LEVELS = 1_000;

/**
 * Refuses what the specification's "Field Selection Merging" refuses. The rule of graphql-js compares each field with
 * each other one of its response name, which takes a second for a document of the largest size; this one compares each
 * with the first of its kind. Fields of one response name must have the same shape, whatever their parent types are;
 * and those that one object may have must be the same field with the same arguments. What they select counts as one
 * set.
 */
export const OverlappingFieldsRule: ValidationRule = (context) => ({
  OperationDefinition(operation) {
    new Overlap(context).check(operation);
    return false;
  },
});

class Overlap {
  readonly #context: ValidationContext;
  readonly #schema: GraphQLSchema;
  readonly #placed = new Map<FieldNode, Placed>();
  readonly #argumentsOf = new Map<FieldNode, string>();
  readonly #checked = new Set<string>();
  #left = MAX_LOOKS;

  constructor(context: ValidationContext) {
    this.#context = context;
    this.#schema = context.getSchema();
  }

  check(operation: OperationDefinitionNode): void {
    const root = this.#schema.getRootType(operation.operation) ?? undefined;
    const fields = this.#collect([[operation.selectionSet, root]]);
    if (this.#checkSame(fields)) this.#checkShapes(fields);
    if (this.#left >= 0) return;
    const message = `Fields come together in more than ${MAX_LOOKS} places once fragments are opened. Spread fewer fragments.`;
    this.#context.reportError(new CodedError('OPERATION_TOO_COMPLEX', message));
  }

  /** @returns whether there is no conflict. */
  #checkShapes(fields: readonly Placed[], level = 1): boolean {
    if (this.#isKnown('shape', fields)) return true;
    if (level > MAX_LEVELS) return this.#giveUp();
    for (const [name, group] of byResponseName(fields)) {
      const first = group.find(({ type }) => type !== undefined);
      for (const other of group) {
        if (!first || !other.type || isSameShape(first.type!, other.type)) continue;
        const reason = `they return conflicting types "${String(first.type)}" and "${String(other.type)}"`;
        return this.#report(name, reason, first, other);
      }
      if (!this.#checkShapes(this.#below(group), level + 1)) return false;
    }
    return this.#left >= 0;
  }

  /** @returns whether there is no conflict. */
  #checkSame(fields: readonly Placed[], level = 1): boolean {
    if (this.#isKnown('same', fields)) return true;
    if (level > MAX_LEVELS) return this.#giveUp();
    for (const [name, group] of byResponseName(fields)) {
      for (const same of this.#byObject(group)) {
        const [first] = same as [Placed];
        for (const other of same) {
          const reason = this.#difference(first.node, other.node);
          if (reason !== undefined) return this.#report(name, reason, first, other);
        }
        if (!this.#checkSame(this.#below(same), level + 1)) return false;
      }
    }
    return this.#left >= 0;
  }

  #giveUp(): false {
    this.#left = -1;
    return false;
  }

  /** The fields that objects of one type may have together: its own, and those of abstract types. */
  #byObject(group: readonly Placed[]): readonly (readonly Placed[])[] {
    const own = new Map<GraphQLNamedType, Placed[]>();
    const shared: Placed[] = [];
    for (const field of group) {
      if (!isObjectType(field.parent)) shared.push(field);
      else if (own.has(field.parent)) own.get(field.parent)!.push(field);
      else own.set(field.parent, [field]);
    }
    if (own.size === 0) return [shared];
    this.#left -= shared.length * own.size;
    if (this.#left < 0) return [];
    return [...own.values()].map((fields) => [...fields, ...shared]);
  }

  #below(fields: readonly Placed[]): readonly Placed[] {
    const sets: [SelectionSetNode, GraphQLNamedType | undefined][] = [];
    for (const { node, type } of fields) if (node.selectionSet) sets.push([node.selectionSet, getNamedType(type)]);
    return sets.length === 0 ? [] : this.#collect(sets);
  }

  #collect(sets: readonly [SelectionSetNode, GraphQLNamedType | undefined][]): readonly Placed[] {
    const fields: Placed[] = [];
    const spread = new Set<string>();
    const open = [...sets];
    for (let next = open.pop(); next; next = open.pop()) {
      const [{ selections }, parent] = next;
      this.#left -= selections.length;
      if (this.#left < 0) return [];
      for (const node of selections) {
        if (node.kind === Kind.FIELD) {
          fields.push(this.#place(node, parent));
          continue;
        }
        if (node.kind === Kind.FRAGMENT_SPREAD) {
          if (spread.has(node.name.value)) continue;
          spread.add(node.name.value);
        }
        const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.#context.getFragment(node.name.value) : node;
        if (!fragment) continue;
        const condition = fragment.typeCondition?.name.value;
        open.push([fragment.selectionSet, condition === undefined ? parent : this.#schema.getType(condition)]);
      }
    }
    return fields;
  }

  #place(node: FieldNode, parent: GraphQLNamedType | undefined): Placed {
    let placed = this.#placed.get(node);
    if (!placed) {
      const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : undefined;
      placed = { node, parent, type: fields?.[node.name.value]?.type, id: this.#placed.size };
      this.#placed.set(node, placed);
    }
    return placed;
  }

  /** The same fields come together again and again where fragments hold one another. */
  #isKnown(kind: string, fields: readonly Placed[]): boolean {
    if (fields.length === 0) return true;
    if (!fields.some(({ node }) => node.selectionSet)) return false;
    const ids = Uint32Array.from(fields, ({ id }) => id).sort();
    const key = `${kind} ${ids.join()}`;
    if (this.#checked.has(key)) return true;
    this.#checked.add(key);
    return false;
  }

  #difference(a: FieldNode, b: FieldNode): string | undefined {
    if (a === b) return undefined;
    if (a.name.value !== b.name.value) return `"${a.name.value}" and "${b.name.value}" are different fields`;
    return this.#arguments(a) === this.#arguments(b) ? undefined : 'they have differing arguments';
  }

  #arguments(node: FieldNode): string {
    let text = this.#argumentsOf.get(node);
    if (text === undefined) {
      const given = (node.arguments ?? []).map(({ name, value }) => `${name.value}:${print(sorted(value))}`);
      text = given.sort().join('\0');
      this.#argumentsOf.set(node, text);
    }
    return text;
  }

  #report(name: string, reason: string, a: Placed, b: Placed): false {
    const advice = 'Use different aliases on the fields to fetch both if this was intentional.';
    const message = `Fields "${name}" conflict because ${reason}. ${advice}`;
    this.#context.reportError(new GraphQLError(message, { nodes: [a.node, b.node] }));
    return false;
  }
}

function byResponseName(fields: readonly Placed[]): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const field of fields) {
    const name = (field.node.alias ?? field.node.name).value;
    const known = groups.get(name);
    if (known) known.push(field);
    else groups.set(name, [field]);
  }
  return groups;
}

/** Whether answers of two types look alike: the same lists and nulls around the same leaf, or around objects. */
function isSameShape(a: GraphQLOutputType, b: GraphQLOutputType): boolean {
  if (a === b) return true;
  if (isListType(a) || isListType(b)) return isListType(a) && isListType(b) && isSameShape(a.ofType, b.ofType);
  if (isNonNullType(a) || isNonNullType(b)) {
    return isNonNullType(a) && isNonNullType(b) && isSameShape(a.ofType, b.ofType);
  }
  return !isLeafType(a) && !isLeafType(b);
}

/** The order of an input object's fields makes no other value. */
function sorted(value: ValueNode): ValueNode {
  if (value.kind === Kind.LIST) return { ...value, values: value.values.map(sorted) };
  if (value.kind !== Kind.OBJECT) return value;
  const fields = value.fields.map((field) => ({ ...field, value: sorted(field.value) }));
  return { ...value, fields: fields.sort((a, b) => (a.name.value < b.name.value ? -1 : 1)) };
}
