import { openModels } from '#llm/open-models.ts';
import { usageEvent } from '#llm/usage-event.ts';
import { consumeEvents } from '#platform/data/outbox/consume-events.ts';
import { createOutbox } from '#platform/data/outbox/create-outbox.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { PrismaClient } from '#prisma/chat/client/client.ts';
import { recordEmbeddings } from '#retrieval/embeddings/recorded-embedders.ts';
import { accountHandlers } from './accounts.ts';
import type { Chat, Transaction } from './chat.ts';
import { ConversationTopics } from './conversation-topics.ts';
import { createLoaders } from './loaders.ts';
import { chatMetrics } from './metrics.ts';
import { Replies } from './replies/replies.ts';
import { mutationResolvers, queryResolvers, subscriptionResolvers } from './resolvers/operations.ts';
import { typeResolvers } from './resolvers/types.ts';
import { Sending } from './send.ts';

/** Conversations, messages and replies. */
export const chat: SubgraphDefinition = {
  name: 'chat',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const { config, log, metrics, lifecycle, database, events } = platform;
    const db = await database.client('chat', PrismaClient);
    const outbox = createOutbox({ owner: 'chat', client: db, events, log, metrics, lifecycle });
    const embedders = recordEmbeddings({ ...platform, client: db, outbox });
    const models = await openModels(platform, {
      embedders,
      async onRecord(record) {
        // A reply's call is recorded in the transaction that ends the reply.
        const event = record.purpose === 'reply' ? undefined : usageEvent(record);
        if (event) await db.$transaction((tx) => outbox.record(tx, event.type, event.payload));
      },
    });
    lifecycle.defer(() => models.close());
    const parts: Chat = {
      db,
      outbox,
      models,
      topics: new ConversationTopics(platform.topics),
      streams: platform.streams,
      presence: platform.presence,
      limiter: platform.limiter,
      peers: platform.peers,
      config,
      metrics: chatMetrics(metrics),
      log,
    };
    const replies = lifecycle.use(new Replies(parts));
    const handlers = accountHandlers(parts);
    await consumeEvents<Transaction>({ consumer: 'chat', client: db, events, handlers, log, metrics, lifecycle });
    if (config.redisUrl === undefined) void events.started.then(() => replies.recoverAll());

    const all = { chat: parts, replies, sending: new Sending(parts, replies) };
    return {
      resolvers: {
        ...typeResolvers(all),
        ...queryResolvers(all),
        ...mutationResolvers(all),
        ...subscriptionResolvers(all),
      },
      loaders: ({ identity }) => createLoaders(parts, identity),
    };
  },
};
