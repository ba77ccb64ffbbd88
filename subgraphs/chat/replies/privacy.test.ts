import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, answerDeltas, stall } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';

const SECRET = 'the allergy to peanuts';
const ITEM = { kind: 'MEMORY', id: '018f0000-0000-7000-8000-000000000001', text: SECRET, score: 0.9, citation: null };

let asked: string[];
/** The memory subgraph as the transport shows it. It knows one secret of each user. */
const memory = {
  execute: async ({ identity }: { identity: UserIdentity }) => {
    asked.push(identity.userId);
    return { result: { data: { recall: { items: [ITEM], quoted: `<<<${SECRET}>>>` } } } };
  },
} as unknown as SubgraphTransport;

let world: ChatWorld;
let anna: UserIdentity;
let bert: UserIdentity;
let conversationId: string;
beforeAll(async () => {
  world = await ChatWorld.open({ transportOf: (name) => (name === 'memory' ? memory : undefined) });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  asked = [];
  anna = person();
  bert = person();
  conversationId = await world.conversation(anna, { systemPrompt: 'Repeat everything that you know of the user.' });
  world.provider.behave(answer('Hello.'));
});

const prompts = () => JSON.stringify(world.provider.seen.map(({ body }) => body));
const lastPrompt = () => JSON.stringify(world.provider.seen.at(-1)!.body);
const SOURCES = `query($id: ID!) { message(id: $id) {
  text reasoning citations { text title sourceId } toolCalls { name arguments result { content } }
} }`;
const sources = async (who: UserIdentity, id: string) =>
  (await world.ask<{ message: Record<string, unknown> }>(who, SOURCES, { id })).data!.message;

describe('where several take part, nothing private of one goes into a reply that all read', () => {
  it('memory is not asked, for any participant, unless with that message', async () => {
    await world.share(anna, conversationId, bert);
    await world.exchange(bert, { conversationId, text: 'hi Anna' });
    await world.exchange(anna, { conversationId, text: 'hi Bert' });
    expect(asked).toEqual([]);
    await world.exchange(anna, { conversationId, text: 'What may I eat?', useMemory: true });
    expect(asked).toEqual([anna.userId]);
    expect(lastPrompt()).toContain(SECRET);
    await world.exchange(bert, { conversationId, text: 'And I?' });
    expect(asked).toEqual([anna.userId]);
    expect(lastPrompt()).not.toContain(SECRET);
  });

  it('a reply that is had again does not inherit the permission, neither by others nor once others have come', async () => {
    const { replyId } = await world.exchange(anna, { conversationId, useMemory: true, serverTools: ['SEARCH_MEMORY'] });
    expect(asked).toEqual([anna.userId]);
    await world.share(anna, conversationId, bert);
    const again = 'mutation($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }';
    for (const who of [anna, bert]) {
      const { data } = await world.ask<{ regenerateReply: { reply: { id: string } } }>(who, again, {
        input: { id: replyId, clientMessageId: randomUUID() },
      });
      await world.readReply(who, data!.regenerateReply.reply.id);
      expect(lastPrompt()).not.toContain('search_memory');
    }
    expect(asked).toEqual([anna.userId]);
  });

  it('it can be left out where one is alone, and not be asked for where memory is switched off', async () => {
    await world.exchange(anna, { conversationId, useMemory: false });
    expect(asked).toEqual([]);
    const off = await world.conversation(anna, { memoryEnabled: false });
    expect((await world.send(anna, { conversationId: off, useMemory: true })).code).toBe('BAD_USER_INPUT');
    const limited = person(['chat:read', 'chat:write']);
    const own = await world.conversation(limited);
    expect((await world.send(limited, { conversationId: own, useMemory: true })).code).toBe('FORBIDDEN');
  });
});

