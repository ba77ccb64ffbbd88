import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, answerDeltas, type Behaviour, cut, type FaultServer } from '#llm/testing/fault-server.ts';
import type { SubgraphRequest, SubgraphTransport } from '#platform/net/transport/transport.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';

const MEMORY_ID = '018f0000-0000-7000-8000-000000000001';
const MEMORY = { kind: 'FACT', validFrom: '2026-01-02T03:04:05.000Z' };

let searched: SubgraphRequest[] = [];
let found: string | null = null;
let hangs = false;
const memory = {
  execute: async (request: SubgraphRequest) => {
    searched.push(request);
    if (hangs) await sleep(60_000, undefined, { ref: false });
    const item = { kind: 'MEMORY', id: MEMORY_ID, text: found, score: 0.9, citation: null, memory: MEMORY };
    return { result: { data: { recall: { items: found === null ? [] : [item], quoted: found } } } };
  },
} as unknown as SubgraphTransport;

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open({
    env: { CHAT_RECALL_TIMEOUT_MS: '0' },
    transportOf: (name) => (name === 'memory' ? memory : undefined),
  });
  await world.addReplica();
});
afterAll(() => world[Symbol.asyncDispose]());

const LOCATE = {
  name: 'locate',
  description: 'Where the user is',
  parameters: { type: 'object', properties: { exact: { type: 'boolean' } } },
};

type Call = readonly [id: string, name: string, args?: string];
const calls = (text: string, ...made: Call[]): Behaviour =>
  answerDeltas(
    [
      { content: text },
      ...made.map(([id, name, args = '{}'], index) => ({
        tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }],
      })),
    ],
    'tool_calls',
  );

const bodyOf = (index: number) => world.provider.seen.at(index)!.body as FaultServer['seen'][number]['body'];

interface Shown {
  readonly id: string;
  readonly text: string;
  readonly status: string;
  readonly awaitsToolResults: boolean;
  readonly toolCalls: readonly {
    readonly id: string;
    readonly runsOn: string;
    readonly round: number;
    readonly textOffset: number;
    readonly result: { readonly status: string; readonly content: string } | null;
  }[];
}

const SHOWN = `id text status awaitsToolResults parent { id } error { code message }
  toolCalls { id: callId name runsOn round textOffset result { status content } }
  generation { finishReason usage { inputTokens outputTokens estimated } }`;

async function show(as: ReturnType<typeof person>, id: string): Promise<Shown> {
  const { data, message } = await world.ask<{ message: Shown }>(
    as,
    `query($id: ID!) { message(id: $id) { ${SHOWN} } }`,
    { id },
  );
  if (!data) throw new Error(message);
  return data.message;
}

const submit = (
  as: ReturnType<typeof person>,
  messageId: string,
  results: readonly { callId: string; content: string; failed?: boolean }[],
  replica = 0,
) =>
  world.ask<{ submitToolResults: { message: Shown; reply: Shown & { parent: { id: string } } } }>(
    as,
    `mutation($input: SubmitToolResultsInput!) {
      submitToolResults(input: $input) { message { ${SHOWN} } reply { ${SHOWN} } conversation { id } }
    }`,
    { input: { id: messageId, results } },
    replica,
  );

/** A reply that has ended with a call of the client's tool. */
async function waiting(as = person()) {
  world.provider.script(calls('One moment.', ['c1', 'locate', '{"exact":true}']), answer('You are in Oslo.'));
  const conversationId = await world.conversation(as);
  const exchange = await world.exchange(as, { conversationId, text: 'Where am I?', tools: [LOCATE] });
  return { anna: as, conversationId, ...exchange };
}

