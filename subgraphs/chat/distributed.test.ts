import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, FaultServer, stall } from '#llm/testing/fault-server.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import { migratePostgres } from '#platform/data/database/migrate-postgres.ts';
import {
  createTestDatabase,
  POSTGRES_TEST_URL,
  type PostgresForTests,
} from '#platform/data/database/testing/test-database.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { apply, ChatWorld, person } from './testing/chat-world.ts';
import { CONVERSATION_NEWS, MARK, Reader, unreadOf, VIEWER, type ViewerNews } from './testing/reader.ts';

const redis = process.env['REDIS_TEST_URL'];
const title = 'two processes on Postgres and Redis';
const why = ' (SKIPPED: set POSTGRES_TEST_URL and REDIS_TEST_URL to servers that tests may write to)';

/** Two platforms that share nothing but the servers: as two processes, without the cost of starting them. */
describe.skipIf(!POSTGRES_TEST_URL || !redis)(POSTGRES_TEST_URL && redis ? title : title + why, () => {
  const prefix = `chat-${process.pid}:`;
  let database: PostgresForTests;
  let provider: FaultServer;
  let one: ChatWorld;
  let two: ChatWorld;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    provider = await FaultServer.start();
    env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis!,
      REDIS_PREFIX: prefix,
      JWT_SECRET: 'a secret that these tests alone have',
      LOCAL_LLM_ENDPOINT: provider.url,
    };
    const directory = await mkdtemp(path.join(tmpdir(), 'sextant-migrate-'));
    const config = loadConfig({ ...env, SEXTANT_DIR: directory }, path.resolve(import.meta.dirname, '../..'));
    await migratePostgres(config, database.url);
    await rm(directory, { recursive: true });
    [one, two] = await Promise.all([ChatWorld.open({ env }), ChatWorld.open({ env })]);
  });
  afterAll(async () => {
    await Promise.all([one, two].map((world) => world?.[Symbol.asyncDispose]()));
    await provider[Symbol.asyncDispose]();
    const client = new Redis(redis!);
    const keys = await client.keys(`${prefix}*`);
    if (keys.length > 0) await client.del(keys);
    client.disconnect();
    await database[Symbol.asyncDispose]();
  });

  it('a message sent at both at once under one id is one message, one reply, one call', async () => {
    const anna = person();
    const conversationId = await one.conversation(anna);
    provider.behave(answer(['Good', ' day'], { gapMs: 10 }));
    const before = provider.seen.length;
    const clientMessageId = crypto.randomUUID();
    const sends = await Promise.all(
      [one, two, one].map((world) => world.send(anna, { conversationId, clientMessageId })),
    );
    const [replyId, ...others] = new Set(sends.map(({ data }) => data!.sendMessage.reply!.id));
    expect(others).toEqual([]);
    expect(await two.readReply(anna, replyId!)).toMatchObject({ text: 'Good day', end: { status: 'COMPLETE' } });
    expect(provider.seen.length - before).toBe(1);
  });

  it('thirty messages at once, at both, follow one another', async () => {
    const anna = person();
    const conversationId = await one.conversation(anna);
    const sends = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        [one, two][n % 2]!.send(anna, { conversationId, text: `${n}`, reply: false }),
      ),
    );
    expect(sends.filter(({ code }) => code !== undefined)).toEqual([]);
    const messages = await one.db.message.findMany({ where: { conversationId }, orderBy: { depth: 'asc' } });
    expect(messages.map(({ depth }) => depth)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    for (const [n, { id }] of messages.entries()) expect(messages[n + 1]?.parentId ?? id).toBe(id);
    for (const [n, { activeChildId }] of messages.entries()) expect(activeChildId).toBe(messages[n + 1]?.id ?? null);
    expect(await one.db.conversation.findUnique({ where: { id: conversationId } })).toMatchObject({
      messageCount: 30,
      activeRootId: messages[0]!.id,
      activeLeafId: messages[29]!.id,
    });
    const told = await one.db.outboxEvent.count({ where: { aggregate: `conversation:${conversationId}` } });
    expect(told).toBe(30);
  });

  it('no more replies are begun than one may have, however many are asked for at once', async () => {
    const [anna, limit] = [person(), 5];
    const worlds = await Promise.all(
      [1, 2].map(() => ChatWorld.open({ env: { ...env, CHAT_REPLIES_PER_USER: String(limit) } })),
    );
    try {
      provider.behave(stall('so far'));
      for (let round = 0; round < 3; round++) {
        const ids = await Promise.all(Array.from({ length: 16 }, () => one.conversation(anna)));
        const sends = await Promise.all(ids.map((conversationId, n) => worlds[n % 2]!.send(anna, { conversationId })));
        const codes = sends.map(({ code }) => code ?? 'stored').sort();
        expect(codes).toEqual([...Array(16 - limit).fill('RATE_LIMITED'), ...Array(limit).fill('stored')]);
        const stored = sends.filter(({ code }) => code === undefined);
        await Promise.all(stored.map(({ data }) => stop(one, anna, data!.sendMessage.reply!.id)));
        const unfinished = () =>
          one.db.message.count({ where: { requesterId: anna.userId, status: { in: ['PENDING', 'STREAMING'] } } });
        await expect.poll(unfinished, { timeout: 20_000 }).toBe(0);
      }
    } finally {
      await Promise.all(worlds.map((world) => world[Symbol.asyncDispose]()));
    }
  }, 60_000);

  it('a reader goes from one to the other and misses nothing', async () => {
    const anna = person();
    const words = Array.from({ length: 200 }, (_, index) => `w${index}𝄞 `);
    provider.behave(answer(words, { gapMs: 5 }));
    const conversationId = await one.conversation(anna);
    const replyId = (await one.send(anna, { conversationId })).data!.sendMessage.reply!.id;
    let text = '';
    let ended = false;
    for (let round = 0; !ended; round++) {
      const cutAt = performance.now() + 40;
      for await (const event of (round % 2 ? one : two).follow(anna, replyId, text.length)) {
        if (event.__typename === 'ReplyText') {
          expect(event.firstSeq).toBe(text.length + 1);
          text = apply(text, event);
        }
        ended ||= event.__typename === 'ReplyEnd';
        if (performance.now() > cutAt) break;
      }
    }
    expect(text).toBe(words.join(''));
  });

  async function streaming(world: ChatWorld, who: UserIdentity) {
    provider.behave(stall('so far'));
    const conversationId = await world.conversation(who);
    const replyId = (await world.send(who, { conversationId })).data!.sendMessage.reply!.id;
    for await (const event of world.follow(who, replyId))
      if (event.__typename === 'ReplyText' && event.text !== '') break;
    return replyId;
  }
  const stop = (world: ChatWorld, who: UserIdentity, messageId: string) =>
    world.ask<{ stopGeneration: { message: { status: string; text: string } } }>(
      who,
      'mutation($input: StopGenerationInput!) { stopGeneration(input: $input) { message { status text } } }',
      { input: { id: messageId } },
    );

  it('the other one stops the provider at once', async () => {
    const anna = person();
    const replyId = await streaming(one, anna);
    const request = provider.seen.at(-1)!;
    const startedAt = performance.now();
    const stopped = stop(two, anna, replyId);
    await request.aborted;
    // The provider is silent for good: what does not hear of the stop ends by LLM_TIMEOUT_MS, two minutes.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect((await stopped).data!.stopGeneration.message).toEqual({ status: 'STOPPED', text: 'so far' });
  });

  it('what one leaves behind the other ends, and readers are told', async () => {
    const anna = person();
    const replyId = await streaming(two, anna);
    // As a killed process leaves it: the lease of the stream runs out, the heartbeat is old, the text is in the
    // journal.
    const id = crypto.randomUUID();
    const { conversationId, parentId, depth } = await one.db.message.findUniqueOrThrow({ where: { id: replyId } });
    await one.db.message.create({
      data: {
        id,
        conversationId,
        parentId,
        depth,
        role: 'ASSISTANT',
        status: 'STREAMING',
        epoch: 1,
        requesterId: anna.userId,
        requester: { userId: anna.userId, roles: [], scopes: [] },
        heartbeatAt: new Date(Date.now() - 60_000),
        chunks: {
          create: [
            { position: 1, kind: 'TEXT', body: 'left ' },
            { position: 2, kind: 'TEXT', body: 'behind' },
          ],
        },
      },
    });
    expect(await one.readReply(anna, id)).toMatchObject({
      text: 'left behind',
      end: { status: 'INTERRUPTED', lastSeq: 11 },
    });
    await stop(two, anna, replyId);
  });

  it('a living reply is never taken for abandoned', async () => {
    const anna = person();
    const replyId = await streaming(one, anna);
    await one.db.message.update({ where: { id: replyId }, data: { heartbeatAt: new Date(Date.now() - 60_000) } });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await one.db.message.findUniqueOrThrow({ where: { id: replyId } })).toMatchObject({ status: 'STREAMING' });
    await stop(two, anna, replyId);
  });

  it('a user’s own news come from both, resume at either, and what is unread is the same', async () => {
    const [anna, bert] = [person(), person()];
    const conversationId = await one.conversation(anna);
    await one.share(anna, conversationId, bert);
    const follow = (world: ChatWorld, after?: string) =>
      new Reader<ViewerNews>(world.subscribe(bert, VIEWER, { after }), 'viewerEvents');
    const first = follow(two);
    let { cursor } = await first.next();
    await one.send(anna, { conversationId, reply: false });
    const live = await first.next();
    expect(live).toMatchObject({ changed: [{ id: conversationId, unreadCount: 1 }], added: [] });
    cursor = live.cursor;
    first.leave();
    const making = Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const world = n % 2 ? one : two;
        await world.send(anna, { conversationId, reply: false });
        return world.conversation(bert);
      }),
    );
    const added: string[] = [];
    for (let round = 0; added.length < 20; round++) {
      const reading = follow(round % 2 ? one : two, cursor);
      // The first comes at once, and may be empty; the second when something happens.
      let event = await reading.next();
      if (event.added.length + event.changed.length === 0) event = await reading.next();
      added.push(...event.added.map(({ id }) => id));
      cursor = event.cursor;
      reading.leave();
    }
    expect(added.sort()).toEqual((await making).sort());
    const counts = await Promise.all([one, two].map((world) => unreadOf(world, bert, conversationId)));
    expect(counts.map(({ unreadCount }) => unreadCount)).toEqual([21, 21]);
    await two.ask(bert, MARK, { input: { id: conversationId } });
    expect((await unreadOf(one, bert, conversationId)).unreadCount).toBe(0);
  });

  it('events of a conversation resume at the other process, each message once and in the order of all', async () => {
    const anna = person();
    const conversationId = await one.conversation(anna);
    type News = { __typename: string; cursor?: string; message?: { id: string } };
    const follow = (world: ChatWorld, after?: string) =>
      new Reader<News>(world.subscribe(anna, CONVERSATION_NEWS, { id: conversationId, after }), 'conversationEvents');
    const first = follow(one);
    let { cursor } = await first.until(({ __typename }) => __typename === 'RoomMembers');
    first.leave();
    const flood = Promise.all(
      Array.from({ length: 30 }, (_, n) => (n % 2 ? one : two).send(anna, { conversationId, reply: false })),
    );
    const seen: string[] = [];
    for (let round = 0; seen.length < 30; round++) {
      const reading = follow(round % 2 ? one : two, cursor);
      for (let n = 0; n < 6 && seen.length < 30; n++) {
        const event = await reading.next();
        cursor = event.cursor ?? cursor;
        if (event.message) seen.push(event.message.id);
      }
      reading.leave();
    }
    await flood;
    const rows = await one.db.message.findMany({ where: { conversationId }, orderBy: { arrival: 'asc' } });
    expect(seen).toEqual(rows.map(({ id }) => id));
  });
});
