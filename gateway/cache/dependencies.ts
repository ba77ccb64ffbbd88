import {
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { CacheHints, KeySet } from './cache-hints.ts';

/**
 * The names of what a kept answer depends on. Each name has a token; an answer is good as long as the tokens are what
 * they were when it was asked for, and to invalidate is to give a name another token.
 *
 * What an answer holds without telling its key, such as the users in a list, depends on every change of their type:
 * `some:User`. An entity that was asked for by its key depends on that key, and on `type:User`.
 */
export const dependency = {
  subgraph: (name: string): string => `subgraph:${name}`,
  /** All entities of a type. */
  type: (name: string): string => `type:${name}`,
  /** An object of a type whose key the answer does not tell. */
  some: (type: string): string => `some:${type}`,
  /** One entity by one of its keys. */
  key: (type: string, set: KeySet, value: string): string => `key:${type}:${set.text}:${value}`,
  /** An entity that was asked for by another key than this one. */
  unkeyed: (type: string, set: KeySet): string => `unkeyed:${type}:${set.text}`,
  tag: (tag: string): string => `tag:${tag}`,
  /** Something that may have a tag of a format, of which the answer does not tell the values. */
  format: (subgraph: string, coordinate: string): string => `format:${subgraph}:${coordinate}`,
};

type Data = Readonly<Record<string, unknown>>;

/** Returns the value of a key in an object, as text; undefined where the object lacks a part of it. */
export function keyValue(set: KeySet, object: Data): string | undefined {
  const value = pick(set.selections, object);
  return value === undefined ? undefined : JSON.stringify(value);
}

/** Only what the key names, in one order; ids are texts, whether they came as numbers or not. */
function pick({ selections }: SelectionSetNode, value: unknown): unknown {
  if (Array.isArray(value)) {
    const elements = value.map((element) => pick({ kind: Kind.SELECTION_SET, selections }, element));
    return elements.includes(undefined) ? undefined : elements;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const picked: [string, unknown][] = [];
  for (const node of selections) {
    if (node.kind !== Kind.FIELD) return undefined;
    const name = node.name.value;
    const given = Object.hasOwn(value, name) ? (value as Data)[name] : undefined;
    const one = node.selectionSet ? pick(node.selectionSet, given) : scalar(given);
    if (one === undefined) return undefined;
    picked.push([name, one]);
  }
  return picked.sort(([a], [b]) => (a < b ? -1 : 1));
}

function scalar(value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const PLACE = /\{\$(args|key)((?:\.\w+)+)\}/g;

/** Returns the tag that a format gives; undefined where it names a value that is not known. */
export function tagOf(format: string, values: { readonly args?: Data; readonly key?: Data }): string | undefined {
  let isKnown = true;
  const tag = format.replace(PLACE, (_, source: 'args' | 'key', path: string) => {
    let value: unknown = values[source];
    for (const name of path.slice(1).split('.')) {
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Data)[name] : undefined;
    }
    const text = typeof value === 'object' ? undefined : value;
    if (text === undefined) isKnown = false;
    return String(text);
  });
  return isKnown ? tag : undefined;
}

/** Returns whether a format can give a tag. */
function mayGive(format: string, tag: string): boolean {
  const parts = format.split(/\{\$[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(tag);
}

/** A list of what is to be forgotten. */
export interface Invalidation {
  readonly tags?: readonly string[];
  readonly types?: readonly string[];
  readonly keys?: readonly { readonly type: string; readonly key: Data }[];
  readonly subgraphs?: readonly string[];
}

/**
 * Returns the names that an invalidation concerns. A type stands for its interfaces and for the types that implement it
 * too, because a subgraph may have it as one of them.
 */
export function concernedBy(asked: Invalidation, hints: CacheHints, full: GraphQLSchema): string[] {
  const names = new Set<string>();
  for (const subgraph of asked.subgraphs ?? []) names.add(dependency.subgraph(subgraph));
  for (const type of asked.types ?? []) {
    for (const name of related(type, full)) {
      names.add(dependency.type(name));
      names.add(dependency.some(name));
    }
  }
  for (const { type, key } of asked.keys ?? []) {
    for (const name of related(type, full)) {
      names.add(dependency.some(name));
      const told = hints.keys(name).flatMap((set) => {
        const value = keyValue(set, key);
        return value === undefined ? [] : [dependency.unkeyed(name, set), dependency.key(name, set, value)];
      });
      // A key that the type does not have could be any of its entities.
      for (const one of told.length > 0 ? told : [dependency.type(name)]) names.add(one);
    }
  }
  for (const tag of asked.tags ?? []) {
    names.add(dependency.tag(tag));
    for (const coordinate of hints.tagged) {
      for (const { subgraph, format } of hints.formats(coordinate)) {
        if (mayGive(format, tag)) names.add(dependency.format(subgraph, coordinate));
      }
    }
  }
  return [...names];
}

function related(name: string, full: GraphQLSchema): string[] {
  const type = full.getType(name);
  const possible = isAbstractType(type) ? full.getPossibleTypes(type) : [];
  const above = isObjectType(type) || isInterfaceType(type) ? type.getInterfaces() : [];
  return [...new Set([name, ...possible.map((one) => one.name), ...above.map((one) => one.name)])];
}