describe('tools of the client', () => {
  it('the reply ends with the calls, and goes on with the results in a message of its own', async () => {
    const { anna, replyId, end } = await waiting();
    expect(end.status).toBe('COMPLETE');
    expect(bodyOf(-1)['tools']).toEqual([{ type: 'function', function: LOCATE }]);
    expect(await show(anna, replyId)).toMatchObject({
      text: 'One moment.',
      awaitsToolResults: true,
      generation: { finishReason: 'TOOL_CALLS' },
      toolCalls: [{ id: 'c1', name: 'locate', runsOn: 'CLIENT', round: 1, textOffset: 11, result: null }],
    });

    const { data, message } = await submit(anna, replyId, [{ callId: 'c1', content: '{"city":"Oslo"}' }]);
    expect(message).toBeUndefined();
    expect(data!.submitToolResults).toMatchObject({
      message: {
        id: replyId,
        awaitsToolResults: false,
        toolCalls: [{ id: 'c1', result: { status: 'OK', content: '{"city":"Oslo"}' } }],
      },
      reply: { parent: { id: replyId } },
    });
    const next = data!.submitToolResults.reply.id;
    expect(await world.readReply(anna, next)).toMatchObject({ text: 'You are in Oslo.', end: { status: 'COMPLETE' } });
    expect(bodyOf(-1)['messages']).toEqual([
      { role: 'user', content: 'Where am I?' },
      {
        role: 'assistant',
        content: 'One moment.',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'locate', arguments: '{"exact":true}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: '{"city":"Oslo"}' },
    ]);
    expect(bodyOf(-1)['tools']).toHaveLength(1);

    const events = await all(world.follow(anna, replyId));
    expect(events.map(({ __typename }) => __typename)).toEqual([
      'ReplyText',
      'ReplyToolCall',
      'ReplyToolResult',
      'ReplyEnd',
    ]);
  });

  it('five submissions at once on two replicas: one reply, one call of the provider; others are a conflict', async () => {
    const { anna, replyId, conversationId } = await waiting();
    const before = world.provider.seen.length;
    const results = [{ callId: 'c1', content: 'Oslo' }];
    const answers = await Promise.all([0, 1, 0, 1, 0].map((replica) => submit(anna, replyId, results, replica)));
    expect(answers.map(({ code }) => code)).toEqual(Array(5).fill(undefined));
    const [next, ...more] = new Set(answers.map(({ data }) => data!.submitToolResults.reply.id));
    expect(more).toEqual([]);
    await world.readReply(anna, next!);
    expect(world.provider.seen.length - before).toBe(1);
    expect(await world.db.message.count({ where: { conversationId } })).toBe(3);
    expect(await submit(anna, replyId, [{ callId: 'c1', content: 'Bergen' }])).toMatchObject({ code: 'CONFLICT' });
    expect((await submit(anna, replyId, results)).data!.submitToolResults.reply.id).toBe(next);
  });

  it('only the person who asked may answer, and only what was called', async () => {
    const { anna, replyId, messageId, conversationId } = await waiting();
    const good = { callId: 'c1', content: 'Oslo' };
    expect(await submit(person(), replyId, [good])).toMatchObject({ code: 'NOT_FOUND' });
    const bert = person();
    await world.db.participant.create({ data: { conversationId, userId: bert.userId, role: 'MEMBER' } });
    expect(await submit(bert, replyId, [good])).toMatchObject({ code: 'FORBIDDEN' });
    expect(await submit(anna, messageId, [good])).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect((await submit(anna, replyId, [])).message).toMatch(/input\.results.*locate \(c1\)/);
    expect((await submit(anna, replyId, [good, { callId: 'c9', content: '' }])).message).toMatch(
      /input\.results\.\d\.callId/,
    );
    expect((await submit(anna, replyId, [good, good])).message).toMatch(/answered twice/);
    expect((await submit(anna, replyId, [{ ...good, content: 'x'.repeat(65_537) }])).message).toMatch(
      /65537 bytes long; at most 65536/,
    );
    expect((await show(anna, replyId)).awaitsToolResults).toBe(true);
  });

  it('a conversation that goes on without them tells the model that there is no result', async () => {
    const { anna, conversationId } = await waiting();
    await world.exchange(anna, { conversationId, text: 'Never mind.' });
    expect(bodyOf(-1)['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'c1' }] },
      { role: 'tool', tool_call_id: 'c1', content: 'There is no result: the call was not answered.' },
      { role: 'assistant', content: 'I did not get further than this.' },
      { role: 'user', content: 'Never mind.' },
    ]);
    expect(bodyOf(-1)['tools']).toBeUndefined();
  });

  it('a fork takes the calls along, and they can be answered there', async () => {
    const { anna, replyId } = await waiting();
    const { data } = await world.ask<{ forkConversation: { conversation: { activeLeaf: Shown } } }>(
      anna,
      `mutation($id: ID!) { forkConversation(input: { messageId: $id }) { conversation { activeLeaf { ${SHOWN} } } } }`,
      { id: replyId },
    );
    const { activeLeaf } = data!.forkConversation.conversation;
    expect(activeLeaf.awaitsToolResults).toBe(true);
    const answered = await submit(anna, activeLeaf.id, [{ callId: 'c1', content: 'Oslo' }]);
    expect(await world.readReply(anna, answered.data!.submitToolResults.reply.id)).toMatchObject({
      text: 'You are in Oslo.',
    });
    expect((await show(anna, replyId)).awaitsToolResults).toBe(true);
  });

  it('when an account is deleted, what its tools gave goes too', async () => {
    const owner = person();
    const conversationId = await world.conversation(owner);
    const bert = person();
    await world.db.participant.create({ data: { conversationId, userId: bert.userId, role: 'MEMBER' } });
    world.provider.script(calls('', ['c1', 'locate'], ['c2', 'current_time']), answer('There.'));
    const tools = { tools: [LOCATE], serverTools: ['CURRENT_TIME'] };
    const { replyId } = await world.exchange(bert, { conversationId, ...tools });
    const payload = { userId: bert.userId, at: new Date().toISOString() };
    const event = {
      type: 'user.deleted' as const,
      version: 1,
      owner: 'auth',
      aggregate: `user:${bert.userId}`,
      payload,
    };
    await world.platform.events.publish('auth', [{ ...event, id: randomUUID(), recordedAt: new Date() }]);
    await expect
      .poll(async () => (await show(owner, replyId)).toolCalls, { timeout: 20_000 })
      .toMatchObject([
        { id: 'c1', result: null },
        { id: 'c2', result: { status: 'OK', content: '' } },
      ]);
  });

  it('a reply that is regenerated has the tools of the earlier one', async () => {
    const { anna, replyId } = await waiting();
    const { data } = await world.ask<{ regenerateReply: { reply: { id: string } } }>(
      anna,
      'mutation($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }',
      { input: { id: replyId, clientMessageId: randomUUID() } },
    );
    await world.readReply(anna, data!.regenerateReply.reply.id);
    expect(bodyOf(-1)['tools']).toHaveLength(1);
  });

  const bad: [string, unknown, RegExp][] = [
    ['33 tools', Array.from({ length: 33 }, (_, n) => ({ ...LOCATE, name: `t${n}` })), /input\.tools.* 33; at most 32/],
    ['two of one name', [LOCATE, LOCATE], /input\.tools\.1\.name/],
    ['the name of a tool of the server', [{ ...LOCATE, name: 'current_time' }], /input\.tools\.0\.name/],
    ['a name with a space', [{ ...LOCATE, name: 'a b' }], /input\.tools\.0\.name/],
    ['no description', [{ ...LOCATE, description: ' ' }], /input\.tools\.0\.description/],
    ['parameters that are not a schema', [{ ...LOCATE, parameters: 'x' }], /input\.tools\.0\.parameters/],
    [
      'a schema of 20 kB',
      [{ ...LOCATE, parameters: { type: 'object', title: 'x'.repeat(20_000) } }],
      /input\.tools\.0\.parameters.*at most 16384/,
    ],
    [
      'a NUL in a schema',
      [{ ...LOCATE, parameters: { type: 'object', title: 'a\0b' } }],
      /input\.tools\.0\.parameters.*NUL/,
    ],
  ];
  it.each(bad)('%s: refused with the field and the limit', async (_name, tools, message) => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const sent = await world.send(anna, { conversationId, tools });
    expect(sent.code).toBe('BAD_USER_INPUT');
    expect(sent.message).toMatch(message);
    expect(await world.db.message.count({ where: { conversationId } })).toBe(0);
  });
});

