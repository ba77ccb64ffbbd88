import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import {
  ConversationEventsDocument,
  CreateConversationDocument,
  MessageStreamDocument,
  ReadConversationDocument,
  SendMessageDocument,
} from './client/generated/graphql.ts';
import { subscribe, TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';
import { StreamedText, story } from './testing/story.ts';

describe.each(MODES)('the main job, %s', (_, skipped, start) => {
  describe.skipIf(skipped)('from sign-up to a reply', () => {
    const lifecycle = new AsyncDisposableStack();
    let model: FaultServer;
    let graph: RunningGraph;
    let user: TestUser;

    beforeAll(async () => {
      model = lifecycle.use(await FaultServer.start(answer(story(40), { gapMs: 10 })));
      graph = await start(
        { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'test-model' },
        lifecycle,
      );
      user = await TestUser.signUp(graph.url);
    }, 120_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    const converse = async (text: string) => {
      const { createConversation } = await user.run(CreateConversationDocument, { input: {} });
      const conversationId = createConversation!.conversation.id;
      const { sendMessage } = await user.run(SendMessageDocument, {
        input: { conversationId, clientMessageId: randomUUID(), text },
      });
      return { conversationId, messageId: sendMessage!.message.id, replyId: sendMessage!.reply!.id };
    };
    const follow = async (messageId: string, after = 0): Promise<StreamedText> => {
      const socket = user.socket();
      const received = new StreamedText();
      try {
        for await (const { messageStream } of subscribe(socket, MessageStreamDocument, { messageId, after }))
          received.apply(messageStream);
      } finally {
        await socket.dispose();
      }
      return received;
    };

    it('a person watches the reply stream in, and it is complete', async () => {
      const { replyId } = await converse('Tell me a story');
      const received = await follow(replyId);
      expect(received).toMatchObject({ status: 'COMPLETE', text: story(40).join(''), faults: [] });
    });

    it('a person who comes back later reads the whole reply from the same subscription', async () => {
      const { replyId } = await converse('Tell me a story');
      await follow(replyId);
      expect(await follow(replyId, 11)).toMatchObject({ status: 'COMPLETE' });
      const again = await follow(replyId);
      expect(again).toMatchObject({ text: story(40).join(''), faults: [] });
    });

    it('one operation reads the conversation from chat, its authors from auth and its usage from analytics', async () => {
      const { conversationId, messageId, replyId } = await converse('Hello');
      await follow(replyId);
      await expect
        .poll(
          async () =>
            (await user.run(ReadConversationDocument, { id: conversationId })).conversation!.usage?.calls ?? 0,
          { timeout: 10_000 },
        )
        .toBeGreaterThan(0);
      const { conversation } = await user.run(ReadConversationDocument, { id: conversationId });
      const [question, reply] = conversation!.messages.nodes;
      expect(question).toMatchObject({ id: messageId, role: 'USER', author: { id: user.id } });
      expect(reply).toMatchObject({ id: replyId, role: 'ASSISTANT', text: story(40).join(''), author: null });
      expect(reply!.usage?.calls).toBeGreaterThan(0);
    });

    it('an event of a subscription carries the author of a message, from another subgraph', async () => {
      const { createConversation } = await user.run(CreateConversationDocument, { input: {} });
      const conversationId = createConversation!.conversation.id;
      const socket = user.socket();
      const events = subscribe(socket, ConversationEventsDocument, { conversationId });
      const authors: unknown[] = [];
      let isSeen = false;
      const seen = (async () => {
        for await (const { conversationEvents } of events) {
          if (!('message' in conversationEvents) || !conversationEvents.message) continue;
          if ('author' in conversationEvents.message && conversationEvents.message.author) {
            authors.push(conversationEvents.message.author);
            isSeen = true;
            return;
          }
        }
      })();
      // The subscription does not replay, and when it is open only its events tell.
      while (!isSeen) {
        await user.run(SendMessageDocument, {
          input: { conversationId, clientMessageId: randomUUID(), text: 'Who am I?', reply: false },
        });
        await Promise.race([seen, sleep(200)]);
      }
      await seen;
      await socket.dispose();
      expect(authors).toEqual([{ id: user.id, displayName: user.email.split('@')[0] }]);
    });

    it('the same send fired three times at once is one message, one reply and one call of the model', async () => {
      const { createConversation } = await user.run(CreateConversationDocument, { input: { title: 'Once' } });
      const conversationId = createConversation!.conversation.id;
      const input = { conversationId, clientMessageId: randomUUID(), text: `Only once ${randomUUID()}` };
      const answers = await Promise.all([1, 2, 3].map(() => user.run(SendMessageDocument, { input })));
      expect(new Set(answers.map(({ sendMessage }) => sendMessage!.message.id)).size).toBe(1);
      expect(new Set(answers.map(({ sendMessage }) => sendMessage!.reply!.id)).size).toBe(1);
      await follow(answers[0]!.sendMessage!.reply!.id);
      const calls = model.seen.filter(
        (request) => JSON.stringify(request.body).includes(input.text) && !/title/i.test(JSON.stringify(request.body)),
      );
      expect(calls).toHaveLength(1);
      const other = await user.send(SendMessageDocument, { input: { ...input, text: 'Something else' } });
      expect(other.errors?.[0]?.extensions?.['code']).toBe('CONFLICT');
    });

    it('no other user reads the conversation, and it looks as if it did not exist', async () => {
      const { conversationId, replyId } = await converse('A secret');
      const stranger = await TestUser.signUp(graph.url);
      expect((await stranger.run(ReadConversationDocument, { id: conversationId })).conversation).toBeNull();
      const socket = stranger.socket();
      const stream = subscribe(socket, MessageStreamDocument, { messageId: replyId, after: 0 });
      await expect(stream.next()).rejects.toThrow('NOT_FOUND');
      await socket.dispose();
    });
  });
});
