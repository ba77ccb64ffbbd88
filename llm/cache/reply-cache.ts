import { LRUCache } from 'lru-cache';
import type { Json } from '#platform/base/json/json.ts';
import { digestOf } from '#platform/base/secrets/tokens.ts';
import type { Cache } from '#platform/realtime/cache/cache.ts';
import type { Alias, CacheRule } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import type { Delta } from '../provider/deltas.ts';
import type { Usage } from '../records/record.ts';
import type { CallContext, ChatRequest } from '../requests.ts';

/** A reply as it is kept. */
export interface StoredReply {
  readonly alias: string;
  readonly deployment: string;
  readonly provider: string;
  readonly model: string;
  readonly deltas: readonly Delta[];
  readonly reason: 'stop' | 'length' | 'tool_calls';
  readonly usage: Usage;
}

export type ReplyStore = Pick<Cache, 'get' | 'set'>;

/**
 * Pieces of text of a replay, roughly: a reply of thousands of tokens is not worth thousands of objects. Tool calls and
 * citations are never joined, and come on top.
 */
const MAX_PIECES = 256;

/**
 * Returns whom a reply may be given to: its user alone, or everybody where the alias says so. Undefined: it is not
 * cached.
 */
export function partition(rule: CacheRule, { identity }: CallContext): string | undefined {
  if (rule.scope === 'shared') return 'shared';
  if (identity.kind === 'user') return `user:${identity.userId}`;
  return identity.kind === 'service' ? `service:${identity.service}` : undefined;
}

/** Returns everything that may change the answer; not who calls it what (`id`) nor what must be kept (`pinned`). */
export function replyKey(alias: Alias, request: ChatRequest, owner: string, messages = request.messages): string {
  const { model: _model, messages: _messages, cache: _cache, ...parameters } = request;
  const shown = messages.map(({ id: _id, pinned: _pinned, ...message }: ChatMessage) => message);
  const targets = alias.targets.map(({ deployment }) => [deployment.provider.baseUrl, deployment.model]);
  const text = JSON.stringify([alias.id, targets, parameters, shown]);
  return `llm:reply:${owner}:${digestOf(text)}`;
}

/** Puts neighbouring pieces of text, and of reasoning, together, so that some MAX_PIECES of them are left. */
export function compact(deltas: readonly Delta[]): Delta[] {
  const merged: Delta[] = [];
  const size = Math.ceil(deltas.length / MAX_PIECES);
  let joined = 0;
  for (const delta of deltas) {
    const last = merged.at(-1);
    const both = joined < size && last ? join(last, delta) : undefined;
    if (both) {
      merged[merged.length - 1] = both;
      joined++;
    } else {
      merged.push(delta);
      joined = 1;
    }
  }
  return merged;
}

function join(one: Delta, other: Delta): Delta | undefined {
  if (one.type === 'text' && other.type === 'text') return { type: 'text', text: one.text + other.text };
  if (one.type !== 'reasoning' || other.type !== 'reasoning' || one.field !== other.field) return undefined;
  // Details go back to the provider as they came.
  return one.details || other.details ? undefined : { ...one, text: one.text + other.text };
}

/** The cache of replies. A store that fails is an empty one. */
export class ReplyCache {
  readonly #store: ReplyStore;

  constructor(store: ReplyStore) {
    this.#store = store;
  }

  async get(key: string): Promise<StoredReply | undefined> {
    return (await this.#store.get<Json>(key)) as unknown as StoredReply | undefined;
  }

  async put(key: string, reply: StoredReply, rule: CacheRule): Promise<void> {
    await this.#store.set(key, { ...reply, deltas: compact(reply.deltas) } as unknown as Json, { ttlMs: rule.ttlMs });
  }
}

const MEMORY_CHARACTERS = 32_000_000;

/** Creates a store in memory, for processes that were given no cache. */
export function memoryReplyStore(): ReplyStore {
  const kept = new LRUCache<string, string>({
    maxSize: MEMORY_CHARACTERS,
    sizeCalculation: (value) => value.length + 200,
  });
  return {
    get: async <T extends Json>(key: string) => {
      const text = kept.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as T);
    },
    set: async (key, value, { ttlMs }) => {
      kept.set(key, JSON.stringify(value), { ttl: ttlMs });
    },
  };
}