describe('tools of the server', () => {
  it('run while the reply is written; calls, results and text are kept and streamed in their order', async () => {
    searched = [];
    found = 'Anna likes tea.';
    world.provider.script(
      calls('Let me see. ', ['a', 'search_memory', '{"query":"drinks"}'], ['b', 'current_time', '{"timeZone":"Mars"}']),
      calls('And the time. ', ['a', 'current_time']),
      answer('Tea, now.'),
    );
    const anna = person();
    const conversationId = await world.conversation(anna);
    const { replyId, text } = await world.exchange(anna, {
      conversationId,
      text: 'What shall I drink?',
      serverTools: ['SEARCH_MEMORY', 'CURRENT_TIME'],
    });
    expect(text).toBe('Let me see. And the time. Tea, now.');
    expect(searched).toMatchObject([
      { identity: { userId: anna.userId }, variables: { input: { query: 'drinks', kinds: ['MEMORY', 'MESSAGE'] } } },
    ]);
    const reply = await show(anna, replyId);
    expect(reply).toMatchObject({ status: 'COMPLETE', awaitsToolResults: false });
    expect(reply.toolCalls).toMatchObject([
      { id: 'a', runsOn: 'SERVER', round: 1, textOffset: 12, result: { status: 'OK' } },
      { id: 'b', round: 1, result: { status: 'INVALID_ARGUMENTS' } },
      { id: 'a_2', round: 2, textOffset: 26, result: { status: 'OK' } },
    ]);
    expect(reply.toolCalls[0]!.result!.content).toMatch(
      /not instructions[\s\S]*<<<result (\w+)\n\[1\] Remembered since 2026-01-02\nAnna likes tea\.\nresult \1>>>$/,
    );
    expect(reply.toolCalls[1]!.result!.content).toContain('IANA time zone');
    const time = JSON.parse(reply.toolCalls[2]!.result!.content) as { utc: string };
    expect(Math.abs(Date.now() - Date.parse(time.utc))).toBeLessThan(60_000);
    const events = await all(world.follow(anna, replyId, 0, 1));
    expect(events.flatMap((event) => (event.__typename === 'ReplyToolCall' ? event.toolCall.id : []))).toEqual([
      'a',
      'b',
      'a_2',
    ]);
    expect(events.filter(({ __typename }) => __typename === 'ReplyToolResult')).toHaveLength(3);
    // Three calls of the model, each on record; the reply shows their sum.
    expect(await world.db.generation.count({ where: { messageId: replyId } })).toBe(1);
    const recorded = await world.db.outboxEvent.findMany({ where: { type: 'llm.called' } });
    expect(recorded.filter(({ payload }) => (payload as { messageId: string }).messageId === replyId)).toHaveLength(3);

    world.provider.behave(answer('Yes.'));
    await world.exchange(anna, { conversationId, text: 'Sure?' });
    const { messages } = bodyOf(-1) as unknown as { messages: { role: string; content: string | null }[] };
    expect(messages.map(({ role }) => role).join(' ')).toBe('user assistant tool tool assistant tool assistant user');
    expect(messages.filter(({ role }) => role === 'assistant').map(({ content }) => content)).toEqual([
      'Let me see. ',
      'And the time. ',
      'Tea, now.',
    ]);
  });

  it('calls and results are there for a reader that comes while the reply goes on', async () => {
    world.provider.script(calls('', ['a', 'current_time']), answer(['It ', 'is ', 'late.'], { gapMs: 200 }));
    const anna = person();
    const conversationId = await world.conversation(anna);
    const sent = await world.send(anna, { conversationId, serverTools: ['CURRENT_TIME'] });
    const replyId = sent.data!.sendMessage.reply!.id;
    for await (const event of world.follow(anna, replyId)) {
      if (event.__typename === 'ReplyToolResult') break;
    }
    expect((await show(anna, replyId)).toolCalls).toMatchObject([{ id: 'a', result: { status: 'OK' } }]);
    const events = await all(world.follow(anna, replyId, 0, 1));
    const types = events.map(({ __typename }) => __typename);
    expect(types.filter((type) => type === 'ReplyToolCall')).toHaveLength(1);
    expect(types.filter((type) => type === 'ReplyToolResult')).toHaveLength(1);
    expect(types.at(-1)).toBe('ReplyEnd');
  });

  it('with one of the client beside it: both are called at once, the client answers its own', async () => {
    world.provider.script(calls('', ['a', 'current_time'], ['b', 'locate']), answer('Late, in Oslo.'));
    const anna = person();
    const conversationId = await world.conversation(anna);
    const { replyId } = await world.exchange(anna, { conversationId, tools: [LOCATE], serverTools: ['CURRENT_TIME'] });
    const reply = await show(anna, replyId);
    expect(reply).toMatchObject({ status: 'COMPLETE', awaitsToolResults: true });
    expect(reply.toolCalls).toMatchObject([{ result: { status: 'OK' } }, { runsOn: 'CLIENT', result: null }]);
    const { data } = await submit(anna, replyId, [{ callId: 'b', content: 'no GPS', failed: true }]);
    expect(await world.readReply(anna, data!.submitToolResults.reply.id)).toMatchObject({ text: 'Late, in Oslo.' });
    expect(bodyOf(-1)['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: null },
      { role: 'tool', tool_call_id: 'a' },
      { role: 'tool', tool_call_id: 'b', content: 'no GPS' },
    ]);
  });

  it('a provider that fails after a tool has run: the reply is INTERRUPTED and keeps what there was', async () => {
    world.provider.script(calls('Hm. ', ['a', 'current_time']), cut('It is'));
    const anna = person();
    const conversationId = await world.conversation(anna);
    const { replyId, end } = await world.exchange(anna, { conversationId, serverTools: ['CURRENT_TIME'] });
    expect(end.status).toBe('INTERRUPTED');
    expect(await show(anna, replyId)).toMatchObject({ text: 'Hm. It is', toolCalls: [{ result: { status: 'OK' } }] });
  });

  describe('that hang', () => {
    beforeAll(() => {
      hangs = true;
    });
    afterAll(() => {
      hangs = false;
    });
    const searching = async (as: ReturnType<typeof person>) => {
      world.provider.script(calls('', ['a', 'search_knowledge', '{"query":"tea"}']), answer('I cannot find it.'));
      const conversationId = await world.conversation(as);
      const sent = await world.send(as, { conversationId, serverTools: ['SEARCH_KNOWLEDGE'] });
      return sent.data!.sendMessage.reply!.id;
    };

    it('are given up at their time limit, and the model is told', async () => {
      const anna = person();
      const replyId = await searching(anna);
      expect(await world.readReply(anna, replyId)).toMatchObject({ text: 'I cannot find it.' });
      expect((await show(anna, replyId)).toolCalls).toMatchObject([
        { result: { status: 'TIMED_OUT', content: 'The tool did not finish in 5000 ms.' } },
      ]);
    }, 15_000);

    it('end at once with a reply that is stopped, and the model is not asked again', async () => {
      const anna = person();
      const replyId = await searching(anna);
      for await (const event of world.follow(anna, replyId)) if (event.__typename === 'ReplyToolCall') break;
      const before = world.provider.seen.length;
      await world.ask(anna, 'mutation($id: ID!) { stopGeneration(input: { id: $id }) { message { id } } }', {
        id: replyId,
      });
      // No result: the tool's own time limit, which would have left one, did not end it.
      expect(await show(anna, replyId)).toMatchObject({ status: 'STOPPED', toolCalls: [{ id: 'a', result: null }] });
      expect(world.provider.seen.length).toBe(before);
    });
  });

  it('calls and results of a reply whose process died are kept and shown; nothing is run again', async () => {
    const { anna, messageId, conversationId } = await waiting();
    const id = randomUUID();
    const now = new Date(Date.now() - 60_000);
    const state = { role: 'ASSISTANT', status: 'STREAMING', epoch: 1, startedAt: now, heartbeatAt: now } as const;
    const requester = { userId: anna.userId, roles: anna.roles, scopes: anna.scopes } as object;
    const toolCall = { id: 'a', name: 'current_time', arguments: '{}', runsOn: 'SERVER', round: 1, textOffset: 3 };
    const parts = [{ toolCall }, { toolResult: { callId: 'a', result: { status: 'OK', content: 'noon' } } }];
    await world.db.message.create({
      data: {
        ...state,
        id,
        conversationId,
        parentId: messageId,
        depth: 1,
        requester,
        requesterId: anna.userId,
        chunks: {
          create: [
            { position: 1, kind: 'TEXT', body: 'Hm.' },
            ...parts.map((part, index) => ({ position: index + 2, kind: 'PART' as const, body: JSON.stringify(part) })),
          ],
        },
      },
    });
    const before = world.provider.seen.length;
    const types = (await all(world.follow(anna, id))).map(({ __typename }) => __typename);
    expect(types).toEqual(['ReplyText', 'ReplyToolCall', 'ReplyToolResult', 'ReplyEnd']);
    expect(await show(anna, id)).toMatchObject({
      status: 'INTERRUPTED',
      text: 'Hm.',
      toolCalls: [{ id: 'a', result: { content: 'noon' } }],
    });
    expect(world.provider.seen.length).toBe(before);
  });

  it('those that look into memory need the right to, and a conversation with memory', async () => {
    const limited = person(['chat:read', 'chat:write']);
    const serverTools = ['SEARCH_KNOWLEDGE'];
    expect(await world.send(limited, { conversationId: await world.conversation(limited), serverTools })).toMatchObject(
      { code: 'FORBIDDEN' },
    );
    const anna = person();
    const conversationId = await world.conversation(anna, { memoryEnabled: false });
    expect((await world.send(anna, { conversationId, serverTools })).message).toMatch(/input\.serverTools.*memory/);
  });
});

