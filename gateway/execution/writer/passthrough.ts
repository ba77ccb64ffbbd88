import {
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  stripIgnoredCharacters,
} from 'graphql';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';
import type { Plan, RootFetch } from '../planning/plan.ts';
import { collectEntries, type Guarded } from '../prepare/collect.ts';
import type { Names } from '../prepare/names.ts';

/**
 * Returns the plan's only fetch, when what it brings has the shape that the client asked for, key by key in the same
 * order: then it can ask for it by the client's own names, and the subgraph's bytes can be the answer. Shapes that only
 * look the same to clients (hidden enum values, hidden types of an interface) do not count.
 *
 * @param operation as it was planned.
 * @returns the fetch with the client's names.
 */
export function passthroughFetch(
  plan: Plan,
  api: GraphQLSchema,
  supergraph: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  names: Names,
): RootFetch | undefined {
  const fetch = plan.primary ? (plan.root ? undefined : plan.primary) : plan.root;
  if (fetch?.kind !== 'root' || fetch.target.length > 0 || fetch.outputRewrites.length > 0) return undefined;
  const document: DocumentNode = parse(fetch.text, { noLocation: true });
  const sent = document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION);
  const root = api.getRootType(operation.operation);
  if (!sent || !root || sent.operation !== operation.operation) return undefined;
  const asked = { selected: [{ set: operation.selectionSet, guard: [] }], fragments };
  const given = { selected: [{ set: sent.selectionSet, guard: [] }], fragments: fragmentsOf(document) };
  const budget = { left: MAX_COMPARISONS };
  if (!equalShapes(asked, given, root, { api, supergraph, budget, names })) return undefined;
  return { ...fetch, text: stripIgnoredCharacters(print(names.restored(document))) };
}

/** Interfaces within interfaces multiply; what is not compared within this many objects is not passed through. */
const MAX_COMPARISONS = 2_000;

interface Scope {
  readonly api: GraphQLSchema;
  readonly supergraph: GraphQLSchema;
  readonly budget: { left: number };
  readonly names: Names;
}

interface Shape {
  readonly selected: readonly Guarded[];
  readonly fragments: Fragments;
}

function equalShapes(asked: Shape, given: Shape, type: GraphQLCompositeType, scope: Scope): boolean {
  const { api, supergraph, budget, names } = scope;
  if (--budget.left < 0) return false;
  if (isAbstractType(type)) {
    const visible = api.getPossibleTypes(type);
    const all = supergraph.getType(type.name);
    if (!isAbstractType(all) || supergraph.getPossibleTypes(all).length !== visible.length) return false;
    return visible.every((possible) => equalShapes(asked, given, possible, scope));
  }
  const { entries: wanted, places } = collectEntries(asked.selected, type, api, asked.fragments);
  const { entries: got, places: placesGot } = collectEntries(given.selected, type, api, given.fragments);
  if (wanted.length !== got.length || JSON.stringify(places) !== JSON.stringify(placesGot)) return false;
  return wanted.every((entry, i) => {
    const other = got[i]!;
    if (entry.responseName !== other.responseName || entry.name !== other.name) return false;
    // The gateway looks for the types of objects under this name, where it has to read the answer.
    if (names.clientName(entry.responseName) === '__typename' && entry.name !== '__typename') return false;
    if (JSON.stringify(entry.guards) !== JSON.stringify(other.guards)) return false;
    const field = 'getFields' in type ? type.getFields()[entry.name] : undefined;
    if (!field) return entry.name === '__typename';
    const named = getNamedType(field.type);
    if (isEnumType(named)) {
      const all = supergraph.getType(named.name);
      return isEnumType(all) && all.getValues().length === named.getValues().length;
    }
    return (
      !isCompositeType(named) ||
      equalShapes(
        { selected: entry.children, fragments: asked.fragments },
        { selected: other.children, fragments: given.fragments },
        named,
        scope,
      )
    );
  });
}

// Of answers that end as one with nothing but data does, only those with extensions have more. An expression that
// begins with either bracket is looked for in half the time that the bytes of two take.
const EXTENSIONS = /[}\]],"extensions":\{/;
const CLOSE = 125;
const NEWLINE = 10;
const DATA_OBJECT = Buffer.from('{"data":{');

/** Returns whether a subgraph's bytes are `{"data":{…}}` and nothing else. */
export function isPlainData(bytes: Uint8Array): boolean {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.at(-1) === NEWLINE ? buffer.length - 1 : buffer.length;
  return (
    end > DATA_OBJECT.length &&
    buffer.compare(DATA_OBJECT, 0, DATA_OBJECT.length, 0, DATA_OBJECT.length) === 0 &&
    buffer[end - 1] === CLOSE &&
    buffer[end - 2] === CLOSE &&
    !EXTENSIONS.test(buffer.toString('latin1'))
  );
}
