import {
  type ConstDirectiveNode,
  type DefinitionNode,
  Kind,
  parse,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';

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
  const { definitions } = parse(sdl, { noLocation: true });
  const graphs = graphNames(definitions);
  const own = new Set(['cacheControl', ...definitions.flatMap(ownNames)]);
  const hints = new Map<string, CacheHint>();
  const formats = new Map<string, TagFormat[]>();
  const keys = new Map<string, Map<string, KeySet>>();

  function note(coordinate: string, directives: readonly ConstDirectiveNode[] | undefined): void {
    for (const directive of directives ?? []) {
      const name = directive.name.value;
      const given = argumentsOf(directive);
      if (own.has(name)) hints.set(coordinate, hintOf(given));
      else if (name === 'join__directive') noteFormats(coordinate, given);
      else if (name === 'join__type' && typeof given['key'] === 'string') noteKey(coordinate, given['key']);
    }
  }

  function noteFormats(coordinate: string, given: Arguments): void {
    const format = (given['args'] as Arguments | undefined)?.['format'];
    if (!/(^|__)cacheTag$/.test(String(given['name'])) || typeof format !== 'string') return;
    for (const graph of (given['graphs'] as readonly string[] | undefined) ?? []) {
      const known = formats.get(coordinate) ?? [];
      formats.set(coordinate, [...known, { subgraph: graphs.get(graph) ?? graph, format }]);
    }
  }

  function noteKey(coordinate: string, key: string): void {
    const set = keySetOf(key);
    keys.set(coordinate, (keys.get(coordinate) ?? new Map<string, KeySet>()).set(set.text, set));
  }

  for (const node of definitions) {
    const hasFields = node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION;
    if (!hasFields && node.kind !== Kind.UNION_TYPE_DEFINITION) continue;
    note(node.name.value, node.directives);
    if (!hasFields) continue;
    for (const field of node.fields ?? []) note(`${node.name.value}.${field.name.value}`, field.directives);
  }
  return {
    hint: (coordinate) => hints.get(coordinate),
    formats: (coordinate) => formats.get(coordinate) ?? [],
    tagged: [...formats.keys()],
    keys: (type) => [...(keys.get(type)?.values() ?? [])],
  };
}

/** The subgraphs by the names that the supergraph's enum has for them. */
function graphNames(definitions: readonly DefinitionNode[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const node of definitions) {
    if (node.kind !== Kind.ENUM_TYPE_DEFINITION || node.name.value !== 'join__Graph') continue;
    for (const { name, directives } of node.values ?? []) {
      const graph = argumentsOf(directives?.find((one) => one.name.value === 'join__graph'));
      names.set(name.value, String(graph['name'] ?? name.value));
    }
  }
  return names;
}

/** What the links of a schema call `@cacheControl`. */
const ownNames = (node: DefinitionNode): readonly string[] =>
  node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
    ? (node.directives ?? []).flatMap(importedAs)
    : [];

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
