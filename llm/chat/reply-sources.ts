import type { Logger } from '#platform/base/log/log.ts';
import { partition, type ReplyCache, replyKey, type StoredReply } from '../cache/reply-cache.ts';
import { type EmbedPrompt, SemanticIndex } from '../cache/semantic-cache.ts';
import type { Alias } from '../catalogue/catalogue.ts';
import type { Delta } from '../provider/deltas.ts';
import type { CacheState, Usage } from '../records/record.ts';
import type { CallContext, ChatRequest } from '../requests.ts';
import { keepable, type ProviderReply, type ReplyPart } from './provider-reply.ts';
import { SharedReply } from './shared-reply.ts';

/** The source of a reply: kept, on its way already, or to be asked for. */
export type ReplySource =
  | { readonly kind: 'kept'; readonly stored: StoredReply; readonly cache: CacheState }
  | { readonly kind: 'shared'; readonly shared: SharedReply; readonly follower: object; readonly cache: CacheState }
  | { readonly kind: 'own'; readonly source: ProviderReply };

/** The sources of replies to all aliases: decides what an alias's cache does for a request. */
export class ReplySources {
  readonly #cache: ReplyCache;
  readonly #semantic = new SemanticIndex();
  readonly #shared = new Map<string, SharedReply>();
  readonly #log: Logger;

  constructor(cache: ReplyCache, log: Logger) {
    this.#cache = cache;
    this.#log = log;
  }

  /** @param embed for the semantic cache, which is off without it. */
  async find(
    alias: Alias,
    request: ChatRequest,
    call: CallContext,
    ask: () => ProviderReply,
    embed?: EmbedPrompt,
  ): Promise<ReplySource> {
    const rule = alias.cache ?? alias.semanticCache;
    const owner = rule && partition(rule, call);
    if (!rule || owner === undefined || request.cache === 'bypass') return { kind: 'own', source: ask() };
    const key = replyKey(alias, request, owner);
    if (request.cache !== 'refresh') {
      const stored = await this.#cache.get(key);
      if (stored) return { kind: 'kept', stored, cache: 'hit' };
      const similar = await this.#similar(alias, request, call, embed);
      if (similar) return { kind: 'kept', stored: similar, cache: 'semantic' };
      const joined = this.#shared.get(key);
      if (joined?.joinable) return { kind: 'shared', shared: joined, follower: joined.join(), cache: 'shared' };
    }
    const shared = new SharedReply(ask(), new AbortController(), async (parts) => {
      try {
        if (parts && keepable(parts)) {
          await this.#keep(key, alias, request, call, parts, await shared.source.usage(), embed);
        }
      } catch (error) {
        this.#log.warn({ err: error }, 'a reply could not be kept');
      } finally {
        if (this.#shared.get(key) === shared) this.#shared.delete(key);
      }
    });
    this.#shared.set(key, shared);
    return { kind: 'shared', shared, follower: shared.join(), cache: 'miss' };
  }

  async #similar(
    alias: Alias,
    request: ChatRequest,
    call: CallContext,
    embed: EmbedPrompt | undefined,
  ): Promise<StoredReply | undefined> {
    const place = this.#place(alias, request, call);
    if (!place || !embed) return undefined;
    try {
      const key = await this.#semantic.find(place.partition, place.prompt, place.rule, embed);
      return key === undefined ? undefined : await this.#cache.get(key);
    } catch (error) {
      this.#log.warn({ err: error }, 'the semantic cache failed; the call goes on without it');
      return undefined;
    }
  }

  /** Where the prompt is looked up: all but its last message must be equal. */
  #place(alias: Alias, request: ChatRequest, call: CallContext) {
    const { semanticCache: rule } = alias;
    const owner = rule && partition(rule, call);
    const prompt = SemanticIndex.promptOf(request.messages);
    if (!rule || owner === undefined || prompt === undefined) return undefined;
    return { rule, prompt, partition: replyKey(alias, request, owner, request.messages.slice(0, -1)) };
  }

  async #keep(
    key: string,
    alias: Alias,
    request: ChatRequest,
    call: CallContext,
    parts: readonly ReplyPart[],
    usage: Usage,
    embed: EmbedPrompt | undefined,
  ): Promise<void> {
    const [start, ...rest] = parts;
    const end = rest.at(-1);
    if (start?.type !== 'start' || end?.type !== 'end') return;
    const deltas = rest.slice(0, -1) as Delta[];
    const { deployment, provider, model } = start;
    await this.#cache.put(
      key,
      { alias: start.alias, deployment, provider, model, deltas, reason: end.reason as StoredReply['reason'], usage },
      (alias.cache ?? alias.semanticCache)!,
    );
    const place = this.#place(alias, request, call);
    if (place && embed) await this.#semantic.add(place.partition, place.prompt, key, place.rule, embed);
  }
}
