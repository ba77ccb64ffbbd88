import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

let world: ChatWorld;
let anna: UserIdentity;
beforeAll(async () => {
  world = await ChatWorld.open();
  world.provider.behave(answer('Hello Anna'));
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  anna = person();
});

interface Page {
  readonly conversations: {
    readonly nodes: { id: string; title: string }[];
    readonly pageInfo: { hasNextPage: boolean; endCursor: string | null };
  };
}
const LIST = `query($first: Int, $after: String, $archived: Boolean, $pinned: Boolean, $orderBy: ConversationOrder! = LAST_ACTIVITY) {
  conversations(first: $first, after: $after, archived: $archived, pinned: $pinned, orderBy: $orderBy) {
    nodes { id title } pageInfo { hasNextPage endCursor }
  }
}`;
const list = async (variables: Record<string, unknown> = {}) =>
  (await world.ask<Page>(anna, LIST, { archived: false, orderBy: 'LAST_ACTIVITY', ...variables })).data!.conversations;
const titles = async (variables: Record<string, unknown> = {}) =>
  (await list(variables)).nodes.map(({ title }) => title);
const mutate = <T = Record<string, never>>(name: string, selection: string, input: Record<string, unknown>) =>
  world.ask<T>(
    anna,
    `mutation($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} } }`,
    { input },
  );

describe('lists', () => {
  it.each(['LAST_ACTIVITY', 'CREATED'])(
    '%s: every conversation once, though new ones come in between',
    async (orderBy) => {
      const made: string[] = [];
      for (let index = 0; index < 7; index++) made.push(await world.conversation(anna, { title: `c${index}` }));
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const page = await list({ first: 3, after, orderBy });
        seen.push(...page.nodes.map(({ id }) => id));
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
        await world.conversation(anna, { title: 'newer' });
      } while (after);
      expect(seen).toEqual(made.toReversed());
    },
  );

  it('who speaks comes first', async () => {
    const old = await world.conversation(anna, { title: 'old' });
    await world.conversation(anna, { title: 'new' });
    expect(await titles()).toEqual(['new', 'old']);
    await world.send(anna, { conversationId: old, reply: false });
    expect(await titles()).toEqual(['old', 'new']);
    expect(await titles({ orderBy: 'CREATED' })).toEqual(['new', 'old']);
  });

  it('archived and pinned are each their own list', async () => {
    const one = await world.conversation(anna, { title: 'one' });
    const two = await world.conversation(anna, { title: 'two' });
    await mutate('archiveConversation', 'conversation { archivedAt }', { id: one });
    await mutate('pinConversation', 'conversation { pinned }', { id: two });
    expect(await titles()).toEqual(['two']);
    expect(await titles({ archived: true })).toEqual(['one']);
    expect(await titles({ archived: null })).toEqual(['two', 'one']);
    expect(await titles({ archived: null, pinned: true })).toEqual(['two']);
    await mutate('archiveConversation', 'conversation { archivedAt }', { id: one, archived: false });
    expect(await titles()).toEqual(['two', 'one']);
  });

  it('cursors that are none and sizes that are none are refused', async () => {
    const { endCursor } = (await list({ first: 1 })).pageInfo;
    expect(endCursor).toBeNull();
    await world.conversation(anna);
    const created = (await list({ first: 1, orderBy: 'CREATED' })).pageInfo.endCursor;
    for (const [variables, argument] of [
      [{ after: 'x' }, 'after'],
      [{ after: created }, 'after'],
      [
        {
          after: Buffer.from('["conversations by activity","2026-01-01T00:00:00.000Z","1; DROP"]').toString(
            'base64url',
          ),
        },
        'after',
      ],
      [{ first: 0 }, 'first'],
      [{ first: 101 }, 'first'],
    ] as const) {
      const refused = await world.ask(anna, LIST, { orderBy: 'LAST_ACTIVITY', ...variables });
      expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument } });
    }
  });
});

