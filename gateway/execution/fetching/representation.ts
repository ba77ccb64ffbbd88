import type { Requirement, Rewrite } from '../planning/plan.ts';
import { type Data, own, setOwn } from '../prepare/data.ts';
import { quote, stringify } from '../prepare/json.ts';
import { merge } from '../run/merge.ts';
import { applyRewrites } from '../run/rewrites.ts';
import type { Satisfies } from '../run/types.ts';

/** A function that makes what `_entities` is asked with out of an object. */
export interface Representer {
  /** As JSON text, which is also what tells equal entities; undefined when the object lacks something. */
  json(object: Data): string | undefined;
  /** The same as an object, for a subgraph in this process; only for objects that lack nothing. */
  value(object: Data): unknown;
}

/** Compiles the requirements of an entity fetch. */
export function compileRepresenter(
  requires: readonly Requirement[],
  rewrites: readonly Rewrite[],
  satisfies: Satisfies,
): Representer {
  const value = (object: Data): Data | undefined => {
    const representation = select(object, requires, satisfies);
    if (!representation || typeof representation.__typename !== 'string') return undefined;
    applyRewrites(rewrites, representation, satisfies);
    return representation;
  };
  const general = (object: Data): string | undefined => JSON.stringify(value(object));
  if (rewrites.length > 0 || !requires.every((node) => node.kind === 'type' && node.selections.every(isPlain))) {
    return { json: general, value };
  }
  const fragments = requires.filter((node) => node.kind === 'type');
  // Runtime types come from subgraphs; those that fit no fragment are looked up again each time, so this stays small.
  const byType = new Map<string, (object: Data) => string | undefined>();
  return {
    json(object) {
      const type = object.__typename;
      if (typeof type !== 'string') return undefined;
      let write = byType.get(type);
      if (write === undefined) {
        const matching = fragments.filter((node) => node.type !== undefined && satisfies(type, node.type));
        if (matching.length === 0) return undefined;
        write = matching.length === 1 ? compileObject(matching[0]!.selections, type) : general;
        byType.set(type, write);
      }
      return write(object);
    },
    value,
  };
}

/** Fields only, all the way down. */
const isPlain = (node: Requirement): boolean => node.kind === 'field' && (node.selections ?? []).every(isPlain);

/** @param type the runtime type where it is known: then `__typename` is part of the text already. */
function compileObject(selections: readonly Requirement[], type?: string): (object: Data) => string | undefined {
  const fields: { name: string; prefix: string; write: (value: unknown) => string }[] = [];
  let text = '{';
  let separator = '';
  for (const node of selections) {
    if (node.kind !== 'field') continue;
    text += `${separator}${quote(node.to)}:`;
    separator = ',';
    if (type !== undefined && node.from === '__typename') {
      text += quote(type);
      continue;
    }
    const write = node.selections ? compileNested(node.selections) : stringify;
    fields.push({ name: node.from, prefix: text, write });
    text = '';
  }
  const end = `${text}}`;
  return (object) => {
    let json = '';
    for (const field of fields) {
      const value = own(object, field.name);
      if (value === undefined) return undefined;
      json += field.prefix + field.write(value);
    }
    return json + end;
  };
}

/** A nested object that lacks something is sent as null, as Apollo's gateway does. */
function compileNested(selections: readonly Requirement[]): (value: unknown) => string {
  const write = compileObject(selections);
  const nested = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(nested).join(',')}]`;
    return typeof value === 'object' && value !== null ? (write(value as Data) ?? 'null') : 'null';
  };
  return nested;
}

/** The general way, on objects: fragments within fragments, several that match, rewrites. */
function select(source: Data, selections: readonly Requirement[], satisfies: Satisfies): Data | null {
  const result: Data = {};
  for (const node of selections) {
    if (node.kind === 'type') {
      const type = source.__typename;
      if (node.type !== undefined && (typeof type !== 'string' || !satisfies(type, node.type))) continue;
      const part = select(source, node.selections, satisfies);
      if (part) merge(result, part, satisfies, false);
      continue;
    }
    const value = own(source, node.from);
    if (value === undefined) return null;
    setOwn(result, node.to, node.selections ? selectEach(value, node.selections, satisfies) : value);
  }
  return result;
}

function selectEach(value: unknown, selections: readonly Requirement[], satisfies: Satisfies): unknown {
  if (Array.isArray(value)) return value.map((element) => selectEach(element, selections, satisfies));
  return typeof value === 'object' && value !== null ? select(value as Data, selections, satisfies) : null;
}
