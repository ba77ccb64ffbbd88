import {
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';
import type { PolicyDirectives } from '../policy/directives.ts';
import type { Admitted } from '../policy/pipeline.ts';

/** Tags by which the fields of an event say how two events in a row become one. docs/subscriptions.md explains them. */
const TAGS = { append: 'stream-append', first: 'stream-first', offset: 'stream-offset' } as const;

/**
 * The way in which the events of one subscription operation can be merged, and where the offset to resume from stands.
 */
export interface Merging {
  readonly merge?: ((earlier: string, later: string) => string | undefined) | undefined;
  readonly offsetOf?: ((json: string) => unknown) | undefined;
}

/** One type of event, as the client has selected it. */
interface EventShape {
  readonly typeName: string;
  /** All response keys, sorted, joined: tells the shape where `__typename` was not selected. */
  readonly keys: string;
  readonly typenameKey: string | undefined;
  readonly append: readonly string[];
  readonly first: readonly string[];
  readonly offset: string | undefined;
  /** Whether there is nothing but leaves, so that two events can be one. */
  readonly flat: boolean;
}

/**
 * Reads the tags of the event types that an operation selects. Merging works on the answers as the client gets them, so
 * it heeds aliases; where two types of event cannot be told apart, nothing is merged.
 */
export function readMerging(admitted: Admitted, schema: GraphQLSchema, directives: PolicyDirectives): Merging {
  const root = admitted.prepared.operation.selectionSet.selections[0];
  const type = schema.getSubscriptionType();
  if (!directives.any.tags || root?.kind !== Kind.FIELD || !root.selectionSet || !type) return {};
  const returned = getNamedType(type.getFields()[root.name.value]!.type);
  const types = isAbstractType(returned) ? schema.getPossibleTypes(returned) : isObjectType(returned) ? [returned] : [];
  const fragments = fragmentsOf(admitted.prepared.document);
  const set = root.selectionSet;
  const shapes = types.map((one) => shapeOf(one, set, schema, directives, fragments));
  const rootKey = root.alias?.value ?? root.name.value;
  return {
    merge: shapes.some(({ append }) => append.length > 0) ? mergeBy(rootKey, shapes) : undefined,
    offsetOf: shapes.some(({ offset }) => offset !== undefined) ? offsetBy(rootKey, shapes) : undefined,
  };
}

function shapeOf(
  type: GraphQLObjectType,
  selectionSet: SelectionSetNode,
  schema: GraphQLSchema,
  directives: PolicyDirectives,
  fragments: Fragments,
): EventShape {
  const keys = new Map<string, string>();
  // Each once: fragments that spread others twice would take twice the time with each level.
  const spread = new Set<string>();
  let flat = true;
  const collect = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (selection.directives?.length) flat = false; // a condition: the keys are not known
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value;
        keys.set(selection.alias?.value ?? name, name);
        const field = type.getFields()[name];
        if (field && !isLeafType(getNamedType(field.type))) flat = false;
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (spread.has(selection.name.value)) continue;
        spread.add(selection.name.value);
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      if (!fragment) continue;
      const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
      const applies =
        !condition || condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
      if (applies) collect(fragment.selectionSet);
    }
  };
  collect(selectionSet);
  const tagged = (tag: string): string[] =>
    [...keys].filter(([, name]) => directives.field(type.name, name)?.tags.includes(tag)).map(([key]) => key);
  return {
    typeName: type.name,
    keys: [...keys.keys()].sort().join(' '),
    typenameKey: [...keys].find(([, name]) => name === '__typename')?.[0],
    append: tagged(TAGS.append),
    first: tagged(TAGS.first),
    offset: tagged(TAGS.offset)[0],
    flat,
  };
}

type Event = Record<string, unknown>;

/** The event in an answer that has no errors. */
function eventOf(json: string, rootKey: string): Event | undefined {
  const { data, errors } = JSON.parse(json) as { data?: Event | null; errors?: unknown };
  const event = errors === undefined ? data?.[rootKey] : undefined;
  return typeof event === 'object' && event !== null ? (event as Event) : undefined;
}

function shapeFor(event: Event, shapes: readonly EventShape[]): EventShape | undefined {
  const keys = Object.keys(event).sort().join(' ');
  const found = shapes.filter(
    (shape) => shape.keys === keys && (shape.typenameKey === undefined || event[shape.typenameKey] === shape.typeName),
  );
  return found.length === 1 ? found[0] : undefined;
}

const mergeBy =
  (rootKey: string, shapes: readonly EventShape[]) =>
  (earlier: string, later: string): string | undefined => {
    const [a, b] = [eventOf(earlier, rootKey), eventOf(later, rootKey)];
    if (!a || !b) return undefined;
    const shape = shapeFor(a, shapes);
    if (!shape?.flat || shape.append.length === 0 || shapeFor(b, shapes) !== shape) return undefined;
    const merged: Event = { ...b };
    for (const key of shape.first) merged[key] = a[key];
    for (const key of shape.append) merged[key] = `${a[key] ?? ''}${b[key] ?? ''}`;
    return JSON.stringify({ data: { [rootKey]: merged } });
  };

const offsetBy =
  (rootKey: string, shapes: readonly EventShape[]) =>
  (json: string): unknown => {
    const event = eventOf(json, rootKey);
    const key = event && shapeFor(event, shapes)?.offset;
    return key === undefined ? undefined : event![key];
  };