describe('settings', () => {
  it('creating twice with one client id is creating once', async () => {
    const clientConversationId = randomUUID();
    const ids = await Promise.all([1, 2, 3].map(() => world.conversation(anna, { clientConversationId })));
    expect(new Set(ids).size).toBe(1);
    expect(await world.db.conversation.count({ where: { ownerId: anna.userId } })).toBe(1);
  });

  it('system prompt, model and parameters reach the model; a reply may have its own', async () => {
    const conversationId = await world.conversation(anna, {
      systemPrompt: 'Be kind.',
      model: 'test-model',
      parameters: { temperature: 0.2, maxTokens: 50 },
    });
    await world.exchange(anna, { conversationId, parameters: { temperature: 1.5 } });
    const { body } = world.provider.seen.at(-1)!;
    expect(body).toMatchObject({
      temperature: 1.5,
      messages: [{ role: 'system', content: 'Be kind.' }, { role: 'user' }],
    });
    expect(body['max_tokens'] ?? body['max_completion_tokens']).toBe(50);
  });

  it('left out is unchanged, null is the default', async () => {
    const conversationId = await world.conversation(anna, { systemPrompt: 'x', parameters: { seed: 7 } });
    const fields = 'conversation { systemPrompt model memoryEnabled parameters { seed temperature } }';
    type Answer = { updateConversation: { conversation: object } };
    const once = await mutate<Answer>('updateConversation', fields, { id: conversationId, memoryEnabled: false });
    expect(once.data!.updateConversation.conversation).toEqual({
      systemPrompt: 'x',
      model: null,
      memoryEnabled: false,
      parameters: { seed: 7, temperature: null },
    });
    const again = await mutate<Answer>('updateConversation', fields, {
      id: conversationId,
      systemPrompt: null,
      parameters: null,
    });
    expect(again.data!.updateConversation.conversation).toMatchObject({
      systemPrompt: null,
      parameters: { seed: null },
    });
  });

  it.each([
    ['renameConversation', { title: ' ' }, 'input.title'],
    ['renameConversation', { title: '\u200b\u2060' }, 'input.title'],
    ['renameConversation', { title: 'x'.repeat(201) }, 'input.title'],
    ['updateConversation', { systemPrompt: 'x'.repeat(32 * 1024 + 1) }, 'input.systemPrompt'],
    ['updateConversation', { parameters: { topP: 2 } }, 'input.parameters.topP'],
  ])('%s refuses %o', async (name, input, argument) => {
    const conversationId = await world.conversation(anna);
    expect(await mutate(name, 'conversation { id }', { id: conversationId, ...input })).toMatchObject({
      code: 'BAD_USER_INPUT',
      extensions: { argument },
    });
  });
});

describe('titles', () => {
  const title = async (id: string) =>
    (
      await world.ask<{ conversation: object }>(
        anna,
        'query($id: ID!) { conversation(id: $id) { title titleSource } }',
        { id },
      )
    ).data!.conversation;

  it('are the first words at once', async () => {
    const conversationId = await world.conversation(anna);
    await world.send(anna, { conversationId, text: `  What is\n the ${'very '.repeat(20)} end?`, reply: false });
    expect(await title(conversationId)).toEqual({
      title: 'What is the very very very very very very very very very…',
      titleSource: 'FIRST_WORDS',
    });
  });

  it('are written by the model after the first exchange, unless a person gave one', async () => {
    await using titled = await ChatWorld.open({ env: { CHAT_TITLES: 'true' } });
    titled.provider.behave((request, response) =>
      answer(JSON.stringify(request.body).includes('a title of two') ? '"A Warm Welcome."\nmore' : 'Hello')(
        request,
        response,
      ),
    );
    const conversationId = await titled.conversation(anna);
    const given = await titled.conversation(anna, { title: 'Mine' });
    await titled.exchange(anna, { conversationId });
    await titled.exchange(anna, { conversationId: given });
    const read = (id: string) => titled.db.conversation.findUniqueOrThrow({ where: { id } });
    await expect.poll(async () => (await read(conversationId)).title, { timeout: 10_000 }).toBe('A Warm Welcome');
    expect(await read(given)).toMatchObject({ title: 'Mine', titleSource: 'USER' });
  });

  it('say nothing of a reply that was deleted while the model wrote one', async () => {
    await using titled = await ChatWorld.open({ env: { CHAT_TITLES: 'true' } });
    const asked = Promise.withResolvers<void>();
    const deleted = Promise.withResolvers<void>();
    titled.provider.behave(async (request, response) => {
      const isTitle = JSON.stringify(request.body).includes('a title of two');
      if (isTitle) {
        asked.resolve();
        await deleted.promise;
      }
      return answer(isTitle ? 'The Secret Xylophone' : 'It is a xylophone.')(request, response);
    });
    const conversationId = await titled.conversation(anna);
    const { replyId } = await titled.exchange(anna, { conversationId, text: 'What is it?' });
    await asked.promise;
    const remove = 'mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { deletedId } }';
    expect((await titled.ask(anna, remove, { input: { id: replyId } })).code).toBeUndefined();
    deleted.resolve();
    const ended = async () =>
      await titled.db.outboxEvent.count({
        where: { type: 'llm.called', payload: { path: ['operation'], equals: 'title' } },
      });
    await expect.poll(ended, { timeout: 10_000 }).toBe(1);
    await titled.exchange(anna, { conversationId, text: 'And now?' });
    const { title } = await titled.db.conversation.findUniqueOrThrow({ where: { id: conversationId } });
    expect(title).toBe('What is it?');
  });
});

