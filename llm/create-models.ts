import { Accounting } from './accounting.ts';
import { LimitKeeper } from './budgets/limits.ts';
import { MemoryLedger } from './budgets/memory-ledger.ts';
import { RedisLedger } from './budgets/redis-ledger.ts';
import { memoryReplyStore, ReplyCache } from './cache/reply-cache.ts';
import { SemanticIndex } from './cache/semantic-cache.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import { fixedCatalogue, openCatalogue } from './catalogue/source.ts';
import { ChatCalls } from './chat/chat-calls.ts';
import { Replies } from './chat/replies.ts';
import { describeAliases, describeDeployments } from './describe.ts';
import { createEmbedder } from './embed.ts';
import { createImager } from './image.ts';
import type { Models, ModelsOptions } from './models.ts';
import { Prices } from './prices.ts';
import { Clients } from './provider/clients.ts';
import { Router } from './routing/router.ts';
import { Telemetry } from './telemetry.ts';
import { TokenCounter } from './tokens/count.ts';

/**
 * Opens the language-model layer. Reading the catalogue, looking for servers, the provider package, the tokenizer and
 * the price table all wait for the first call that needs them: a start pays for none of it.
 */
export function createModels(options: ModelsOptions): Models {
  const { config, log } = options;
  const clients = new Clients();
  const source = options.catalogue
    ? fixedCatalogue(options.catalogue)
    : openCatalogue({ config, log, onChange: () => clients.forget() });
  const prices = new Prices();
  const counter = new TokenCounter();
  const router = new Router(log);
  const accounting = new Accounting(prices, new Telemetry(options.metrics), options.onRecord, log);
  const catalogue = (): Promise<Catalogue> => source.current();
  const ledger = options.redis ? new RedisLedger(options.redis) : new MemoryLedger();
  const limits = new LimitKeeper(ledger, prices, log);
  const shared = { catalogue, router, clients, counter, prices, accounting, limits, log };
  const semantic = options.embedForCache && new SemanticIndex(options.embedForCache);
  const replies = new Replies(new ReplyCache(options.cache ?? memoryReplyStore()), semantic, log);
  const chats = new ChatCalls({ ...shared, replies });

  return {
    chat: (request, call) => chats.stream(request, call),
    embed: createEmbedder(shared),
    image: createImager(shared),
    list: async () => describeAliases(await catalogue(), router, prices),
    health: async () => describeDeployments(await catalogue(), router),
    count: (messages, countOptions) => chats.count(messages, countOptions),
    fit: (messages, fitOptions, call) => chats.fit(messages, fitOptions, call),
    async close() {
      source.close();
      clients.forget();
    },
  };
}
