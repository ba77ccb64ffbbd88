import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Identity } from '#platform/identity/identity.ts';
import { HEADER_NAME } from '#platform/net/http/header-field.ts';
import { CLIENT_INIT } from '#platform/net/transport/transport.ts';
import { type GatewayFile, settingsOf } from '../settings/gateway-file.ts';
import { isReserved, isSelected as matches } from '../settings/header-names.ts';
import type { RequestRule } from '../settings/header-settings.ts';
import { headersOfPayload } from './authentication.ts';
import { forwardedFor } from './client.ts';
import { CREDENTIALS } from './credential-headers.ts';

type Headers = Readonly<Record<string, string>>;

/** The part of a request's headers that goes on to subgraphs. */
export interface ForwardedHeaders {
  /** All that any subgraph may get; the rules of each subgraph choose among them. Undefined: none. */
  readonly headers: Headers | undefined;
  /** Equal for requests that every subgraph answers alike, as far as headers tell. */
  readonly headersKey: string | undefined;
}

/** The rules by which headers of clients go on to subgraphs. */
export interface Propagation {
  /** Names of all headers that some subgraph may get, or `*` where patterns choose them. */
  readonly names: readonly string[] | '*';
  /** Whether the answers of a subgraph depend on a header that it gets, by what that header is made of. */
  counts(subgraph: string, name: string): boolean;
  /** Whether a header that a subgraph gets is made of what says who asks, under whatever name. */
  tellsWho(subgraph: string, name: string): boolean;
  /** Whether a subgraph gets a header that another request may have otherwise, or not at all. */
  maySend(subgraph: string, name: string): boolean;
  /** Chooses what of a request any subgraph may get. */
  collect(request: IncomingMessage, identity: Identity): ForwardedHeaders;
  /** The same with what a client says at `connection_init`, which counts before the upgrade request's. */
  collectPayload(
    offered: Headers | undefined,
    payload: Readonly<Record<string, unknown>> | undefined,
    identity: Identity,
  ): ForwardedHeaders;
  /** Returns what one subgraph gets of it. */
  of(subgraph: string, headers: Headers | undefined): Headers | undefined;
  /** The same when a subscription is opened: with the client's `connection_init` where the subgraph wants that. */
  ofSubscription(subgraph: string, headers: Headers | undefined): Headers | undefined;
}

const FORWARDED_FOR = 'x-forwarded-for';

/** Without an authenticator the subgraphs check credentials themselves, so they need to see them. */
const PASS_CREDENTIALS: readonly RequestRule[] = [
  'authorization',
  'x-api-key',
  'cookie',
  'accept-language',
  FORWARDED_FOR,
  'user-agent',
].map((propagate) => ({ propagate }));

/** They tell who carries a request, not what is asked; an answer varies on them only where gateway.yaml says so. */
const CARRIERS = new Set([FORWARDED_FOR, 'user-agent']);

const NOTHING: ForwardedHeaders = { headers: undefined, headersKey: undefined };
/** Claims travel beside the headers; a colon is in no header's name. */
const claimKey = (path: string): string => `claim:${path}`;

export interface PropagationOptions {
  readonly file: GatewayFile;
  /** Whether the gateway checks credentials itself: then subgraphs get no header that no rule names. */
  readonly authenticates: boolean;
  readonly trustedProxies: number;
  /** The value of a claim of the token that an identity was made from. */
  readonly claimOf?: ((identity: Identity, path: string) => string | undefined) | undefined;
}

/** Creates the propagation of headers by the rules of gateway.yaml; without rules the credentials are passed on. */
export function createPropagation({ file, ...options }: PropagationOptions): Propagation {
  const defaults = options.authenticates ? [] : PASS_CREDENTIALS;
  const ruled = new Map<string, readonly RequestRule[]>();
  const isRuled = [file.all, ...Object.values(file.subgraphs ?? {})].some((settings) => settings?.headers?.request);
  const rulesOf = (subgraph: string): readonly RequestRule[] => {
    let rules = ruled.get(subgraph);
    if (!rules) {
      rules = isRuled ? (settingsOf(file, subgraph).headers?.request ?? []) : defaults;
      ruled.set(subgraph, rules);
    }
    return rules;
  };
  const all = isRuled
    ? [...(file.all?.headers?.request ?? []), ...Object.keys(file.subgraphs ?? {}).flatMap((name) => rulesOf(name))]
    : defaults;
  const selection = new Selection(all);
  const wantsInit = (subgraph: string): boolean => settingsOf(file, subgraph).subscriptions?.init === 'client';
  const keepsInit = file.all?.subscriptions?.init === 'client' || Object.keys(file.subgraphs ?? {}).some(wantsInit);
  const varies = (name: string): boolean =>
    file.vary ? file.vary.includes(name) || name.includes(':') : !CARRIERS.has(name);

  function finish(found: Record<string, string>, identity: Identity): ForwardedHeaders {
    for (const path of selection.claims) {
      const claim = options.claimOf?.(identity, path);
      if (claim !== undefined) found[claimKey(path)] = claim;
      // A token that renews another one may lack it.
      else delete found[claimKey(path)];
    }
    const gathered = Object.keys(found).sort();
    if (gathered.length === 0) return NOTHING;
    const counting = gathered.filter(varies).map((name) => [name, found[name]]);
    return { headers: found, headersKey: counting.length > 0 ? JSON.stringify(counting) : undefined };
  }

  return {
    names: selection.names,
    counts(subgraph, name) {
      const rules = rulesOf(subgraph);
      if (rules === defaults) return varies(name);
      return rules.some((rule) => {
        if ('insert' in rule) return rule.insert === name && rule.claim !== undefined;
        if (!('propagate' in rule)) return false;
        if (typeof rule.propagate === 'string')
          return (rule.rename ?? rule.propagate) === name && varies(rule.propagate);
        return matches(rule.propagate, name) && varies(name);
      });
    },
    tellsWho(subgraph, name) {
      const own = file.authentication?.header?.toLowerCase();
      const isCredential = (source: string): boolean => CREDENTIALS.has(source) || source === own;
      return rulesOf(subgraph).some((rule) => sourceOf(rule, name).some(isCredential));
    },
    maySend: (subgraph, name) => rulesOf(subgraph).some((rule) => sourceOf(rule, name).length > 0),
    collect(request, identity) {
      if (all.length === 0) return NOTHING;
      const found: Record<string, string> = {};
      selection.gather(request.headers, found);
      const address = selection.has(FORWARDED_FOR) ? forwardedFor(request, options.trustedProxies) : undefined;
      // What the client wrote about its own address is not to be believed.
      if (address === undefined) delete found[FORWARDED_FOR];
      else found[FORWARDED_FOR] = address;
      return finish(found, identity);
    },
    collectPayload(offered, payload, identity) {
      if (all.length === 0 && !keepsInit) return NOTHING;
      const found: Record<string, string> = {};
      selection.gather(headersOfPayload(payload), found);
      if (keepsInit && payload) found[CLIENT_INIT] = JSON.stringify(payload);
      return finish({ ...offered, ...found, ...pick(offered, FORWARDED_FOR) }, identity);
    },
    of(subgraph, headers) {
      const rules = rulesOf(subgraph);
      if (rules === defaults) return keepsInit ? withoutInit(headers) : headers;
      let result: Record<string, string> | undefined;
      for (const rule of rules) result = applied(rule, rules, headers, result);
      return result;
    },
    ofSubscription(subgraph, headers) {
      const own = this.of(subgraph, headers);
      const init = headers?.[CLIENT_INIT];
      return init !== undefined && wantsInit(subgraph) ? { ...own, [CLIENT_INIT]: init } : own;
    },
  };
}

