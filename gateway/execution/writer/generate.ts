import {
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import {
  collectEntries,
  type Entry,
  type EntryPlace,
  type Guard,
  type Guarded,
  guardsOfNarrower,
} from '../prepare/collect.ts';
import { isInherited } from '../prepare/data.ts';
import { questionOf } from '../prepare/introspection.ts';
import { type ClientName, clientVariable } from '../prepare/names.ts';

/**
 * The source of a function that writes a response's data as JSON text: it walks the merged answers of the
 * subgraphs by the client's selection and applies aliases, runtime types, @skip and @include, and nulls that bubble up.
 *
 * Every value has a function that returns its text, or `undefined` when it must be null. In the tracking variant the
 * functions also take the place they write at, to report values that do not fit.
 */
export interface Generated {
  /** Body of a function of `h` (a Support) that returns `(data, variables, introspected) => string | undefined`. */
  readonly source: string;
  /** What the operation asks of the schema, at its root or wherever else it reaches the query type. */
  readonly introspections: readonly Entry[];
}

/** The part of an operation that may be shown: a part of the same operation. */
export interface Visible {
  readonly operation: OperationDefinitionNode | undefined;
  readonly fragments: Fragments;
}

/** Far beyond what any client writes by hand; a document made to explode ends here. */
const MAX_FUNCTIONS = 20_000;
const NAME = /^[_A-Za-z][_0-9A-Za-z]*$/;

/** Generates the source of the writer of an operation. */
export function generateWriter(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  track: boolean,
  clientName: ClientName,
  visible?: Visible,
  root: GraphQLCompositeType = schema.getRootType(operation.operation)!,
): Generated {
  const generator = new Generator(schema, fragments, track, clientName, visible?.fragments);
  const shown = visible && (visible.operation ? [{ set: visible.operation.selectionSet, guard: [] }] : []);
  const main = generator.object(root, { set: [{ set: operation.selectionSet, guard: [] }], shown }, true);
  return { source: generator.source(main), introspections: generator.introspections };
}

/** Selection sets of one place in the response, merged. */
interface Selected {
  readonly set: readonly Guarded[];
  /**
   * Those of the part that may be shown; undefined when that is all. The data may hold what is not in it: plans fetch
   * keys, and a subgraph may send what it was not asked for.
   */
  readonly shown: readonly Guarded[] | undefined;
}

class Generator {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  readonly #shownFragments: Fragments;
  readonly #track: boolean;
  readonly #clientName: ClientName;
  readonly introspections: Entry[] = [];
  readonly #introspected = new Map<string, number>();
  readonly #functions: string[] = [];
  /** Equal functions are generated once: many types of one interface differ in nothing that was asked for. */
  readonly #bodies = new Map<string, string>();
  readonly #made = new Map<string, string>();
  readonly #sets = new Map<SelectionSetNode, number>();
  readonly #flags = new Map<string, string>();

  constructor(
    schema: GraphQLSchema,
    fragments: Fragments,
    track: boolean,
    clientName: ClientName,
    shownFragments: Fragments = fragments,
  ) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#shownFragments = shownFragments;
    this.#track = track;
    this.#clientName = clientName;
  }

  source(main: string): string {
    const flags = [...this.#flags];
    return [
      '"use strict";',
      'const { own, quote } = h;',
      'let X;',
      ...flags.map(([, flag]) => `let ${flag} = false;`),
      ...this.#functions,
      'return (data, variables, introspected) => {',
      'X = introspected;',
      ...flags.map(([variable, flag]) => `${flag} = own(variables, ${literal(clientVariable(variable))}) === true;`),
      `return ${main}(data${this.#track ? ', undefined' : ''});`,
      '};',
    ].join('\n');
  }

  /** Name of the function that writes an object of a known type. */
  object(type: GraphQLCompositeType, selected: Selected, isRoot = false): string {
    return this.#once(`object ${type.name} ${this.#keyOf(selected)}`, () => {
      const { entries, places } = this.#entriesOf(selected, type);
      const check = isRoot ? '' : `if (typeof o !== 'object' || Array.isArray(o)) return h.misfit(${this.#p('p')});`;
      if (entries.length === 0) return `(o${this.#p(', p')}) { ${check} return '{}'; }`;
      const byName = new Map(entries.map((entry) => [entry.responseName, entry]));
      const several = placedTwice(places);
      // Until a key that is always there, whether a comma is needed is known at run time only.
      const undecided = places[0]!.guards !== undefined;
      const firstSure = places.findIndex(({ guards }) => guards === undefined);
      const lines = places.map((place, i) => {
        const entry = byName.get(place.responseName)!;
        const done = several.has(entry.responseName) ? `d${several.get(entry.responseName)}` : undefined;
        const key = `${literal(this.#clientName(entry.responseName))}:`;
        if (undecided && (firstSure === -1 || i <= firstSure))
          return this.#entry(entry, place, done, type, `c + ${literal(key)}`);
        return this.#entry(entry, place, done, type, literal(i === 0 ? `{${key}` : `,${key}`));
      });
      const start = undecided ? `r = '{', c = ''` : `r = ''`;
      const done = [...several.values()].map((n) => `, d${n} = false`).join('');
      return `(o${this.#p(', p')}) { ${check} let v, s, ${start}${done};\n${lines.join('\n')}\nreturn r + '}'; }`;
    });
  }

  #entriesOf(
    { set, shown }: Selected,
    type: GraphQLCompositeType,
  ): { entries: ShownEntry[]; places: readonly EntryPlace[] } {
    const { entries, places } = collectEntries(set, type, this.#schema, this.#fragments);
    if (shown === undefined) return { entries: entries.map((entry) => ({ ...entry, shown: entry })), places };
    const visible = collectEntries(shown, type, this.#schema, this.#shownFragments).entries;
    const byName = new Map(visible.map((entry) => [entry.responseName, entry]));
    return { entries: entries.map((entry) => ({ ...entry, shown: byName.get(entry.responseName) })), places };
  }

  /** @param done the variable that says whether the entry is written already, where it has several places. */
  #entry(
    entry: ShownEntry,
    { guards }: EntryPlace,
    done: string | undefined,
    parent: GraphQLCompositeType,
    prefix: string,
  ): string {
    if (!NAME.test(entry.responseName)) throw new Error(`${entry.responseName} is not a GraphQL name.`);
    const code = this.#value(entry, parent, prefix);
    const conditions = [...(done ? [`!${done}`] : []), ...(guards ? [`(${this.#condition(guards)})`] : [])];
    if (conditions.length === 0) return code;
    const after = `${prefix.startsWith('c') ? "c = ',';" : ''}${done ? ` ${done} = true;` : ''}`;
    return `if (${conditions.join(' && ')}) { ${code} ${after} }`;
  }

  #value(entry: ShownEntry, parent: GraphQLCompositeType, prefix: string): string {
    const { responseName, name, shown } = entry;
    if (name === '__typename') {
      // An object of unknown type has no name to tell, and the field is not nullable.
      return isObjectType(parent)
        ? `r += ${prefix} + ${literal(literal(parent.name))};`
        : `return h.wrongType(${this.#p('p')});`;
    }
    if (name === '__schema' || name === '__type') {
      return `r += ${prefix} + X[${this.#introspection(entry)}];`;
    }
    const field = 'getFields' in parent ? parent.getFields()[name] : undefined;
    if (!field) throw new Error(`${parent.name} has no field ${name}.`);
    const type = getNullableType(field.type) as GraphQLOutputType;
    const place = `{ key: ${literal(this.#clientName(responseName))}, up: p, type: ${literal(parent.name)} }`;
    const required = isNonNullType(field.type);
    const none = required ? `{ h.missing(${this.#p(place)}); return undefined; }` : `r += ${prefix} + 'null';`;
    // What subgraphs do not send at all is null as well, but only errors and entities that are not there explain it.
    const absent = required ? none : `{ h.absent(${this.#p(place)}); r += ${prefix} + 'null'; }`;
    const bad = required ? 'return undefined;' : `r += ${prefix} + 'null';`;
    if (!shown) return none;
    const held = isInherited(responseName) ? `own(o, ${literal(responseName)})` : `o.${responseName}`;
    // Of several occurrences some may be hidden: then the conditions of the others count.
    const isPartial = shown !== entry && shown.guards !== undefined && !sameGuards(shown.guards, entry.guards);
    const read = isPartial ? `(${this.#condition(shown.guards)}) ? ${held} : undefined` : held;
    const children = { set: entry.children, shown: shown.children === entry.children ? undefined : shown.children };
    const call = `${this.#writerOf(type, children)}(v${this.#p(`, ${place}`)})`;
    const nothing = isPartial ? none : absent;
    const rest = `if (v === null) ${none} else if (v === undefined) ${nothing} else if ((s = ${call}) === undefined) { ${bad} } else r += ${prefix} + s;`;
    const isText = isLeafType(type) && (type.name === 'String' || type.name === 'ID');
    return isText
      ? `v = ${read}; if (typeof v === 'string') r += ${prefix} + quote(v); else ${rest}`
      : `v = ${read}; ${rest}`;
  }

  /** Number of what an entry asks of the schema. */
  #introspection(entry: Entry): number {
    const question = questionOf(entry);
    let number = this.#introspected.get(question);
    if (number === undefined) {
      number = this.introspections.push(entry) - 1;
      this.#introspected.set(question, number);
    }
    return number;
  }

  /** Expression of the function that writes a value that is not null. */
  #writerOf(type: GraphQLOutputType, children: Selected): string {
    if (isListType(type)) return this.#list(type.ofType, children);
    if (isEnumType(type)) {
      const values = type.getValues().map(({ name }) => `[${literal(name)}, ${literal(literal(name))}]`);
      return this.#once(
        `enum ${type.name}`,
        () => `(v${this.#p(', p')}) { return E$.get(v) ?? h.misfit(${this.#p('p')}); }`,
        (name) => `const E${name} = new Map([${values.join(', ')}]);`,
      );
    }
    if (isLeafType(type)) return isSpecifiedScalarType(type) ? `h.${type.name.toLowerCase()}` : 'h.custom';
    return isAbstractType(type) ? this.#abstract(type, children) : this.object(type as GraphQLCompositeType, children);
  }

  #list(element: GraphQLOutputType, children: Selected): string {
    const type = getNullableType(element) as GraphQLOutputType;
    const write = this.#writerOf(type, children);
    return this.#once(`list ${write} ${String(element)}`, () => {
      const place = `{ key: i, up: p, type: ${literal(String(type))} }`;
      const none = isNonNullType(element) ? `{ h.missing(${this.#p(place)}); bad = true; }` : `r += 'null';`;
      const wrong = isNonNullType(element) ? 'bad = true;' : `r += 'null';`;
      return `(v${this.#p(', p')}) {
if (!Array.isArray(v)) return h.misfit(${this.#p('p')});
let r = '[', s, bad = false;
for (let i = 0; i < v.length; i++) {
if (i > 0) r += ',';
const e = v[i];
if (e === null || e === undefined) ${none} else if ((s = ${write}(e${this.#p(`, ${place}`)})) === undefined) { ${wrong} } else r += s;
}
return bad ? undefined : r + ']'; }`;
    });
  }

  /** Chooses by the runtime type, which may be an interface where a subgraph has it as @interfaceObject. */
  #abstract(type: GraphQLCompositeType & { name: string }, children: Selected): string {
    return this.#once(`abstract ${type.name} ${this.#keyOf(children)}`, () => {
      if (!isAbstractType(type)) throw new Error(`${type.name} is not abstract.`);
      const interfaces = 'getFields' in type ? this.#schema.getImplementations(type).interfaces : [];
      const byWriter = new Map<string, string[]>();
      for (const possible of [...this.#schema.getPossibleTypes(type), ...interfaces]) {
        const writer = this.object(possible, children);
        byWriter.set(writer, [...(byWriter.get(writer) ?? []), possible.name]);
      }
      const cases = [...byWriter].map(
        ([writer, names]) =>
          `${names.map((name) => `case ${literal(name)}:`).join(' ')} return ${writer}(o${this.#p(', p')});`,
      );
      return `(o${this.#p(', p')}) {
if (typeof o !== 'object' || Array.isArray(o)) return h.misfit(${this.#p('p')});
switch (o.__typename) {
${cases.join('\n')}
case undefined: case ${literal(type.name)}: ${this.#unknownType(type, children)}return ${this.object(type, children)}(o${this.#p(', p')});
default: return h.wrongType(${this.#p('p')});
} }`;
    });
  }

  /** An object of unknown type can be written as long as nothing was asked for that only some types have. */
  #unknownType(type: GraphQLCompositeType, { set }: Selected): string {
    const guards = guardsOfNarrower(set, type, this.#schema, this.#fragments);
    if (guards.length === 0) return '';
    const always = guards.some((guard) => guard.length === 0);
    return `if (${always ? 'true' : this.#condition(guards)}) return h.wrongType(${this.#p('p')}); `;
  }

  #once(key: string, body: () => string, before?: (name: string) => string): string {
    const known = this.#made.get(key);
    if (known) return known;
    const text = body();
    const equal = before ? undefined : this.#bodies.get(text);
    const name = equal ?? `w${this.#functions.length}`;
    this.#made.set(key, name);
    if (equal) return equal;
    if (this.#functions.length >= MAX_FUNCTIONS) {
      throw new CodedError(
        'OPERATION_TOO_COMPLEX',
        'The operation combines too many types and fragments; ask for less at once.',
      );
    }
    this.#bodies.set(text, name);
    this.#functions.push(`${before?.(name) ?? ''}function ${name}${before ? text.replace('E$', `E${name}`) : text}`);
    return name;
  }

  #condition(guards: readonly Guard[]): string {
    const one = (guard: Guard) =>
      guard.map((g) => (g.startsWith('!') ? `!${this.#flag(g.slice(1))}` : this.#flag(g))).join(' && ');
    return guards.map(one).join(' || ');
  }

  #flag(variable: string): string {
    let flag = this.#flags.get(variable);
    if (!flag) {
      flag = `f${this.#flags.size}`;
      this.#flags.set(variable, flag);
    }
    return flag;
  }

  #keyOf({ set, shown }: Selected): string {
    const key = (sets: readonly Guarded[]) => sets.map((one) => `${this.#idOf(one.set)}${one.guard.join('&')}`).join();
    return shown === undefined ? key(set) : `${key(set)} of ${key(shown)}`;
  }

  #idOf(set: SelectionSetNode): number {
    let id = this.#sets.get(set);
    if (id === undefined) {
      id = this.#sets.size;
      this.#sets.set(set, id);
    }
    return id;
  }

  /** Code that only the tracking variant has. */
  #p(code: string): string {
    return this.#track ? code : '';
  }
}

/** An entry, and what of it may be shown: undefined for nothing. */
type ShownEntry = Entry & { readonly shown: Entry | undefined };

/** Entries that have several places, numbered. */
function placedTwice(places: readonly EntryPlace[]): Map<string, number> {
  const seen = new Set<string>();
  const several = new Map<string, number>();
  for (const { responseName } of places) {
    if (seen.has(responseName) && !several.has(responseName)) several.set(responseName, several.size);
    seen.add(responseName);
  }
  return several;
}

const sameGuards = (a: readonly Guard[], b: readonly Guard[] | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

const literal = (text: string): string => JSON.stringify(text);
