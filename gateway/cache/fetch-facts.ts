import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  print,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';
import { type Fragments, fragmentsOf } from '#platform/base/graphql/fragments.ts';
import type { CacheHints } from './cache-hints.ts';
import { dependency, keyValue, tagOf } from './dependencies.ts';

type Data = Readonly<Record<string, unknown>>;

/** The words of `@cacheControl` on all that a fetch asks for, together. */
export interface HintedPolicy {
  /** The smallest that is said, in seconds; undefined where nothing is. */
  readonly maxAge: number | undefined;
  /** Whether something of it says nothing of its age and inherits none: the default holds for it. */
  readonly needsDefault: boolean;
  readonly isPrivate: boolean;
  /** Whether everything that it begins with is said to be public. */
  readonly isPublic: boolean;
}

/** The facts that are known of the answers to a fetch before it is sent. */
export interface FetchFacts {
  /** The selection, in one order of writing: equal ones have equal answers to equal questions. */
  readonly selection: string;
  readonly hinted: HintedPolicy;
  /** What every answer depends on. */
  readonly names: readonly string[];
  /** What the answer to one question depends on beside that: to a representation, or to the variables. */
  namesOf(asked: Data): readonly string[];
}

export interface FactsOptions {
  readonly subgraph: string;
  /** The operation that the subgraph gets. */
  readonly text: string;
  readonly full: GraphQLSchema;
  readonly hints: CacheHints;
  /** Response name of the `_entities` field; undefined for a fetch of root fields. */
  readonly alias: string | undefined;
}

/**
 * Reads a fetch.
 *
 * @returns undefined where it asks for something that the graph does not explain; nothing of that is kept.
 */
export function readFetchFacts(options: FactsOptions): FetchFacts | undefined {
  try {
    return new FactsReader(options).read();
  } catch (error) {
    if (error instanceof Unexplained) return undefined;
    throw error;
  }
}

class Unexplained extends Error {}

class FactsReader {
  readonly #options: FactsOptions;
  readonly #definitions: DocumentNode['definitions'];
  readonly #fragments: Fragments;
  readonly #names = new Set<string>();
  readonly #ofRoots: ((variables: Data) => string)[] = [];
  #maxAge: number | undefined;
  #needsDefault = false;
  #isPrivate = false;
  #isPublic = true;

  constructor(options: FactsOptions) {
    this.#options = options;
    const document = parse(options.text, { noLocation: true });
    this.#definitions = document.definitions;
    this.#fragments = fragmentsOf(document);
  }

  read(): FetchFacts {
    const { alias, subgraph, full } = this.#options;
    const operation = this.#definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)!;
    this.#names.add(dependency.subgraph(subgraph));
    let set = operation.selectionSet;
    if (alias === undefined) {
      this.#names.add(dependency.some(full.getQueryType()!.name));
      this.#walk(set, full.getQueryType()!.name, 'root');
    } else {
      const field = set.selections.find(
        (node): node is FieldNode => node.kind === Kind.FIELD && (node.alias ?? node.name).value === alias,
      );
      if (!field?.selectionSet) throw new Unexplained();
      set = field.selectionSet;
      for (const node of set.selections) {
        if (node.kind === Kind.FIELD) continue;
        const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(node.name.value) : node;
        const type = fragment?.typeCondition?.name.value;
        if (!fragment || type === undefined) throw new Unexplained();
        this.#begin(type);
        this.#walk(fragment.selectionSet, type, 'entity');
      }
    }
    const isKeyed = alias !== undefined;
    return {
      selection: this.#written(set),
      names: [...this.#names],
      hinted: {
        maxAge: this.#maxAge,
        needsDefault: this.#needsDefault,
        isPrivate: this.#isPrivate,
        isPublic: this.#isPublic && !this.#isPrivate,
      },
      namesOf: isKeyed
        ? (representation) => this.#ofEntity(representation)
        : (variables) => this.#ofRoots.map((nameOf) => nameOf(variables)),
    };
  }

  /** An entity as the beginning of what is asked: its type says how long it is kept. */
  #begin(type: string): void {
    const hint = this.#options.hints.hint(type);
    this.#note(hint?.maxAge, hint?.scope);
    if (hint?.maxAge === undefined) this.#needsDefault = true;
    if (hint?.scope !== 'PUBLIC') this.#isPublic = false;
  }

