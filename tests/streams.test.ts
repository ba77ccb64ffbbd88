import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, FaultServer, type SeenRequest } from '#llm/testing/fault-server.ts';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import {
  CreateConversationDocument,
  ReadConversationDocument,
  SendMessageDocument,
  StopGenerationDocument,
} from './client/generated/graphql.ts';
import { BROWSER_SKIPPED, signedIn, TestBrowser } from './testing/browser.ts';
import { TestUser } from './testing/client.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from './testing/postgres.ts';
import { followOnce } from './testing/raw-stream.ts';
import { type RunningGraph, startDistributed, startEmbedded } from './testing/sextant.ts';
import { StreamedText, story } from './testing/story.ts';

const WORDS = 120;
const WHOLE = story(WORDS).join('');
const STREAMS = 10;
const CUTS = 200;

const begin = async (user: TestUser, text = 'Tell me a story') => {
  const { createConversation } = await user.run(CreateConversationDocument, { input: { title: 'A story' } });
  const conversationId = createConversation!.conversation.id;
  const { sendMessage } = await user.run(SendMessageDocument, {
    input: { conversationId, clientMessageId: randomUUID(), text },
  });
  return { conversationId, messageId: sendMessage!.message.id, replyId: sendMessage!.reply!.id };
};

/** Follows until the reply has ended, coming back after every loss of the connection. */
const followToTheEnd = async (
  user: TestUser,
  replyId: string,
  received = new StreamedText(),
): Promise<StreamedText> => {
  const deadline = Date.now() + 60_000;
  while (received.status === undefined && Date.now() < deadline) {
    const { how } = await followOnce(user, replyId, received);
    if (how !== 'ended') await sleep(100);
  }
  return received;
};

const modelEnv = (model: FaultServer) => ({
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: model.url,
  OPENAI_MODEL: 'test-model',
});

