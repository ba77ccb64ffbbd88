import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultServer, stall } from '#llm/testing/fault-server.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import { migratePostgres } from '#platform/data/database/migrate-postgres.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from '#platform/data/database/testing/test-database.ts';
import {
  connectTestRedis,
  type FaultProxy,
  faultProxy,
  REDIS_TEST_URL,
  testPrefix,
} from '#platform/realtime/redis/testing/redis.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';
import { CONVERSATION_NEWS, Reader } from '../testing/reader.ts';

const title = 'two processes, one of which loses Redis for a moment';
const why = ' (SKIPPED: set POSTGRES_TEST_URL and REDIS_TEST_URL to servers that tests may write to)';

describe.skipIf(!POSTGRES_TEST_URL || !REDIS_TEST_URL)(
  POSTGRES_TEST_URL && REDIS_TEST_URL ? title : title + why,
  () => {
    const lifecycle = new AsyncDisposableStack();
    let provider: FaultServer;
    let proxy: FaultProxy;
    let near: ChatWorld;
    /** The one that reaches Redis through the proxy. */
    let cut: ChatWorld;

    beforeAll(async () => {
      const database = lifecycle.use(await createTestDatabase());
      const prefix = testPrefix(lifecycle);
      proxy = await faultProxy(lifecycle);
      provider = lifecycle.use(await FaultServer.start());
      const env = {
        DATABASE_URL: database.url,
        REDIS_URL: REDIS_TEST_URL!,
        REDIS_PREFIX: prefix,
        JWT_SECRET: 'a secret that these tests alone have',
        LOCAL_LLM_ENDPOINT: provider.url,
      };
      const directory = await mkdtemp(path.join(tmpdir(), 'sextant-migrate-'));
      const config = loadConfig({ ...env, SEXTANT_DIR: directory }, path.resolve(import.meta.dirname, '../../..'));
      await migratePostgres(config, database.url);
      await rm(directory, { recursive: true });
      near = lifecycle.use(await ChatWorld.open({ env }));
      cut = lifecycle.use(await ChatWorld.open({ env: { ...env, REDIS_URL: proxy.url } }));
      // So that the worlds end while Redis is there.
      lifecycle.defer(() => proxy.heal());
      await connectTestRedis(lifecycle, prefix);
    }, 60_000);
    afterAll(() => lifecycle.disposeAsync());

    interface News {
      readonly __typename: string;
      readonly message?: { readonly id: string };
    }

    it.each(['reads', 'removes'] as const)(
      'one that is removed hears nothing more: the process that %s was cut off',
      async (role) => {
        const [reading, removing] = role === 'reads' ? [cut, near] : [near, cut];
        const [anna, bert, cara] = [person(), person(), person()];
        provider.behave(stall('so far'));
        const conversationId = await near.conversation(anna);
        await near.share(anna, conversationId, bert, cara);
        const replyId = (await near.send(anna, { conversationId })).data!.sendMessage.reply!.id;
        const follow = (who: typeof anna) =>
          new Reader<News>(reading.subscribe(who, CONVERSATION_NEWS, { id: conversationId }), 'conversationEvents');
        const [removed, stays] = [follow(bert), follow(cara)];
        const stream = reading.follow(bert, replyId);
        await Promise.all([removed, stays].map((one) => one.until(({ __typename }) => __typename === 'RoomMembers')));
        await stream.next();

        proxy.cut();
        const { code } = await removing.ask(
          anna,
          'mutation($input: RemoveFromConversationInput!) { removeFromConversation(input: $input) { conversation { id } } }',
          { input: { id: conversationId, userId: bert.userId } },
        );
        expect(code).toBeUndefined();
        const sent = await removing.send(anna, { conversationId, text: 'without Bert', reply: false });
        const messageId = sent.data!.sendMessage.message.id;
        proxy.heal();

        const told: News[] = [];
        const last = removed.until((event) => told.push(event) > 0 && event.__typename === 'ConversationDeleted');
        expect(await last).toMatchObject({ __typename: 'ConversationDeleted' });
        expect(told.filter(({ message }) => message !== undefined)).toEqual([]);
        await expect(all(stream)).rejects.toMatchObject({ code: 'FORBIDDEN' });
        // Who stays is told what came meanwhile.
        await stays.until(({ message }) => message?.id === messageId);
        stays.leave();
      },
      60_000,
    );
  },
);
