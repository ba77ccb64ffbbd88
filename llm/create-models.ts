import { Accounting } from './accounting/accounting.ts';
import { Prices } from './accounting/prices.ts';
import { LimitKeeper } from './budgets/limit-keeper.ts';
import { MemoryLedger } from './budgets/memory-ledger.ts';
import { RedisLedger } from './budgets/redis-ledger.ts';
import { memoryReplyStore, ReplyCache } from './cache/reply-cache.ts';
import { type CatalogueSource, fixedCatalogue, openCatalogue } from './catalogue/source.ts';
import type { ToolServerSettingsMap } from './catalogue/tool-server-settings.ts';
import { ChatCalls } from './chat/chat-calls.ts';
import { Preparer } from './chat/prepare.ts';
import { ReplySources } from './chat/reply-sources.ts';
import { describeAliases, describeDeployments } from './describe.ts';
import type { Models, ModelsOptions } from './models.ts';
import { Clients } from './provider/clients.ts';
import { Gathering } from './provider/gathering.ts';
import { QuirkBook } from './provider/quirks.ts';
import { Telemetry } from './records/telemetry.ts';
import { Router } from './routing/router.ts';
import { TokenCounter } from './tokens/count.ts';
import { ToolServers } from './tools/servers/tool-servers.ts';
import { createImager } from './whole-calls/image.ts';
import { createReranker } from './whole-calls/rerank.ts';

/** What the owners of one core have each for themselves. */
type OwnOptions = Pick<ModelsOptions, 'onRecord' | 'embedForCache'>;

/**
 * The parts that all users of language models in one process share: the catalogue, connections, what is known of
 * deployments, budgets, and replies under way.
 *
 * Reading the catalogue, looking for servers, the provider package, the tokenizer and the price table all wait for the
 * first call that needs them: a start pays for none of it.
 */
export class ModelsCore implements AsyncDisposable {
  readonly #options: Omit<ModelsOptions, keyof OwnOptions>;
  readonly #source: CatalogueSource;
  readonly #clients = new Clients();
  readonly #prices = new Prices();
  readonly #counter = new TokenCounter();
  readonly #quirks = new QuirkBook();
  readonly #gathering = new Gathering();
  readonly #router: Router;
  readonly #telemetry: Telemetry;
  readonly #limits: LimitKeeper;
  readonly #replySources: ReplySources;
  readonly #preparer: Preparer;
  readonly #toolServers: ToolServers;

  constructor(options: Omit<ModelsOptions, keyof OwnOptions>) {
    const { config, log, catalogue, redis, cache } = options;
    this.#options = options;
    this.#source = catalogue ? fixedCatalogue(catalogue) : openCatalogue({ config, log });
    this.#router = new Router(log);
    this.#telemetry = new Telemetry(options.metrics);
    this.#limits = new LimitKeeper(redis ? new RedisLedger(redis) : new MemoryLedger(), this.#prices, log, cache);
    this.#replySources = new ReplySources(new ReplyCache(cache ?? memoryReplyStore()), log);
    this.#preparer = new Preparer(this.#counter);
    const servers = async () => (await this.#source.current()).toolServers ?? NO_SERVERS;
    this.#toolServers = new ToolServers(servers, log, options.metrics);
  }

  /** The models as one owner uses them, with its own way of keeping records. */
  models({ onRecord, embedForCache }: OwnOptions, log = this.#options.log): Models {
    const [router, prices] = [this.#router, this.#prices];
    const catalogue = () => this.#source.current();
    const shared = {
      catalogue,
      router,
      prices,
      clients: this.#clients,
      counter: this.#counter,
      limits: this.#limits,
      accounting: new Accounting(prices, this.#telemetry, onRecord, log),
      log,
    };
    const chats = new ChatCalls({
      ...shared,
      embedForCache,
      sources: this.#replySources,
      quirks: this.#quirks,
      gathering: this.#gathering,
      preparer: this.#preparer,
    });
    return {
      chat: (request, call) => chats.stream(request, call),
      mayRerank: this.#source.isWritten,
      rerank: createReranker(shared),
      image: createImager(shared),
      list: async () => describeAliases(await catalogue(), router, prices),
      health: async () => describeDeployments(await catalogue(), router),
      count: (messages, options) => chats.count(messages, options),
      leftOut: (request, reserve) => chats.leftOut(request, reserve),
      toolServers: this.#toolServers,
      close: async () => undefined,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#source.close();
    await this.#toolServers[Symbol.asyncDispose]();
    await this.#clients.close();
  }
}

const NO_SERVERS: ToolServerSettingsMap = new Map();

/** Models with a core of their own. Subgraphs use openModels (open-models.ts), which shares one. */
export function createModels(options: ModelsOptions): Models {
  const core = new ModelsCore(options);
  return { ...core.models(options), close: () => core[Symbol.asyncDispose]() };
}