describe('a reply in one process', () => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  let user: TestUser;

  beforeAll(async () => {
    const model = lifecycle.use(await FaultServer.start(answer(story(WORDS), { gapMs: 20 })));
    graph = lifecycle.use(await startEmbedded({ ...modelEnv(model), CHAT_REPLIES_PER_USER: '100' }));
    user = await TestUser.signUp(graph.url);
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  it(`is the same text after ${CUTS} cuts at random moments: no gap, no duplicate`, async () => {
    let cuts = 0;
    while (cuts < CUTS) {
      await Promise.all(
        Array.from({ length: STREAMS }, async () => {
          const { replyId } = await begin(user);
          const received = new StreamedText();
          while (received.status === undefined) {
            const { how } = await followOnce(user, replyId, received, 20 + Math.random() * 180);
            if (how === 'cut') cuts++;
          }
          expect(received).toMatchObject({ status: 'COMPLETE', text: WHOLE, faults: [] });
        }),
      );
    }
    expect(cuts).toBeGreaterThanOrEqual(CUTS);
  }, 120_000);
});

describe.skipIf(DISTRIBUTED_SKIPPED !== '')(`a reply among several processes${DISTRIBUTED_SKIPPED}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let model: FaultServer;
  let graph: RunningGraph;
  let user: TestUser;

  beforeAll(async () => {
    model = lifecycle.use(await FaultServer.start(answer(story(WORDS), { gapMs: 40 })));
    const postgres = lifecycle.use(await createTestDatabase());
    graph = lifecycle.use(
      await startDistributed(
        { postgres, redisUrl: REDIS_TEST_URL!, doubled: ['chat'] },
        { ...modelEnv(model), CHAT_REPLIES_PER_USER: '100' },
      ),
    );
    user = await TestUser.signUp(graph.url);
  }, 120_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  it('is stopped from whatever replica: the provider’s request is aborted and the partial text is kept', async () => {
    const delays: number[] = [];
    for (let i = 0; i < 6; i++) {
      const text = `Stop me ${randomUUID()}`;
      const { replyId } = await begin(user, text);
      const received = new StreamedText();
      const following = followOnce(user, replyId, received);
      await expect.poll(() => received.text.length, { timeout: 10_000, interval: 10 }).toBeGreaterThan(10);
      const request = model.seen.find((seen) => JSON.stringify(seen.body).includes(text)) as SeenRequest;
      const stopped = performance.now();
      const aborted = request.aborted.then(() => performance.now() - stopped);
      await user.run(StopGenerationDocument, { input: { id: replyId } });
      delays.push(await aborted);
      await following;
      expect(received.status).toBe('STOPPED');
      expect(received.faults).toEqual([]);
      expect(WHOLE.startsWith(received.text)).toBe(true);
      // The stop came while the model was speaking: a request that was answered as a whole is never aborted.
      expect(received.text.length).toBeLessThan(WHOLE.length);
    }
    console.info(`stop to abort of the provider's request: ${delays.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  }, 60_000);

  it('survives kill -9 of its process among 50: every message is there once, every reply is whole or a true prefix', async () => {
    const users = await Promise.all(Array.from({ length: 10 }, () => TestUser.signUp(graph.url)));
    const of = (i: number) => users[i % users.length]!;
    const replies = await Promise.all(Array.from({ length: 50 }, (_, i) => begin(of(i), `Story ${i}`)));
    const received = replies.map(() => new StreamedText());
    const following = replies.map(({ replyId }, i) => followToTheEnd(of(i), replyId, received[i]!));
    await expect.poll(() => received.filter(({ text }) => text.length > 20).length, { timeout: 20_000 }).toBe(50);

    let others = true;
    const failures: unknown[] = [];
    const watching = (async () => {
      while (others) {
        const answer = await user.send('{ me { id } usage { calls } images { nodes { id } } }');
        if (answer.errors) failures.push(answer.errors);
        await sleep(50);
      }
    })();
    await graph.processes.get('chat')!.kill();
    await graph.processes.get('chat-2')!.kill();
    await sleep(500);
    await graph.restart('chat');
    await graph.restart('chat-2');
    const back = performance.now();
    await Promise.all(following);
    console.info(
      `all 50 clients had the end of their replies ${((performance.now() - back) / 1000).toFixed(1)} s after the restart`,
    );
    others = false;
    await watching;

    expect(failures).toEqual([]);
    for (const [i, { conversationId, messageId }] of replies.entries()) {
      expect(['COMPLETE', 'INTERRUPTED']).toContain(received[i]!.status);
      const { conversation } = await of(i).run(ReadConversationDocument, { id: conversationId });
      const { nodes } = conversation!.messages;
      expect(nodes.filter(({ role }) => role === 'USER').map(({ id }) => id)).toEqual([messageId]);
      const reply = nodes.find(({ role }) => role === 'ASSISTANT')!;
      expect(reply.status).toBe(received[i]!.status);
      expect(WHOLE.startsWith(reply.text)).toBe(true);
      expect(received[i]!.text).toBe(reply.text);
      if (reply.status === 'COMPLETE') expect(reply.text).toBe(WHOLE);
    }
  }, 120_000);

  it.skipIf(BROWSER_SKIPPED !== '')(
    `is there to its end in a page that saw its process killed, and the page goes on${BROWSER_SKIPPED}`,
    async () => {
      const someone = await TestUser.signUp(graph.url);
      const { conversationId, replyId } = await begin(someone);
      await using browser = await TestBrowser.open();
      const person = await browser.person(signedIn(someone));
      const page = await person.tab();
      await page.goto(`${graph.url}/chat/${conversationId}`);
      await page.getByText('word5').waitFor();
      await Promise.all(['chat', 'chat-2'].map((name) => graph.processes.get(name)!.kill()));
      await graph.restart('chat');
      await graph.restart('chat-2');
      const reply = page.locator('article.reply');
      await expect
        .poll(() => reply.first().getAttribute('data-status'), { timeout: 60_000 })
        .toMatch(/COMPLETE|INTERRUPTED/);
      const { conversation } = await someone.run(ReadConversationDocument, { id: conversationId });
      const stored = conversation!.messages.nodes.find(({ id }) => id === replyId)!;
      await expect.poll(async () => (await reply.locator('.markdown').first().textContent())!.trim()).toBe(stored.text);
      model.behave(answer(story(WORDS)));
      await page.getByRole('textbox', { name: 'Write a message' }).fill('Go on');
      await page.keyboard.press('Enter');
      await expect.poll(() => reply.nth(1).getAttribute('data-status'), { timeout: 60_000 }).toBe('COMPLETE');
      expect((await reply.nth(1).locator('.markdown').textContent())!.trim()).toBe(WHOLE);
      await person.close();
      expect(browser.faults).toEqual([]);
    },
    240_000,
  );
});