  #note(maxAge: number | undefined, scope: 'PUBLIC' | 'PRIVATE' | undefined): void {
    if (maxAge !== undefined) this.#maxAge = Math.min(this.#maxAge ?? maxAge, maxAge);
    if (scope === 'PRIVATE') this.#isPrivate = true;
  }

  #walk(set: SelectionSetNode, parent: string, place: 'root' | 'entity' | 'below'): void {
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        if (node.name.value !== '__typename') this.#field(node, parent, place);
        continue;
      }
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(node.name.value) : node;
      if (!fragment) throw new Unexplained();
      this.#walk(fragment.selectionSet, fragment.typeCondition?.name.value ?? parent, place);
    }
  }

  #field(node: FieldNode, parent: string, place: 'root' | 'entity' | 'below'): void {
    const { full, hints } = this.#options;
    const type = full.getType(parent);
    const name = node.name.value;
    const definition = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
    if (!definition) throw new Unexplained();
    const named = getNamedType(definition.type);
    const possible = isAbstractType(type) ? full.getPossibleTypes(type).map((one) => one.name) : [];
    const owners = possible.length > 0 ? possible : [parent];
    // Of an interface's own field counts what it says; what it does not say, the fields of its objects do.
    const ofInterface = hints.hint(`${parent}.${name}`);
    if (possible.length > 0) this.#note(ofInterface?.maxAge, ofInterface?.scope);
    const isRoot = place === 'root';
    for (const owner of owners) this.#noteField(`${owner}.${name}`, named, isRoot);
    if (isRoot) this.#noteTags(node, `${parent}.${name}`);
    if (!isCompositeType(named) || !node.selectionSet) return;
    this.#noteType(named);
    this.#walk(node.selectionSet, named.name, 'below');
    // Fragments within say more of the type than the field does.
    for (const one of conditionsIn(node.selectionSet, this.#fragments)) this.#names.add(dependency.some(one));
  }

  /** How long and for whom a field is kept: what it says itself comes before what its type says. */
  #noteField(coordinate: string, named: GraphQLNamedType, isRoot: boolean): void {
    const { hints } = this.#options;
    const own = hints.hint(coordinate);
    const ofType = isCompositeType(named) ? hints.hint(named.name) : undefined;
    const maxAge = own?.maxAge ?? ofType?.maxAge;
    const scope = own?.scope ?? ofType?.scope;
    this.#note(maxAge, scope);
    const inherits = own?.inheritMaxAge || (!isRoot && !isCompositeType(named)) || ofType?.inheritMaxAge;
    if (maxAge === undefined && (isRoot || !inherits)) this.#needsDefault = true;
    if (isRoot && scope !== 'PUBLIC') this.#isPublic = false;
  }

  /** The tags of a root field, by which its answers are invalidated. */
  #noteTags(node: FieldNode, coordinate: string): void {
    const { hints, subgraph } = this.#options;
    for (const { format, subgraph: from } of hints.formats(coordinate)) {
      if (from !== subgraph) continue;
      const unknown = dependency.format(subgraph, coordinate);
      this.#ofRoots.push((variables) => {
        const tag = tagOf(format, { args: argumentsOf(node, variables) });
        return tag === undefined ? unknown : dependency.tag(tag);
      });
    }
  }

  /** The type of a field, and the types that may stand in its place. */
  #noteType(named: GraphQLCompositeType): void {
    const { full, hints, subgraph } = this.#options;
    const held = isAbstractType(named) ? full.getPossibleTypes(named).map((one) => one.name) : [];
    for (const one of new Set([named.name, ...held])) {
      this.#names.add(dependency.some(one));
      if (hints.formats(one).some((format) => format.subgraph === subgraph)) {
        this.#names.add(dependency.format(subgraph, one));
      }
      if (one === named.name) continue;
      const hint = hints.hint(one);
      this.#note(hint?.maxAge, hint?.scope);
    }
  }

  #ofEntity(representation: Data): string[] {
    const { hints, subgraph } = this.#options;
    const type = String(representation['__typename']);
    const names = [dependency.type(type)];
    for (const set of hints.keys(type)) {
      const value = keyValue(set, representation);
      names.push(value === undefined ? dependency.unkeyed(type, set) : dependency.key(type, set, value));
    }
    for (const { format, subgraph: from } of hints.formats(type)) {
      if (from !== subgraph) continue;
      const tag = tagOf(format, { key: representation });
      names.push(tag === undefined ? dependency.format(subgraph, type) : dependency.tag(tag));
    }
    return names;
  }

  /** A selection with its parts sorted, and fragments where they are spread. */
  #written({ selections }: SelectionSetNode): string {
    const parts = selections.map((node) => {
      if (node.kind === Kind.FIELD) {
        const { selectionSet, ...rest } = node;
        return `${print(rest)}${selectionSet ? this.#written(selectionSet) : ''}`;
      }
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(node.name.value)! : node;
      const directives = (node.directives ?? []).map(print).join(' ');
      return `...${fragment.typeCondition?.name.value ?? ''} ${directives}${this.#written(fragment.selectionSet)}`;
    });
    return `{${[...new Set(parts)].sort().join(' ')}}`;
  }
}

function conditionsIn(set: SelectionSetNode, fragments: Fragments): string[] {
  return set.selections.flatMap((node) => {
    if (node.kind === Kind.FIELD) return [];
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value)! : node;
    const own = fragment.typeCondition ? [fragment.typeCondition.name.value] : [];
    return [...own, ...conditionsIn(fragment.selectionSet, fragments)];
  });
}

const argumentsOf = (node: FieldNode, variables: Data): Data =>
  Object.fromEntries(
    (node.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value, { ...variables })]),
  );
