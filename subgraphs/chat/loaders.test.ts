import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import { ChatWorld, person } from './testing/chat-world.ts';

const MESSAGE = `id text active siblingIndex siblingCount author { id } parent { id text } conversation { id title }
  children { id } generation { model cost } citations { sourceId }`;

test('a long list costs as many queries as a short one, and entity references too', async () => {
  let queries = 0;
  await using world = await ChatWorld.open({ onQuery: () => queries++ });
  world.provider.behave(answer('Hi'));
  const anna = person();
  const messages: string[] = [];
  for (let index = 0; index < 6; index++) {
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    messages.push(replyId);
  }
  const count = async (query: string, variables: Record<string, unknown>) => {
    // The sweep of unfinished replies asks now and then, too: the least of three is without it.
    const counts = [];
    for (let round = 0; round < 3; round++) {
      const before = queries;
      expect(await world.ask(anna, query, variables)).toMatchObject({ code: undefined });
      counts.push(queries - before);
    }
    return Math.min(...counts);
  };

  const list = `query($first: Int) { conversations(first: $first) { nodes {
    id owner { id } participants { userId } unfinishedReplies { id } activeLeaf { ${MESSAGE} }
    messages(last: 2) { totalCount nodes { ${MESSAGE} } } } } }`;
  expect(await count(list, { first: 6 })).toBe(await count(list, { first: 2 }));

  const entities = `query($r: [_Any!]!) { _entities(representations: $r) { ... on Message { ${MESSAGE} } } }`;
  const representations = messages.map((id) => ({ __typename: 'Message', id }));
  const many = await count(entities, { r: representations });
  expect(many).toBe(await count(entities, { r: representations.slice(0, 2) }));
  expect(many).toBeLessThan(10);

  const strangers = Array.from({ length: 6 }, () => ({ __typename: 'Message', id: randomUUID() }));
  expect(await count(entities, { r: strangers })).toBe(1);
});