describe('search', () => {
  interface Hits {
    readonly searchConversations: {
      readonly nodes: {
        conversation: { id: string };
        message: { id: string } | null;
        snippet: { text: string; match: boolean }[];
      }[];
      readonly totalCount: number;
      readonly pageInfo: { hasNextPage: boolean; endCursor: string };
    };
  }
  const search = async (query: string, more: Record<string, unknown> = {}) =>
    world.ask<Hits>(
      anna,
      `query($query: String!, $first: Int, $after: String) { searchConversations(query: $query, first: $first, after: $after) {
        nodes { conversation { id } message { id } snippet { text match } } totalCount pageInfo { hasNextPage endCursor } } }`,
      { query, ...more },
    );
  const found = async (query: string) => (await search(query)).data!.searchConversations.nodes;

  it('finds words and their forms in messages and titles, and marks them', async () => {
    const conversationId = await world.conversation(anna, { title: 'Sailing the Baltic' });
    await world.send(anna, { conversationId, text: 'Which <b>sextants</b> were used for navigating?', reply: false });
    const [hit] = await found('sextant navigation');
    expect(hit).toMatchObject({ conversation: { id: conversationId }, message: { id: expect.any(String) } });
    expect(hit!.snippet.filter(({ match }) => match).map(({ text }) => text)).toEqual(['sextants', 'navigating']);
    expect(hit!.snippet.map(({ text }) => text).join('')).toContain('<b>sextants</b> were used');
    expect(await found('baltic')).toMatchObject([{ message: null, conversation: { id: conversationId } }]);
    expect(await found('sextant -navigating')).toEqual([]);
    expect(await found('"were used"')).toHaveLength(1);
    expect(await found('"used were"')).toEqual([]);
    expect(await found('which sexta')).toHaveLength(1);
  });

  it.each([
    ['北京', '我下个月想去北京旅行', '北京'],
    ['旅行', '我下个月想去北京旅行', '旅行'],
    ['café', 'un cafe\u0301 noir', 'cafe\u0301'],
    ['cafe\u0301', 'le café du coin', 'café'],
    ['ＡＢＣ', 'the ABC of it', 'ABC'],
    ['茶', '你喜欢喝茶吗?', '茶'],
    ['楽しみ', '来週の旅行を楽しみにしています', '楽しみ'],
    ['東京タワー', '昨日は東京タワーに登りました', '東京タワー'],
    ['เที่ยว', 'ฉันอยากไปเที่ยวกรุงเทพ', 'เที่ยว'],
    ['여행', '다음 주에 부산여행을 갑니다', '여행'],
    ['កម្ពុជា', 'ខ្ញុំចង់ទៅកម្ពុជាឆ្នាំនេះ', 'កម្ពុជា'],
    ['🚀', 'Launch day🚀at last', '🚀'],
    ['❤️', 'I ❤ tea', '❤'],
    ['北京 trip', 'My trip to北京was fine', '北京'],
  ])('finds %s inside a sentence', async (query, text, match) => {
    const conversationId = await world.conversation(anna, { title: 'x' });
    await world.send(anna, { conversationId, text, reply: false });
    await world.send(anna, { conversationId, text: 'Something else 京北 行旅 🛰', reply: false });
    const { nodes: hits, totalCount } = (await search(query)).data!.searchConversations;
    expect(hits).toHaveLength(1);
    expect(totalCount).toBe(1);
    expect(hits[0]!.snippet.filter((piece) => piece.match).map((piece) => piece.text)).toEqual([match]);
    expect(hits[0]!.snippet.map((piece) => piece.text).join('')).toBe(text);
  });

  it('finds every script in titles, not another order of its characters, and takes all of it for text', async () => {
    const conversationId = await world.conversation(anna, { title: '北京旅行計画 100%' });
    expect(await found('旅行')).toMatchObject([{ message: null, conversation: { id: conversationId } }]);
    expect(await found('行旅')).toEqual([]);
    expect(await found('北京 上海')).toEqual([]);
    expect(await found('北京 計画')).toHaveLength(1);
    expect((await search('京%_\\')).code).toBeUndefined();
  });

  it('pages through all of it, the newest first', async () => {
    const conversationId = await world.conversation(anna);
    const FRUIT = ['pear', 'plum', 'fig', 'lime', 'kiwi'];
    for (const fruit of FRUIT) await world.send(anna, { conversationId, text: `apple ${fruit}`, reply: false });
    const first = (await search('apple', { first: 4 })).data!.searchConversations;
    expect(first.pageInfo.hasNextPage).toBe(true);
    const rest = (await search('apple', { first: 4, after: first.pageInfo.endCursor })).data!.searchConversations;
    const texts = [...first.nodes, ...rest.nodes].map(({ snippet }) => snippet.map(({ text }) => text).join(''));
    // The conversation's own title is its first message's first words.
    expect(texts).toEqual([...FRUIT.toReversed(), FRUIT[0]].map((fruit) => `apple ${fruit}`));
    expect(rest.pageInfo.hasNextPage).toBe(false);
  });

  it.each([
    ['', /empty/],
    ['x'.repeat(501), /at most 500/],
  ])('refuses %s', async (query, problem) => {
    const refused = await search(query);
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument: 'query' } });
    expect(refused.message).toMatch(problem);
  });

  it.each(["'; DROP TABLE messages; --", '"', '& | ! ( )', ':*', 'a:* b\\'])('takes %s for words', async (query) => {
    expect((await search(query)).code).toBeUndefined();
  });
});

