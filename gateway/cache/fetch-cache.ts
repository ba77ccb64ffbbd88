import type { GraphQLSchema } from 'graphql';
import { parseObject } from '#platform/base/json/objects.ts';
import { digestOf } from '#platform/base/secrets/tokens.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { CachePolicy } from '../request/cache-control.ts';
import { CARRIERS } from '../request/carriers.ts';
import { CREDENTIALS } from '../request/credential-headers.ts';
import { identityText } from '../request/identity-key.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { policyOf } from './answer-policy.ts';
import { type AnswerStore, type KeptAnswer, MAX_KEPT_MS, type Tokens, versionOf } from './answer-store.ts';
import type { CacheHints } from './cache-hints.ts';
import type { CacheKind, CacheMetrics } from './cache-metrics.ts';
import { concernedBy, type Invalidation } from './dependencies.ts';
import { type FetchFacts, readFetchFacts } from './fetch-facts.ts';

type Headers = Readonly<Record<string, string>>;

/** The settings that hold for the answers of one subgraph. */
export interface SubgraphCacheSettings {
  readonly ttl?: number | undefined;
  readonly stale_while_revalidate?: number | undefined;
}

/** The rules of the gateway about keeping answers, as they are at the moment. */
export interface CacheRules {
  /** Undefined: nothing of the subgraph is kept. */
  settingsOf(subgraph: string): SubgraphCacheSettings | undefined;
  /** The headers that a subgraph gets of those that were collected. */
  headersOf(subgraph: string, headers: Headers | undefined): Headers | undefined;
  /** Whether the answers of a subgraph depend on a header that it gets. */
  counts(subgraph: string, name: string): boolean;
  /** Whether a subgraph gets a header of clients who send it, sent this time or not. */
  maySend(subgraph: string, name: string): boolean;
  /** Header lines of an answer of a subgraph that clients are shown, each behind a CRLF. */
  shownOf(subgraph: string, head: string | undefined): string;
  /** Whether the subgraph is told who asks, beside the headers. */
  isToldIdentity(subgraph: string): boolean;
  /** Whether whole answers are kept. */
  readonly answers: boolean;
  /** Another text for other settings: what was kept under others is not found. */
  readonly version: string;
}

/** A caller, as far as the key of an answer needs to know. */
export interface CacheCaller {
  readonly identity: Identity;
  readonly headers?: Headers | undefined;
}

/** A thing that a fetch asks for. */
export interface Question {
  /** A representation as JSON; empty for root fields. */
  readonly text: string;
  /** The same as an object; for root fields their variables. */
  readonly asked: Readonly<Record<string, unknown>>;
}

/** An answer that was kept. */
export interface Known {
  readonly data: Readonly<Record<string, unknown>>;
  /** What is left of it. */
  readonly policy: CachePolicy;
  readonly isStale: boolean;
  /** Whether this caller is the one to fetch it again. */
  readonly isToRefresh: boolean;
  readonly names: readonly string[];
  /** Header lines that it came with and clients are shown, each behind a CRLF. */
  readonly shown: string;
}

/** The words of the cache to the questions of one fetch, and the place for what it does not know. */
export interface Lookup {
  readonly known: readonly (Known | undefined)[];
  readonly tokens: Tokens;
  /** How long the answer may be kept. */
  policyOf(head: string | undefined): CachePolicy;
  namesOf(question: number): readonly string[];
  /** Keeps the answer to one question. @param head status line and headers that it came with. */
  keep(question: number, data: string, policy: CachePolicy, head: string | undefined): void;
  /** Forgets what is known, because it turned out not to fit. */
  forget(): void;
}

/** The cache of one supergraph's fetches. */
export class FetchCache {
  readonly store: AnswerStore;
  readonly rules: CacheRules;
  readonly metrics: CacheMetrics;
  readonly #supergraph: Supergraph;
  readonly #hints: () => CacheHints;
  readonly #full: GraphQLSchema;
  readonly #claims = new Map<string, number>();

  constructor(
    supergraph: Supergraph,
    full: GraphQLSchema,
    parts: {
      readonly store: AnswerStore;
      readonly rules: CacheRules;
      readonly metrics: CacheMetrics;
      readonly hints: () => CacheHints;
    },
  ) {
    this.store = parts.store;
    this.rules = parts.rules;
    this.metrics = parts.metrics;
    this.#supergraph = supergraph;
    this.#full = full;
    this.#hints = parts.hints;
  }

  /** Whether there is something to be found of a subgraph. */
  isOn(subgraph: string): boolean {
    return this.rules.settingsOf(subgraph) !== undefined && !this.store.rests;
  }

