import type { Identity } from '#platform/identity/identity.ts';
import { HEADER_VALUE } from '#platform/net/http/header-field.ts';
import { type GatewayFile, settingsOf } from '../settings/gateway-file.ts';
import { isNeverShown, isSelected } from '../settings/header-names.ts';
import type { ResponseRule } from '../settings/header-settings.ts';
import { type CachePolicy, NO_STORE, readCacheControl, strictest, writeCacheControl } from './cache-control.ts';

/** The headers of subgraphs' answers that go to a client with its own. */
export interface AnswerHeaders {
  /** Names and values, without `cache-control`. `set-cookie` may be there more than once. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Undefined where no rule shows any. */
  readonly cacheControl: string | undefined;
  /** Names of headers that the answer depends on; empty where it may not be kept. */
  readonly vary: string;
  /** Whether they belong to the client whose request the subgraph answered: there is a cookie among them. */
  readonly isPersonal: boolean;
}

/** A collector of the headers of all answers that one operation is made of. */
export interface HeaderGatherer {
  /** @param head the status line and headers; undefined of a subgraph in this process, which sends none. */
  answered(subgraph: string, head: string | undefined): void;
  /** An answer that did not come: what is made without it may not be kept. */
  failed(): void;
  /** @param mayBeKept whether it is a query's answer without errors. */
  finish(mayBeKept: boolean): AnswerHeaders | undefined;
}

export interface AnswerHeaderOptions {
  readonly file: GatewayFile;
  /** Names of the headers that subgraphs get, or `*`. */
  readonly names: readonly string[] | '*';
}

/** Characters of all headers of subgraphs that one answer may have: clients refuse heads of more than 16 KB. */
const MAX_CHARACTERS = 8_192;
/**
 * Headers by which clients say who they are, beside those of the rules, and which format they want; and the page that
 * asks, as only some may read the answer.
 */
const ALWAYS_VARY = ['accept', 'authorization', 'cookie', 'origin', 'x-api-key'];

/**
 * Creates what gathers the headers of one operation's answers by the rules of gateway.yaml.
 *
 * @returns undefined where no rule shows any.
 */
export function createAnswerHeaders({
  file,
  names,
}: AnswerHeaderOptions): ((identity: Identity) => HeaderGatherer) | undefined {
  const all = [file.all, ...Object.values(file.subgraphs ?? {})];
  if (!all.some((settings) => settings?.headers?.response?.length)) return undefined;
  const ruled = new Map<string, readonly ResponseRule[]>();
  const rulesOf = (subgraph: string): readonly ResponseRule[] => {
    const rules = ruled.get(subgraph) ?? settingsOf(file, subgraph).headers?.response ?? [];
    ruled.set(subgraph, rules);
    return rules;
  };
  const showsCaching = all.some((settings) => settings?.headers?.response?.some(mayShowCaching));
  const own = file.authentication?.header?.toLowerCase();
  const vary = names === '*' ? '*' : [...new Set([...ALWAYS_VARY, ...(own ? [own] : []), ...names])].join(', ');
  return (identity) => new Gatherer(identity, rulesOf, showsCaching ? vary : undefined);
}

const mayShowCaching = (rule: ResponseRule): boolean =>
  ('propagate' in rule && (isSelected(rule.propagate, 'cache-control') || rule.rename === 'cache-control')) ||
  ('insert' in rule && rule.insert === 'cache-control');

interface Field {
  readonly name: string;
  readonly value: string;
  readonly subgraph: string;
  readonly isCookie: boolean;
}

class Gatherer implements HeaderGatherer {
  readonly #identity: Identity;
  readonly #rulesOf: (subgraph: string) => readonly ResponseRule[];
  /** Undefined where no rule shows `cache-control`. */
  readonly #vary: string | undefined;
  readonly #fields: Field[] = [];
  #policy: CachePolicy | undefined;

  constructor(identity: Identity, rulesOf: (subgraph: string) => readonly ResponseRule[], vary: string | undefined) {
    this.#identity = identity;
    this.#rulesOf = rulesOf;
    this.#vary = vary;
  }

  answered(subgraph: string, head: string | undefined): void {
    const rules = this.#rulesOf(subgraph);
    const told = rules.length > 0 && head !== undefined ? readHead(head) : [];
    let cacheControl: string | undefined;
    for (const { name, value, isCookie } of follow(rules, told)) {
      // Several lines of one header are one list.
      if (name === 'cache-control') cacheControl = cacheControl === undefined ? value : `${cacheControl}, ${value}`;
      else this.#fields.push({ name, value, subgraph, isCookie });
    }
    const age = told.find(([name]) => name === 'age')?.[1];
    this.#allow(readCacheControl(cacheControl, age));
  }

  failed(): void {
    this.#allow(NO_STORE);
  }