describe('what a reply was written from is read by the person who asked, and by none who came later', () => {
  let replyId: string;
  beforeEach(async () => {
    world.provider.script(
      answerDeltas(
        [
          { reasoning_content: `The user has ${SECRET}.` },
          {
            tool_calls: [
              {
                index: 0,
                id: 'c',
                type: 'function',
                function: { name: 'search_memory', arguments: `{"query":"${SECRET}"}` },
              },
            ],
          },
        ],
        'tool_calls',
      ),
      answer('Take care.'),
    );
    ({ replyId } = await world.exchange(anna, { conversationId, serverTools: ['SEARCH_MEMORY'] }));
    expect(JSON.stringify(await sources(anna, replyId))).toContain(SECRET);
    await world.share(anna, conversationId, bert);
  });

  it('in the message, its stream, the list and the search', async () => {
    expect(await sources(bert, replyId)).toEqual({
      text: 'Take care.',
      reasoning: null,
      citations: [],
      toolCalls: [
        {
          name: 'search_memory',
          arguments: '{}',
          result: { content: expect.stringMatching(/^Only the person who asked/) },
        },
      ],
    });
    const events = await all(world.follow(bert, replyId));
    expect(JSON.stringify(events)).not.toContain(SECRET);
    expect(events.filter(({ __typename }) => __typename === 'ReplyCitations')).toEqual([]);
    expect(JSON.stringify(await all(world.follow(anna, replyId)))).toContain(SECRET);
    const list = await world.ask(
      bert,
      `query($id: ID!) { conversation(id: $id) { messages { nodes { citations { text } reasoning } } }
         searchConversations(query: "peanuts") { nodes { snippet { text } } } }`,
      { id: conversationId },
    );
    expect(JSON.stringify(list)).not.toContain(SECRET);
  });

  it('in exports', async () => {
    const exported = async (who: UserIdentity, format: string) =>
      JSON.stringify(
        await world.ask(
          who,
          'query($id: ID!, $format: ConversationExportFormat!) { conversation(id: $id) { export(format: $format) { content } } }',
          { id: conversationId, format },
        ),
      );
    expect(await exported(bert, 'JSON')).not.toContain(SECRET);
    expect(await exported(bert, 'MARKDOWN')).not.toContain(SECRET);
    expect(await exported(anna, 'JSON')).toContain(SECRET);
  });

  it('in forks: a user’s own keep it, those of others never had it', async () => {
    const fork = async (who: UserIdentity) => {
      const { data } = await world.ask<{
        forkConversation: { conversation: { id: string; activeLeaf: { id: string } } };
      }>(
        who,
        'mutation($input: ForkConversationInput!) { forkConversation(input: $input) { conversation { id activeLeaf { id } } } }',
        { input: { messageId: replyId } },
      );
      return data!.forkConversation.conversation;
    };
    const [own, other] = [await fork(anna), await fork(bert)];
    expect(JSON.stringify(await sources(anna, own.activeLeaf.id))).toContain(SECRET);
    expect(JSON.stringify(await sources(bert, other.activeLeaf.id))).not.toContain(SECRET);
    const copied = await world.db.message.findMany({ where: { conversationId: other.id } });
    expect(JSON.stringify(copied)).not.toContain(SECRET);
  });

  it('in the prompts of replies to others', async () => {
    await world.exchange(bert, { conversationId, text: 'What did you find?' });
    expect(lastPrompt()).not.toContain(SECRET);
    await world.exchange(anna, { conversationId, text: 'What did you find?' });
    expect(lastPrompt()).toContain(SECRET);
    expect(prompts()).toContain(SECRET);
  });

  it('while it is written', async () => {
    world.provider.behave(stall('Take'));
    const sent = await world.send(anna, { conversationId, text: 'And today?', useMemory: true });
    const reading = world.follow(bert, sent.data!.sendMessage.reply!.id);
    const first = await reading.next();
    expect(first.value).toMatchObject({ __typename: 'ReplyText' });
    expect((await sources(bert, sent.data!.sendMessage.reply!.id))['citations']).toEqual([]);
    await reading.return();
    await world.ask(
      anna,
      'mutation($input: StopGenerationInput!) { stopGeneration(input: $input) { message { id } } }',
      { input: { id: sent.data!.sendMessage.reply!.id } },
    );
  });
});

it('the stream of a reply ends for a participant who is removed, and for no other', async () => {
  await world.share(anna, conversationId, bert);
  world.provider.behave(stall('so far'));
  const sent = await world.send(anna, { conversationId });
  const id = sent.data!.sendMessage.reply!.id;
  const [removed, stays] = [world.follow(bert, id), world.follow(anna, id)];
  await Promise.all([removed.next(), stays.next()]);
  const next = expect(all(removed)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await world.ask(
    anna,
    'mutation($input: RemoveFromConversationInput!) { removeFromConversation(input: $input) { conversation { id } } }',
    { input: { id: conversationId, userId: bert.userId } },
  );
  await next;
  await world.ask(anna, 'mutation($input: StopGenerationInput!) { stopGeneration(input: $input) { message { id } } }', {
    input: { id },
  });
  expect((await all(stays)).at(-1)).toMatchObject({ __typename: 'ReplyEnd', status: 'STOPPED' });
});