  facts(subgraph: string, text: string, alias: string | undefined): FetchFacts | undefined {
    return readFetchFacts({ subgraph, text, alias, full: this.#full, hints: this.#hints() });
  }

  /**
   * Makes unreadable what was kept and depends on something.
   *
   * @returns how many names of what answers depend on that concerns.
   * @throws {CodedError} SERVICE_UNAVAILABLE when it is not certain that it is done.
   */
  async invalidate(asked: Invalidation): Promise<number> {
    const names = concernedBy(asked, this.#hints(), this.#full);
    await this.store.reset(names);
    this.metrics.invalidated(names.length);
    return names.length;
  }

  /** Begins the key of whatever is kept. */
  keyOf(...parts: readonly string[]): string {
    return digestOf([this.rules.version, this.#supergraph.id, ...parts].join('\0'));
  }

  /** @param variables of the operation, beside what the questions say, as text. */
  async look(
    { subgraph, kind, facts }: { readonly subgraph: string; readonly kind: CacheKind; readonly facts: FetchFacts },
    caller: CacheCaller,
    variables: string,
    questions: readonly Question[],
  ): Promise<Lookup> {
    const { rules, store, metrics } = this;
    const who = this.#who(subgraph, caller);
    const publicKeys = questions.map(({ text }) =>
      this.keyOf(subgraph, facts.selection, variables, text, 'public', who.everybody),
    );
    const privateKeys =
      who.alone === undefined
        ? []
        : questions.map(({ text }) =>
            this.keyOf(subgraph, facts.selection, variables, text, 'private', who.everybody, who.alone!),
          );
    const namesOf = questions.map(({ asked }) => [...new Set([...facts.names, ...facts.namesOf(asked)])]);
    const names = [...new Set(namesOf.flat())];
    const read = await store.read([...publicKeys, ...privateKeys], names);
    const now = Date.now();
    const known = questions.map((_, n) => {
      const version = versionOf(namesOf[n]!, read.tokens);
      const found = [read.answers[n], read.answers[questions.length + n]].find((one) => isGood(one, version, now));
      const known = found && knownOf(found, namesOf[n]!, now);
      return known?.isStale
        ? { ...known, isToRefresh: this.#claim(publicKeys[n]! + (privateKeys[n] ?? ''), now) }
        : known;
    });
    const stale = known.filter((one) => one?.isStale).length;
    const missing = known.filter((one) => one === undefined).length;
    metrics.asked(subgraph, kind, 'hit', known.length - stale - missing);
    metrics.asked(subgraph, kind, 'stale', stale);
    metrics.asked(subgraph, kind, 'miss', missing);
    const needed = [...new Set(namesOf.flatMap((one, n) => (known[n] === undefined ? one : [])))];
    // Before the subgraph is asked, so that an invalidation meanwhile is noticed.
    const tokens = await store.begin(needed, read.tokens);
    const isCertain = !store.rests;
    const claims = this.#claims;
    const settings = rules.settingsOf(subgraph);
    return {
      known,
      tokens,
      policyOf: (head) =>
        policyOf(
          head,
          facts.hinted,
          {
            ttl: settings?.ttl,
            staleWhileRevalidate: settings?.stale_while_revalidate,
            isToldIdentity: rules.isToldIdentity(subgraph) || who.isToldMore,
          },
          (name) => rules.maySend(subgraph, name) && !rules.counts(subgraph, name),
        ),
      namesOf: (n) => namesOf[n]!,
      keep(n, data, { maxAge, scope, staleWhileRevalidate }, head) {
        const key = scope === 'public' ? publicKeys[n] : privateKeys[n];
        const version = versionOf(namesOf[n]!, tokens);
        if (maxAge <= 0 || key === undefined || version === undefined || !isCertain) return;
        const at = Date.now();
        const freshUntil = at + Math.min(maxAge * 1_000, MAX_KEPT_MS);
        const staleUntil = Math.min(freshUntil + staleWhileRevalidate * 1_000, at + MAX_KEPT_MS);
        metrics.kept(subgraph, kind);
        claims.delete(publicKeys[n]! + (privateKeys[n] ?? ''));
        const shown = rules.shownOf(subgraph, head);
        store.keep(key, {
          data,
          freshUntil,
          staleUntil,
          scope: scope === 'public' ? 'public' : 'private',
          version,
          shown,
        });
      },
      forget() {
        const used = (_: string, n: number): boolean => known[n % questions.length] !== undefined;
        store.forget([...publicKeys, ...privateKeys].filter(used));
      },
    };
  }

  /** One caller at a time fetches again what is stale; another one takes over where nothing comes of it. */
  #claim(key: string, now: number): boolean {
    if ((this.#claims.get(key) ?? 0) > now) return false;
    if (this.#claims.size >= MAX_CLAIMS) this.#claims.clear();
    this.#claims.set(key, now + CLAIM_MS);
    return true;
  }

  /**
   * Who gets an answer: for what is public everybody with the same headers that count, for what is private the same
   * identity with the same headers. A caller of whom nothing is known gets nothing that is private.
   */
  #who(subgraph: string, { identity, headers }: CacheCaller) {
    const sent = this.rules.headersOf(subgraph, headers) ?? {};
    const names = Object.keys(sent).sort();
    const counting = names.filter((name) => this.rules.counts(subgraph, name));
    const isKnown = identity.kind !== 'anonymous' || names.some((name) => CREDENTIALS.has(name));
    const own = names.filter((name) => !CARRIERS.has(name));
    const uncounted = names.filter((name) => !counting.includes(name));
    // What does not count may still be a credential: those who send it share nothing with those who do not.
    const isToldMore = uncounted.some((name) => !CARRIERS.has(name));
    return {
      everybody: JSON.stringify([isToldMore, counting.map((name) => [name, sent[name]])]),
      alone: isKnown ? identityText(identity) + JSON.stringify(own.map((name) => [name, sent[name]])) : undefined,
      isToldMore,
    };
  }
}

/** How long one caller has to fetch again what is stale, and how many answers are fetched again at once. */
const CLAIM_MS = 10_000;
const MAX_CLAIMS = 10_000;

const isGood = (answer: KeptAnswer | undefined, version: string | undefined, now: number): boolean =>
  answer !== undefined && version !== undefined && answer.version === version && answer.staleUntil > now;

function knownOf(
  { data, freshUntil, scope, shown = '' }: KeptAnswer,
  names: readonly string[],
  now: number,
): Known | undefined {
  // Another program may have written to that key.
  const parsed = parseObject(data);
  if (!parsed) return undefined;
  const maxAge = Math.max(0, Math.floor((freshUntil - now) / 1_000));
  return {
    data: parsed,
    policy: { maxAge, scope, mustRevalidate: false, staleWhileRevalidate: 0 },
    isStale: freshUntil <= now,
    isToRefresh: false,
    names,
    shown,
  };
}
