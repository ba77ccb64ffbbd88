import { openRecordedModels } from '#llm/recorded-models.ts';
import { openPages } from '#llm/tools/web/fetch-page.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { openStorage } from '#platform/host/storage.ts';
import { PrismaClient } from '#prisma/chat/client/client.ts';
import { openRetrieval } from '#retrieval/open-retrieval.ts';
import { Completions } from './complete/completion.ts';
import { eventHandlers } from './events.ts';
import { createLoaders } from './loaders.ts';
import { Sending } from './messages/send.ts';
import { chatMetrics } from './metrics.ts';
import type { ChatParts, Transaction } from './parts.ts';
import { REMOVE_ACCOUNT, removeAccount } from './removed-account.ts';
import { Replies } from './replies/replies.ts';
import { createResolvers } from './resolvers/resolvers.ts';
import { clientDocumentRoute } from './tool-accounts/client-document.ts';
import { Connecting } from './tool-accounts/connecting.ts';
import { EndedAccounts } from './tool-accounts/ended-accounts.ts';
import { KeptAccounts } from './tool-accounts/kept-accounts.ts';
import { ConversationTopics } from './topics/conversation-topics.ts';
import { OpenReaders } from './topics/open-readers.ts';
import { ViewerNews } from './topics/viewer-news.ts';

/** Conversations, messages and replies. */
export const chat: SubgraphDefinition = {
  name: 'chat',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, metrics, lifecycle, events } = platform;
    const storage = await openStorage<PrismaClient, Transaction>(platform, 'chat', PrismaClient);
    const { embedders } = await openRetrieval(platform, storage);
    const models = await openRecordedModels(platform, storage, {
      embedders,
      // A reply's call is recorded in the transaction that ends the reply.
      recordsItself: ({ purpose }) => purpose === 'reply',
    });
    const viewers = lifecycle.use(
      new ViewerNews({ db: storage.db, topics: platform.topics, log, isShared: config.redisUrl !== undefined }),
    );
    const readers = lifecycle.use(new OpenReaders(storage.db, log));
    // One at a time: no person waits for it.
    const jobs = storage.jobs(1);
    const ended = new EndedAccounts(jobs, storage.db, models.toolServers, platform.secrets, log);
    const accounts = new KeptAccounts(storage.db, platform.secrets, ended, log);
    const parts: ChatParts = {
      db: storage.db,
      outbox: storage.outbox,
      models,
      accounts,
      topics: lifecycle.use(new ConversationTopics(platform.topics, readers, (id) => viewers.conversationChanged(id))),
      viewers,
      streams: platform.streams,
      presence: platform.presence,
      limiter: platform.limiter,
      places: platform.places,
      peers: platform.peers,
      pages: lifecycle.use(openPages(config)),
      config,
      metrics: chatMetrics(metrics),
      log,
    };
    const replies = lifecycle.use(new Replies(parts));
    jobs.handle(REMOVE_ACCOUNT, removeAccount(parts));
    await storage.consume(eventHandlers(parts, ended, jobs));
    void events.started.then(() => jobs.start());
    if (config.redisUrl === undefined) void events.started.then(() => replies.recoverAll());

    return {
      resolvers: createResolvers({
        chat: parts,
        replies,
        sending: new Sending(parts, replies),
        completions: new Completions(parts),
        connecting: new Connecting(parts, accounts, ended, platform.secrets),
      }),
      loaders: ({ identity }) => createLoaders(parts, identity),
      routes: [...storage.parkedRoutes, clientDocumentRoute(config)],
    };
  },
};
