import { randomUUID } from 'node:crypto';
import type { Json } from '#platform/base/json/json.ts';
import { digestOf } from '#platform/base/secrets/tokens.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';

/** A kept answer. */
export interface KeptAnswer {
  /** JSON. */
  readonly data: string;
  /** Milliseconds since 1970 until when it is fresh, and until when it may be given out while a new one is fetched. */
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly scope: 'public' | 'private';
  /** The tokens of all that it depends on, as one text. */
  readonly version: string;
  /** The names of what it depends on, where the reader does not know them beforehand. */
  readonly names?: readonly string[];
  /** Header lines that it came with and clients are shown, each behind a CRLF. */
  readonly shown?: string;
}

/** The tokens of names, as far as they have one. */
export type Tokens = ReadonlyMap<string, string>;

/** Tokens live longer than any answer. One that is forgotten earlier makes its answers unreadable for good. */
const TOKEN_MS = 30 * 24 * 3_600_000;
export const MAX_KEPT_MS = 24 * 3_600_000;
/** A cache that takes longer than this is left alone for a while: without it an answer takes one fetch. */
const MAX_WAIT_MS = 800;
const REST_MS = 5_000;

/**
 * A store of answers, and of the tokens of what they depend on, in a cache that may forget anything at any time and may
 * not be there.
 * To invalidate is to replace a token: what was kept under another one is no longer found. Tokens are read before
 * the subgraph is asked, so an answer that was under way during an invalidation is never taken for a new one.
 */
export class AnswerStore {
  readonly #cache: Cache;
  #restsUntil = 0;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** Whether there is no use in asking it at the moment. */
  get rests(): boolean {
    return performance.now() < this.#restsUntil;
  }

  /** Reads answers and tokens at once. */
  async read(
    keys: readonly string[],
    names: readonly string[],
  ): Promise<{ readonly answers: readonly (KeptAnswer | undefined)[]; readonly tokens: Tokens }> {
    const began = performance.now();
    const values = await this.#cache.getMany<Json>([...keys.map(answerKey), ...names.map(tokenKey)]);
    this.#notice(began);
    const answers = values.slice(0, keys.length).map(answerIn);
    const tokens = new Map<string, string>();
    for (const [n, name] of names.entries()) {
      const token = values[keys.length + n];
      if (typeof token === 'string') tokens.set(name, token);
    }
    return { answers, tokens };
  }

  /** Gives names that have no token a first one. */
  async begin(names: readonly string[], tokens: Tokens): Promise<Tokens> {
    const missing = names.filter((name) => !tokens.has(name));
    if (missing.length === 0) return tokens;
    const began = performance.now();
    const all = new Map(tokens);
    await Promise.all(
      missing.map((name) => {
        const token = randomUUID();
        all.set(name, token);
        return this.#cache.set(tokenKey(name), token, { ttlMs: TOKEN_MS });
      }),
    );
    this.#notice(began);
    return all;
  }

  keep(key: string, answer: KeptAnswer): void {
    const ttlMs = answer.staleUntil - Date.now();
    if (ttlMs < 1 || this.rests) return;
    const { data, freshUntil, staleUntil, scope, version, names, shown } = answer;
    void this.#cache.set(
      answerKey(key),
      [data, freshUntil, staleUntil, scope, version, [...(names ?? [])], shown ?? ''],
      {
        ttlMs: Math.ceil(ttlMs),
      },
    );
  }

  forget(keys: readonly string[]): void {
    for (const key of keys) void this.#cache.delete(answerKey(key));
  }

  /**
   * Makes everything unreadable that depends on one of the names.
   *
   * @throws {CodedError} SERVICE_UNAVAILABLE when it is not certain that it is.
   */
  async reset(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#cache.mustSet(tokenKey(name), randomUUID(), { ttlMs: TOKEN_MS })));
  }

  #notice(began: number): void {
    if (performance.now() - began > MAX_WAIT_MS) this.#restsUntil = performance.now() + REST_MS;
  }
}

/** Returns the tokens of names as one text; undefined where one has none. */
export function versionOf(names: readonly string[], tokens: Tokens): string | undefined {
  const parts: string[] = [];
  for (const name of names) {
    const token = tokens.get(name);
    if (token === undefined) return undefined;
    parts.push(token);
  }
  return digestOf(parts.join());
}

const answerKey = (key: string): string => `gateway:answer:${key}`;
const tokenKey = (name: string): string => `gateway:token:${digestOf(name)}`;

function answerIn(value: unknown): KeptAnswer | undefined {
  if (!Array.isArray(value)) return undefined;
  const [data, freshUntil, staleUntil, scope, version, names, shown] = value as [
    string,
    number,
    number,
    'public',
    string,
    string[],
    string | undefined,
  ];
  // An earlier version kept no lines.
  return { data, freshUntil, staleUntil, scope, version, names, shown: shown ?? '' };
}