describe('structured output', () => {
  const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const ask = async (behaviour: Behaviour, responseFormat: object) => {
    world.provider.behave(behaviour);
    const anna = person();
    const conversationId = await world.conversation(anna);
    const exchange = await world.exchange(anna, { conversationId, responseFormat });
    return { ...exchange, message: await show(anna, exchange.replyId) };
  };

  it('is asked for as the provider takes it, and JSON is complete', async () => {
    const { end, text } = await ask(answer('{"city":"Oslo"}'), { type: 'JSON_SCHEMA', name: 'place', schema: SCHEMA });
    expect({ text, status: end.status }).toEqual({ text: '{"city":"Oslo"}', status: 'COMPLETE' });
    expect(bodyOf(-1)['response_format']).toEqual({
      type: 'json_schema',
      json_schema: { name: 'place', schema: SCHEMA, strict: true },
    });
  });

  it.each([
    ['prose', 'Here you are: {"city":"Oslo"}'],
    ['a beginning', '{"city":"Os'],
    ['a list', '["Oslo"]'],
  ])('%s is FAILED with the reason, and the text is kept', async (_name, written) => {
    const { end, message } = await ask(answer(written), { type: 'JSON' });
    expect(end).toMatchObject({ status: 'FAILED', error: { code: 'OUTPUT_INVALID' } });
    expect(message).toMatchObject({ text: written, status: 'FAILED', error: { code: 'OUTPUT_INVALID' } });
  });

  it('a schema that is none, or goes with no type, is refused', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const refused = async (responseFormat: object) =>
      (await world.send(anna, { conversationId, responseFormat })).message;
    expect(await refused({ type: 'JSON_SCHEMA' })).toMatch(/input\.responseFormat\.schema/);
    expect(await refused({ type: 'JSON', schema: SCHEMA })).toMatch(/input\.responseFormat\.schema/);
    expect(await refused({ type: 'JSON_SCHEMA', name: 'a b', schema: SCHEMA })).toMatch(/input\.responseFormat\.name/);
  });
});
