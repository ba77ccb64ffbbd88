import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import { ChatWorld, person } from './testing/chat-world.ts';

const MESSAGE = `id text active siblingIndex siblingCount author { id } parent { id text } conversation { id title }
  children { nodes { id } } siblings(first: 1) { nodes { id } totalCount } previousSiblingId nextSiblingId generation { model cost } citations { sourceId }`;

it('a long list costs as many queries as a short one, and entity references too', async () => {
  // Chat has work of its own, too: an operation's queries are those that come of it.
  const counting = new AsyncLocalStorage<{ queries: number }>();
  await using world = await ChatWorld.open({
    onQuery() {
      const counter = counting.getStore();
      if (counter) counter.queries++;
    },
  });
  world.provider.behave(answer('Hi'));
  const anna = person();
  const messages: string[] = [];
  for (let index = 0; index < 6; index++) {
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    messages.push(replyId);
  }
  const { data } = await world.ask<{ conversations: { nodes: { id: string }[] } }>(
    anna,
    '{ conversations { nodes { id } } }',
  );
  for (const { id } of data!.conversations.nodes) {
    const share = 'mutation($i: ShareConversationInput!) { shareConversation(input: $i) { token } }';
    const link = 'mutation($i: CreateInvitationLinkInput!) { createInvitationLink(input: $i) { token } }';
    expect(await world.ask(anna, share, { i: { id } })).toMatchObject({ code: undefined });
    expect(await world.ask(anna, link, { i: { id } })).toMatchObject({ code: undefined });
  }
  const count = async (query: string, variables: Record<string, unknown>) => {
    const counter = { queries: 0 };
    const answered = counting.run(counter, () => world.ask(anna, query, variables));
    expect(await answered).toMatchObject({ code: undefined });
    return counter.queries;
  };

  const list = `query($first: Int) { conversations(first: $first) { nodes {
    id owner { id } participants { nodes { userId } } shares { totalCount nodes { id } }
    invitationLinks(first: 1) { totalCount nodes { id } pageInfo { hasNextPage } } unfinishedReplies { id } activeLeaf { ${MESSAGE} }
    messages(last: 2) { totalCount nodes { ${MESSAGE} } } } } }`;
  expect(await count(list, { first: 6 })).toBe(await count(list, { first: 2 }));

  const entities = `query($r: [_Any!]!) { _entities(representations: $r) { ... on Message { ${MESSAGE} } } }`;
  const representations = messages.map((id) => ({ __typename: 'Message', id }));
  const many = await count(entities, { r: representations });
  expect(many).toBe(await count(entities, { r: representations.slice(0, 2) }));
  expect(many).toBeLessThan(10);

  const strangers = Array.from({ length: 6 }, () => ({ __typename: 'Message', id: randomUUID() }));
  expect(await count(entities, { r: strangers })).toBe(1);
}, 120_000);