/** What rules take of a request, all together. */
class Selection {
  /** Paths of the claims that are inserted. */
  readonly claims: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];

  constructor(rules: readonly RequestRule[]) {
    const chosen = rules.flatMap((rule) => ('propagate' in rule ? [rule.propagate] : []));
    this.#names = new Set(chosen.filter((one) => typeof one === 'string'));
    this.#patterns = chosen.flatMap((one) => (typeof one === 'string' ? [] : [one.matching]));
    this.claims = new Set(rules.flatMap((rule) => ('insert' in rule && rule.claim !== undefined ? [rule.claim] : [])));
  }

  get names(): readonly string[] | '*' {
    return this.#patterns.length > 0 ? '*' : [...this.#names];
  }

  /**
   * Whether a header is taken. The payload of `connection_init` may have any names: one with a colon could pass for a
   * claim, one with a line break for another request.
   */
  has(name: string): boolean {
    if (this.#names.has(name)) return true;
    return !isReserved(name) && HEADER_NAME.test(name) && this.#patterns.some((pattern) => pattern.test(name));
  }

  gather(given: IncomingHttpHeaders | Readonly<Record<string, unknown>>, found: Record<string, string>): void {
    if (this.#patterns.length === 0) for (const name of this.#names) take(given, name, found);
    else for (const name in given) if (this.has(name.toLowerCase())) take(given, name, found);
  }
}

/** The header of the client that a rule may send under a name; none where it does not. */
function sourceOf(rule: RequestRule, name: string): readonly string[] {
  if (!('propagate' in rule)) return [];
  const { propagate } = rule;
  if (typeof propagate === 'string') return (rule.rename ?? propagate) === name ? [propagate] : [];
  return matches(propagate, name) && !isReserved(name) ? [name] : [];
}

/** Returns what is sent once a rule has been applied to what is sent so far. */
function applied(
  rule: RequestRule,
  rules: readonly RequestRule[],
  headers: Headers | undefined,
  sent: Record<string, string> | undefined,
): Record<string, string> | undefined {
  if ('insert' in rule) {
    const value = rule.value ?? headers?.[claimKey(rule.claim!)];
    // What a client sends under that name is not what its token says.
    if (value === undefined && sent) delete sent[rule.insert];
    return put(sent, rule.insert, value);
  }
  if ('remove' in rule) {
    for (const name of Object.keys(sent ?? {})) if (matches(rule.remove, name)) delete sent![name];
    return sent;
  }
  if (typeof rule.propagate === 'string')
    return put(sent, rule.rename ?? rule.propagate, headers?.[rule.propagate] ?? rule.default);
  let result = sent;
  for (const name in headers) {
    if (isOpen(name, rules) && matches(rule.propagate, name)) result = put(result, name, headers[name]);
  }
  return result;
}

function put(sent: Record<string, string> | undefined, name: string, value: string | undefined) {
  if (value === undefined) return sent;
  const result = sent ?? {};
  result[name] = value;
  return result;
}

/** Whether a pattern may choose a header: none that is not the client's to say. */
const isOpen = (name: string, rules: readonly RequestRule[]): boolean =>
  !isReserved(name) && !name.includes(':') && !rules.some((rule) => 'insert' in rule && rule.insert === name);

const withoutInit = (headers: Headers | undefined): Headers | undefined => {
  const { [CLIENT_INIT]: _, ...rest } = headers ?? {};
  return Object.keys(rest).length > 0 ? rest : undefined;
};

function take(given: Readonly<Record<string, unknown>>, name: string, found: Record<string, string>): void {
  const value = given[name];
  if (typeof value === 'string') found[name] = value;
}

const pick = (headers: Headers | undefined, name: string): Headers => {
  const value = headers?.[name];
  return value === undefined ? {} : { [name]: value };
};