it('an export is the whole conversation, as Markdown or JSON', async () => {
  const conversationId = await world.conversation(anna, { title: 'Kept', systemPrompt: 'Be kind.' });
  await world.exchange(anna, { conversationId, text: 'Hi' });
  const { data } = await world.ask<{
    conversation: Record<string, { filename: string; contentType: string; content: string }>;
  }>(
    anna,
    `query($id: ID!) { conversation(id: $id) {
      markdown: export { filename contentType content } json: export(format: JSON) { filename contentType content } } }`,
    { id: conversationId },
  );
  const { markdown, json } = data!.conversation;
  expect(markdown!.content).toMatch(
    /^# Kept\n\n> Be kind\.\n\n## User \(.+\)\n\nHi\n\n## Assistant \(.+\)\n\nHello Anna\n$/,
  );
  expect(JSON.parse(json!.content)).toMatchObject({
    conversation: { title: 'Kept' },
    messages: [
      { role: 'USER', text: 'Hi' },
      { role: 'ASSISTANT', text: 'Hello Anna', generation: { model: 'test-model' } },
    ],
  });
});

it('exports of one operation together may be as large as one, and what is too large says what to do', async () => {
  const conversationId = await world.conversation(anna);
  const add = (count: number, text: string) => world.db.$executeRaw`
    INSERT INTO messages (id, conversation_id, depth, role, status, text, completed_at)
    SELECT gen_random_uuid(), ${conversationId}::uuid, 0, 'USER', 'COMPLETE', ${text}, now() FROM generate_series(1, ${count})`;
  const exported = (aliases: number) =>
    world.ask<{ conversation: Record<string, { content: string }> }>(
      anna,
      `query($id: ID!) { conversation(id: $id) {
        ${Array.from({ length: aliases }, (_, n) => `e${n}: export(format: JSON) { content }`)} } }`,
      { id: conversationId },
    );
  await add(40, 'lorem ipsum '.repeat(10_000));
  const { data } = await exported(3);
  expect(JSON.parse(data!.conversation['e2']!.content).messages).toHaveLength(40);
  const together = await exported(4);
  expect(together).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument: 'export', maxBytes: 16_777_216 } });
  expect(together.message).toMatch(/at most 16777216.*one at a time.*`messages` a page at a time/);
  await add(120, 'lorem ipsum '.repeat(10_000));
  expect((await exported(1)).code).toBe('BAD_USER_INPUT');
  await world.db.message.deleteMany({ where: { conversationId } });
  await add(10_001, 'short');
  const many = await exported(1);
  expect(many.message).toMatch(/has 10001 messages; at most 10000 are exported/);
}, 60_000);

it('the call that took the last place that there was can be repeated', async () => {
  await using small = await ChatWorld.open({ env: { QUOTA_CONVERSATIONS: '1' } });
  const anna = person();
  const create = (clientConversationId?: string) =>
    small.ask<{ createConversation: { conversation: { id: string } } }>(
      anna,
      'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
      { input: { clientConversationId } },
    );
  const key = randomUUID();
  const first = await create(key);
  expect(await create(key)).toEqual(first);
  expect((await create(randomUUID())).code).toBe('QUOTA_EXCEEDED');
});
