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

const FIELD = /^\s+(\w+)(?:\([^\n]*?\))?\s*:[^\n]*$/gm;

/**
 * Returns what tells whether an operation may ask for a field with a label, or for one that needs such a field: others
 * have one plan, whatever is taken.
 */
function fieldsConcerned(sdl: string): (text: string) => boolean {
  const fields = [...sdl.matchAll(FIELD)].map(([line, name]) => ({ line, name: name! }));
  const names = new Set(fields.flatMap(({ line, name }) => (line.includes('overrideLabel:') ? [name] : [])));
  const needs = (line: string): boolean =>
    [...line.matchAll(/\brequires:\s*"((?:[^"\\]|\\.)*)"/g)].some(([, set]) => mentions(set!, names));
  for (let size = -1; size !== names.size; ) {
    size = names.size;
    for (const { line, name } of fields) if (!names.has(name) && needs(line)) names.add(name);
  }
  const pattern = new RegExp(`\\b(?:${[...names].join('|')})\\b`);
  return (text) => pattern.test(text);
}

const mentions = (set: string, names: ReadonlySet<string>): boolean =>
  [...set.matchAll(/\w+/g)].some(([name]) => names.has(name));
