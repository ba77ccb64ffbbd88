import { Kind, parse, visit } from 'graphql';

/** The labels of progressive overrides (`@override(from: "a", label: "percent(20)")`) that a supergraph has. */
export interface OverrideLabels {
  /** Those of all requests: `percent(100)`. */
  readonly always: readonly string[];
  /** Those of a share of requests, with the share in percent, above 0 and below 100. */
  readonly shares: ReadonlyMap<string, number>;
  /** Those that say nothing of a share: a setting or code decides. */
  readonly named: readonly string[];
}

/** A function that decides which of a supergraph's labels without a share are taken for one request. */
export type OverrideChooser<Caller> = (labels: readonly string[], caller: Caller) => Iterable<string>;

export interface OverrideOptions<Caller> {
  /** Labels without a share that are taken for all requests. */
  readonly taken?: readonly string[] | undefined;
  readonly choose?: OverrideChooser<Caller> | undefined;
  /** A number from 0 to 1, 1 excluded. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * A function that gives the labels that are taken for one operation, in a fixed order; undefined where none is. Those
 * of all requests are not among them.
 */
export type Overrides<Caller> = (text: string, caller: Caller) => readonly string[] | undefined;

const LABEL = /\boverrideLabel:\s*"([^"\\]*)"/g;
const SHARE = /^percent\((\d+(?:\.\d+)?)\)$/;

/** Returns the share that a label names, in percent; undefined where it names none. */
export function shareOf(label: string): number | undefined {
  const share = SHARE.exec(label)?.[1];
  return share === undefined ? undefined : Number(share);
}

/** Reads the labels of a supergraph. */
export function overrideLabels(sdl: string): OverrideLabels {
  const labels = [...new Set([...sdl.matchAll(LABEL)].map(([, label]) => label!))].sort();
  const shares = labels.map((label) => [label, shareOf(label) ?? Number.NaN] as const);
  return {
    always: shares.flatMap(([label, share]) => (share >= 100 ? [label] : [])),
    shares: new Map(shares.filter(([, share]) => share > 0 && share < 100)),
    named: labels.filter((label) => shareOf(label) === undefined),
  };
}

/**
 * Creates what decides the overrides of each operation; undefined where a supergraph leaves nothing to decide. One
 * random number decides all shares of an operation, so that one of 20 percent is taken only where one of 50 is as well.
 */
export function createOverrides<Caller>(
  sdl: string,
  { taken = [], choose, random = Math.random }: OverrideOptions<Caller> = {},
): Overrides<Caller> | undefined {
  const { shares, named } = overrideLabels(sdl);
  const fixed = named.filter((label) => taken.includes(label));
  const open = choose ? named.filter((label) => !fixed.includes(label)) : [];
  if (shares.size === 0 && fixed.length === 0 && open.length === 0) return undefined;
  const mayConcern = fieldsConcerned(sdl);
  return (text, caller) => {
    if (!mayConcern(text)) return undefined;
    const share = random() * 100;
    const chosen = choose && open.length > 0 ? new Set(choose(open, caller)) : undefined;
    const labels = [
      ...fixed,
      ...open.filter((label) => chosen?.has(label)),
      ...[...shares].flatMap(([label, limit]) => (share < limit ? [label] : [])),
    ];
    return labels.length > 0 ? labels : undefined;
  };
}

/**
 * Returns what tells whether an operation may ask for a field with a label, or for one that needs such a field: others
 * have one plan, whatever is taken.
 */
function fieldsConcerned(sdl: string): (text: string) => boolean {
  const fields = readFields(sdl);
  const names = new Set(fields.flatMap(({ name, isLabelled }) => (isLabelled ? [name] : [])));
  for (let size = -1; size !== names.size; ) {
    size = names.size;
    for (const { name, requires } of fields) if (requires.some((set) => mentions(set, names))) names.add(name);
  }
  const pattern = new RegExp(`\\b(?:${[...names].join('|')})\\b`);
  return (text) => pattern.test(text);
}

interface LabelledField {
  readonly name: string;
  readonly isLabelled: boolean;
  /** Selections that it needs of other fields. */
  readonly requires: readonly string[];
}

function readFields(sdl: string): LabelledField[] {
  const found: LabelledField[] = [];
  visit(parse(sdl, { noLocation: true }), {
    FieldDefinition({ name, directives = [] }) {
      const given = directives.flatMap((directive) => directive.arguments ?? []);
      const requires = given.flatMap((argument) =>
        argument.name.value === 'requires' && argument.value.kind === Kind.STRING ? [argument.value.value] : [],
      );
      const isLabelled = given.some((argument) => argument.name.value === 'overrideLabel');
      if (isLabelled || requires.length > 0) found.push({ name: name.value, isLabelled, requires });
      return false;
    },
  });
  return found;
}

const mentions = (set: string, names: ReadonlySet<string>): boolean =>
  [...set.matchAll(/\w+/g)].some(([name]) => names.has(name));
