import { type CachePolicy, NO_STORE, readCacheControl } from '../request/cache-control.ts';
import type { HintedPolicy } from './fetch-facts.ts';

/** The settings that decide how long a subgraph's answer is kept, beside the answer itself. */
export interface PolicySettings {
  /** Seconds, where neither the answer nor the schema says something; undefined: it is not kept then. */
  readonly ttl: number | undefined;
  /** Seconds, where the answer says nothing. */
  readonly staleWhileRevalidate: number | undefined;
  /** Whether the subgraph is told of the caller what does not count: then only what is said to be public is. */
  readonly isToldIdentity: boolean;
}

/** Headers that every request of the gateway has alike. */
const CONSTANT = new Set(['accept', 'accept-encoding', 'content-type', 'origin']);

/**
 * Decides how long an answer without errors may be kept, and for whom: by its `cache-control`, never longer than
 * `@cacheControl` says; without the header by `@cacheControl` as Apollo Server reads it; without both by the setting.
 *
 * @param head status line and headers; undefined of a subgraph in this process.
 * @param isUncounted whether the subgraph gets a header of some clients that is not a part of the key, sent or not.
 */
export function policyOf(
  head: string | undefined,
  hinted: HintedPolicy,
  { ttl = 0, staleWhileRevalidate = 0, isToldIdentity }: PolicySettings,
  isUncounted: (name: string) => boolean,
): CachePolicy {
  const headers = head === undefined ? NONE : readHeaders(head);
  if (headers.has('set-cookie') || (head !== undefined && !/^HTTP\/1\.[01] 200\b/.test(head))) return NO_STORE;
  if (dependsOn(headers.get('vary'), isUncounted)) return NO_STORE;
  const said = headers.get('cache-control');
  const hintedAge = hinted.maxAge ?? Number.POSITIVE_INFINITY;
  const policy: CachePolicy =
    said === undefined
      ? {
          maxAge: hinted.maxAge === undefined ? ttl : Math.min(hintedAge, hinted.needsDefault ? ttl : hintedAge),
          scope: undefined,
          mustRevalidate: false,
          staleWhileRevalidate,
        }
      : readCacheControl(said, headers.get('age'));
  const maxAge = Math.min(policy.maxAge, hintedAge);
  if (!(maxAge > 0)) return NO_STORE;
  const isPrivate = policy.scope === 'private' || hinted.isPrivate;
  const isPublic = policy.scope === 'public' || hinted.isPublic || !isToldIdentity;
  return { ...policy, maxAge, scope: !isPrivate && isPublic ? 'public' : 'private' };
}

const NONE: ReadonlyMap<string, string> = new Map();

function readHeaders(head: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    found.set(name, found.has(name) ? `${found.get(name)}, ${value}` : value);
  }
  return found;
}

/** Whether an answer says that it depends on a header which does not count here. */
function dependsOn(vary: string | undefined, isUncounted: (name: string) => boolean): boolean {
  const names = (vary ?? '').split(',').map((name) => name.trim().toLowerCase());
  return names.includes('*') || names.some((name) => !CONSTANT.has(name) && isUncounted(name));
}
