import { type ConstDirectiveNode, Kind, parse, type SelectionSetNode, valueFromASTUntyped } from 'graphql';

/** The words of `@cacheControl` on a field, or on a type wherever a field returns it. */
export interface CacheHint {
  /** Seconds; undefined with `inheritMaxAge`. */
  readonly maxAge: number | undefined;
  readonly scope: 'PUBLIC' | 'PRIVATE' | undefined;
  /** Whether it is kept as long as what holds it. */
  readonly inheritMaxAge: boolean;
}

/** The format of a tag, `user-{$key.id}`, that a subgraph gives what it answers. */
export interface TagFormat {
  readonly subgraph: string;
  readonly format: string;
}

/** The words of a supergraph about keeping answers. */
export interface CacheHints {
  /** Of a type (`User`) or a field (`User.name`). */
  hint(coordinate: string): CacheHint | undefined;
  /** `@cacheTag` of a type or a root field. */
  formats(coordinate: string): readonly TagFormat[];
  /** All coordinates that have formats. */
  readonly tagged: readonly string[];
  /** The different keys of an entity, in all subgraphs, each as its field set. */
  keys(type: string): readonly KeySet[];
}

/** The fields of one `@key`. */
export interface KeySet {
  /** Equal for equal keys. */
  readonly text: string;
  readonly selections: SelectionSetNode;
}

type Arguments = Readonly<Record<string, unknown>>;

/** Reads `@cacheControl`, `@cacheTag` and keys in the SDL of a supergraph. */
export function readCacheHints(sdl: string): CacheHints {
  const document = parse(sdl, { noLocation: true });
  const hints = new Map<string, CacheHint>();
  const formats = new Map<string, TagFormat[]>();
  const keys = new Map<string, Map<string, KeySet>>();
  const graphs = new Map<string, string>();
  const own = new Set(['cacheControl']);

  for (const node of document.definitions) {
    if (node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph') {
      for (const { name, directives } of node.values ?? []) {
        const graph = argumentsOf(directives?.find((one) => one.name.value === 'join__graph'));
        graphs.set(name.value, String(graph['name'] ?? name.value));
      }
    }
    if (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION) {
      for (const directive of node.directives ?? []) for (const name of importedAs(directive)) own.add(name);
    }
  }

  function note(coordinate: string, directives: readonly ConstDirectiveNode[] | undefined): void {
    for (const directive of directives ?? []) {
      const given = argumentsOf(directive);
      if (own.has(directive.name.value)) hints.set(coordinate, hintOf(given));
      if (directive.name.value === 'join__directive' && /(^|__)cacheTag$/.test(String(given['name']))) {
        const format = (given['args'] as Arguments | undefined)?.['format'];
        if (typeof format !== 'string') continue;
        for (const graph of (given['graphs'] as readonly string[] | undefined) ?? []) {
          const known = formats.get(coordinate) ?? [];
          formats.set(coordinate, [...known, { subgraph: graphs.get(graph) ?? graph, format }]);
        }
      }
      if (directive.name.value === 'join__type' && typeof given['key'] === 'string') {
        const set = keySetOf(given['key']);
        keys.set(coordinate, (keys.get(coordinate) ?? new Map<string, KeySet>()).set(set.text, set));
      }
    }
  }

  for (const node of document.definitions) {
    if (
      node.kind !== Kind.OBJECT_TYPE_DEFINITION &&
      node.kind !== Kind.INTERFACE_TYPE_DEFINITION &&
      node.kind !== Kind.UNION_TYPE_DEFINITION
    ) {
      continue;
    }
    note(node.name.value, node.directives);
    if (node.kind === Kind.UNION_TYPE_DEFINITION) continue;
    for (const field of node.fields ?? []) note(`${node.name.value}.${field.name.value}`, field.directives);
  }
  return {
    hint: (coordinate) => hints.get(coordinate),
    formats: (coordinate) => formats.get(coordinate) ?? [],
    tagged: [...formats.keys()],
    keys: (type) => [...(keys.get(type)?.values() ?? [])],
  };
}

/** The names that a schema gives the directive of the feature cacheControl. */
function importedAs(directive: ConstDirectiveNode): string[] {
  const { url, as, import: imported } = argumentsOf(directive);
  if (directive.name.value !== 'link' || !/\/cacheControl\/v[\d.]+$/.test(String(url))) return [];
  const names = Array.isArray(imported) ? (imported as (string | { name: string; as?: string })[]) : [];
  return [
    ...(typeof as === 'string' ? [as] : []),
    ...names.flatMap((item) => {
      const name = typeof item === 'string' ? item : item.name;
      return name === '@cacheControl' ? [(typeof item === 'string' ? name : (item.as ?? name)).replace('@', '')] : [];
    }),
  ];
}

function hintOf({ maxAge, scope, inheritMaxAge }: Arguments): CacheHint {
  return {
    maxAge: typeof maxAge === 'number' && inheritMaxAge !== true ? maxAge : undefined,
    scope: scope === 'PUBLIC' || scope === 'PRIVATE' ? scope : undefined,
    inheritMaxAge: inheritMaxAge === true,
  };
}

function keySetOf(text: string): KeySet {
  const document = parse(`{ ${text} }`, { noLocation: true });
  const [definition] = document.definitions;
  const selections = (definition as { readonly selectionSet: SelectionSetNode }).selectionSet;
  return { text: fieldsOf(selections), selections };
}

/** A field set in one order. */
const fieldsOf = ({ selections }: SelectionSetNode): string =>
  selections
    .flatMap((node) =>
      node.kind === Kind.FIELD
        ? [`${node.name.value}${node.selectionSet ? `{${fieldsOf(node.selectionSet)}}` : ''}`]
        : [],
    )
    .sort()
    .join(' ');

const argumentsOf = (directive: ConstDirectiveNode | undefined): Arguments =>
  Object.fromEntries((directive?.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));
