/** The permission that `cache-control` gives to those who keep an answer. */
export interface CachePolicy {
  /** Seconds; 0: it is not kept. */
  readonly maxAge: number;
  /** `private` and `public` are what was said, undefined where neither was. */
  readonly scope: 'private' | 'public' | undefined;
  readonly mustRevalidate: boolean;
  /** Seconds for which it may be given out after that while a new one is fetched. */
  readonly staleWhileRevalidate: number;
}

/** The policy of an answer that is not kept. */
export const NO_STORE: CachePolicy = {
  maxAge: 0,
  scope: undefined,
  mustRevalidate: false,
  staleWhileRevalidate: 0,
};

/** Longer than any answer is kept: a year. */
const MAX_AGE = 31_536_000;

/**
 * Reads `cache-control`, and `age` beside it. What is not understood, and what says nothing of a time, is not kept: a
 * guess here would be a wrong answer somewhere else.
 */
export function readCacheControl(header: string | undefined, age?: string): CachePolicy {
  if (header === undefined) return NO_STORE;
  let maxAge: number | undefined;
  let scope: CachePolicy['scope'];
  let mustRevalidate = false;
  let staleWhileRevalidate = 0;
  for (const part of header.split(',')) {
    const [name = '', given] = part.split('=', 2).map((text) => text.trim().toLowerCase());
    switch (name) {
      case 'no-store':
      case 'no-cache':
        return NO_STORE;
      case 'private':
        scope = 'private';
        break;
      case 'public':
        scope ??= 'public';
        break;
      case 'must-revalidate':
      case 'proxy-revalidate':
        mustRevalidate = true;
        break;
      case 'max-age':
      case 's-maxage': {
        const seconds = secondsOf(given);
        if (seconds === undefined) return NO_STORE;
        maxAge = Math.min(maxAge ?? MAX_AGE, seconds);
        break;
      }
      case 'stale-while-revalidate':
        staleWhileRevalidate = secondsOf(given) ?? 0;
    }
  }
  if (maxAge === undefined) return NO_STORE;
  const passed = age === undefined ? 0 : secondsOf(age.trim());
  if (passed === undefined || passed >= maxAge) return NO_STORE;
  return {
    maxAge: maxAge - passed,
    scope,
    mustRevalidate,
    staleWhileRevalidate: mustRevalidate ? 0 : staleWhileRevalidate,
  };
}

/** Returns the strictest of two policies: what both allow. */
export function strictest(a: CachePolicy, b: CachePolicy): CachePolicy {
  const maxAge = Math.min(a.maxAge, b.maxAge);
  if (maxAge === 0) return NO_STORE;
  const isPrivate = a.scope === 'private' || b.scope === 'private';
  return {
    maxAge,
    scope: isPrivate ? 'private' : a.scope === b.scope ? a.scope : undefined,
    mustRevalidate: a.mustRevalidate || b.mustRevalidate,
    staleWhileRevalidate: Math.min(a.staleWhileRevalidate, b.staleWhileRevalidate),
  };
}

/** Returns a policy as a header; without `stale-while-revalidate`, which belongs to who has the fresh answer. */
export function writeCacheControl({ maxAge, scope, mustRevalidate }: CachePolicy): string {
  if (maxAge === 0) return 'no-store';
  return `max-age=${maxAge}${scope ? `, ${scope}` : ''}${mustRevalidate ? ', must-revalidate' : ''}`;
}

const secondsOf = (text: string | undefined): number | undefined => {
  const digits = /^"?(\d{1,10})"?$/.exec(text ?? '')?.[1];
  return digits === undefined ? undefined : Math.min(Number(digits), MAX_AGE);
};