  #allow(policy: CachePolicy): void {
    this.#policy = this.#policy ? strictest(this.#policy, policy) : policy;
  }

  finish(mayBeKept: boolean): AnswerHeaders | undefined {
    const isPersonal = this.#fields.some(({ isCookie }) => isCookie);
    // A cookie is for one client: no cache may hand it to the next one.
    let policy = mayBeKept && !isPersonal ? (this.#policy ?? NO_STORE) : NO_STORE;
    if (policy.maxAge > 0 && this.#identity.kind !== 'anonymous') policy = { ...policy, scope: 'private' };
    const caching = this.#vary !== undefined;
    if (this.#fields.length === 0 && !caching) return undefined;
    return {
      fields: merged(this.#fields),
      cacheControl: caching ? writeCacheControl(policy) : undefined,
      vary: caching && policy.maxAge > 0 ? this.#vary! : '',
      isPersonal,
    };
  }
}

type Told = readonly (readonly [name: string, value: string])[];

/** Reads the header lines below a status line; the reader of the connection has checked their form. */
function readHead(head: string): Told {
  return head
    .split('\r\n')
    .slice(1)
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
}

/**
 * Returns the header lines of an answer that rules may show when it is given out again, each behind a CRLF. Its
 * `cache-control` is of then, and an answer with a cookie is not kept.
 */
export function shownLines(rules: readonly ResponseRule[], head: string | undefined): string {
  if (rules.length === 0 || head === undefined) return '';
  const isShown = (name: string): boolean =>
    rules.some(
      (rule) =>
        'propagate' in rule &&
        (typeof rule.propagate === 'string'
          ? rule.propagate === name
          : isSelected(rule.propagate, name) && !isNeverShown(name)),
    );
  let lines = '';
  for (const [name, value] of readHead(head)) {
    const line = `\r\n${name}: ${value}`;
    if (!NOT_KEPT.has(name) && isShown(name) && lines.length + line.length <= MAX_CHARACTERS) lines += line;
  }
  return lines;
}

const NOT_KEPT = new Set(['cache-control', 'age', 'set-cookie', 'set-cookie2']);

type Found = Pick<Field, 'name' | 'value' | 'isCookie'>;

/** Returns what one subgraph's answer brings, by its rules. A later rule replaces what an earlier one has put. */
function follow(rules: readonly ResponseRule[], told: Told): Found[] {
  let found: Found[] = [];
  const put = (name: string, values: readonly { readonly value: string; readonly isCookie: boolean }[]): void => {
    found = found.filter((one) => one.name !== name);
    // A subgraph can be any server.
    for (const { value, isCookie } of values)
      if (HEADER_VALUE.test(value)) found.push({ name, value, isCookie: isCookie || name === 'set-cookie' });
  };
  const valuesOf = (name: string) =>
    told.flatMap(([one, value]) => (one === name ? [{ value, isCookie: name === 'set-cookie' }] : []));
  for (const rule of rules) {
    if ('insert' in rule) put(rule.insert, [{ value: rule.value, isCookie: rule.insert === 'set-cookie' }]);
    else if ('remove' in rule) found = found.filter(({ name }) => !isSelected(rule.remove, name));
    else if (typeof rule.propagate === 'string') {
      const values = valuesOf(rule.propagate);
      const name = rule.rename ?? rule.propagate;
      if (values.length > 0) put(name, values);
      else if (rule.default !== undefined) put(name, [{ value: rule.default, isCookie: name === 'set-cookie' }]);
    } else {
      const names = new Set(told.map(([name]) => name));
      for (const name of names) {
        if (isSelected(rule.propagate, name) && !isNeverShown(name)) put(name, valuesOf(name));
      }
    }
  }
  return found;
}

/**
 * One line for each name, with the different values of all subgraphs as a list, and one for each cookie. In the order
 * of the subgraphs' names, so that equal answers have equal headers.
 */
function merged(fields: readonly Field[]): (readonly [string, string])[] {
  const lines = new Map<string, readonly [string, string]>();
  const told = new Set<string>();
  const sorted = fields.toSorted((a, b) => (a.subgraph < b.subgraph ? -1 : Number(a.subgraph > b.subgraph)));
  for (const { name, value } of sorted) {
    // A value may be a list itself.
    if (told.has(`${name}\0${value}`)) continue;
    told.add(`${name}\0${value}`);
    if (name === 'set-cookie') lines.set(`${name}\0${value}`, [name, value]);
    else {
      const known = lines.get(name)?.[1].split(', ') ?? [];
      if (!known.includes(value)) lines.set(name, [name, [...known, value].join(', ')]);
    }
  }
  let characters = 0;
  return [...lines.values()].filter(([name, value]) => {
    characters += name.length + value.length + 4;
    return characters <= MAX_CHARACTERS;
  });
}
