import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, answerDeltas, type Behaviour, cut, failure } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

/** What providers do that the recordings of llm/provider hold, as a person and their client see it. */
let world: ChatWorld;
let anna: UserIdentity;
let conversationId: string;
beforeAll(async () => {
  world = await ChatWorld.open({
    env: { CHAT_TITLES: 'true' },
    catalogue: (base_url) => ({
      default: 'any',
      providers: { server: { type: 'compatible', base_url, api_key: 'key' } },
      deployments: {
        any: { provider: 'server', model: 'any' },
        dear: { provider: 'server', model: 'dear', price: { input: '999999999999', output: '999999999999' } },
        small: { provider: 'server', model: 'small', context_window: 4096 },
        thinker: { provider: 'server', model: 'thinker' },
      },
      models: Object.fromEntries(
        ['any', 'dear', 'small', 'thinker'].map((name) => [name, { deployments: [name], retries: { attempts: 0 } }]),
      ),
      limits: { models: { small: { tokens_per_minute: 1_000_000 } } },
    }),
  });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  anna = person();
  conversationId = await world.conversation(anna);
  world.provider.behave(answer('Hello.'));
});

const REPLY = `query($id: ID!) { message(id: $id) {
  status text reasoning error { code message } generation { finishReason usage { inputTokens outputTokens estimated } }
  toolCalls { name arguments runsOn result { status } } conversation { title }
} }`;
interface Shown {
  readonly status: string;
  readonly text: string;
  readonly reasoning: string | null;
  readonly error: { code: string; message: string } | null;
  readonly generation: {
    finishReason: string;
    usage: { inputTokens: number; outputTokens: number; estimated: boolean };
  };
  readonly toolCalls: object[];
  readonly conversation: { title: string };
}
async function replyTo(behaviour: Behaviour, input: Record<string, unknown> = {}): Promise<Shown> {
  world.provider.behave(behaviour);
  const { replyId } = await world.exchange(anna, { conversationId, text: 'hello', ...input });
  return show(replyId);
}
const show = async (id: string) => (await world.ask<{ message: Shown }>(anna, REPLY, { id })).data!.message;
/** The messages of the last request for a reply: a title is asked for in a system message. */
const sent = () =>
  world.provider.seen
    .map(({ body }) => body.messages as { role: string; content: string }[])
    .findLast(([first]) => first!.role !== 'system')!;

/** Events as they are, then what the connection does. */
const raw =
  (events: readonly object[], end: (response: ServerResponse) => void = (response) => response.end()): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''), () => end(response));
  };
const said = (content: string, finish: string | null = null) => ({
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});

describe('a strange count of tokens never holds a reply', () => {
  const counts: [string, object, number, boolean][] = [
    ['halves', { prompt_tokens: 11.5, completion_tokens: 7.25 }, 7, false],
    ['text', { prompt_tokens: '5', completion_tokens: '3' }, 3, false],
    ['below zero', { prompt_tokens: -1, completion_tokens: -1 }, 2, true],
    ['more than a column keeps', { prompt_tokens: 3e9, completion_tokens: 3e9 }, 2, true],
    ['zero', { prompt_tokens: 0, completion_tokens: 0 }, 2, true],
    ['nothing', {}, 2, true],
  ];
  it.each(counts)('%s', async (_name, usage, outputTokens, estimated) => {
    const reply = await replyTo(raw([said('Hello.'), said('', 'stop'), { choices: [], usage }]));
    expect(reply).toMatchObject({ status: 'COMPLETE', text: 'Hello.', error: null });
    expect(reply.generation.usage).toMatchObject({ outputTokens, estimated });
    expect(reply.generation.usage.inputTokens).toBeGreaterThan(0);
  });
});

it('what a database refuses is told at once, with the text, and the next message does not wait', async () => {
  // A cost that no column holds.
  const usage = { prompt_tokens: 900_000_000, completion_tokens: 900_000_000 };
  const reply = await replyTo(raw([said('Hello.'), said('', 'stop'), { choices: [], usage }]), { model: 'dear' });
  expect(reply).toMatchObject({
    status: 'INTERRUPTED',
    text: 'Hello.',
    error: { code: 'INTERNAL_SERVER_ERROR', message: expect.stringContaining('its text is kept') },
  });
  expect(await replyTo(answer('Go on.'))).toMatchObject({ status: 'COMPLETE', text: 'Go on.' });
});

describe('the finish reason ends a reply, whatever the connection does', () => {
  it.each<[string, Behaviour]>([
    ['it stays open', raw([said('Hello.', 'stop')], () => undefined)],
    [
      'it is reset',
      raw([said('Hello.', 'stop')], (response) => setImmediate(() => response.socket?.resetAndDestroy())),
    ],
    ['it ends without [DONE]', raw([said('Hello.', 'stop')])],
  ])('%s', async (_name, behaviour) => {
    expect(await replyTo(behaviour)).toMatchObject({ status: 'COMPLETE', text: 'Hello.', error: null });
  });
});

describe('a broken reply is not COMPLETE', () => {
  it.each(['error', 'network_error', 'insufficient_system_resource', 'abort'])('%s', async (reason) => {
    const reply = await replyTo(raw([said('Hel'), said('', reason)]));
    expect(reply).toMatchObject({ status: 'INTERRUPTED', text: 'Hel', error: { code: 'PROVIDER_UNAVAILABLE' } });
  });

  it.each<[string, Behaviour, string]>([
    ['sensitive', raw([said('', 'sensitive')]), 'CONTENT_FILTERED'],
    ['SAFETY', raw([said('', 'SAFETY')]), 'CONTENT_FILTERED'],
    ['nothing at all', raw([said('', 'stop')]), 'PROVIDER_UNAVAILABLE'],
    ['thoughts alone', answerDeltas([{ reasoning_content: 'Hm.' }]), 'PROVIDER_UNAVAILABLE'],
    ['thoughts up to the limit', answerDeltas([{ reasoning_content: 'Hm.' }], 'length'), 'OUTPUT_INVALID'],
  ])('%s', async (_name, behaviour, code) => {
    expect(await replyTo(behaviour)).toMatchObject({ status: 'FAILED', text: '', error: { code } });
  });
});

describe('reasoning is a part of its own, and neither text nor title', () => {
  it.each<[string, readonly object[]]>([
    ['reasoning_content', [{ reasoning_content: 'A greeting.' }, { content: 'Hello.' }]],
    ['reasoning', [{ reasoning: 'A greeting.' }, { content: 'Hello.' }]],
    [
      'reasoning_details',
      [{ reasoning_details: [{ type: 'reasoning.text', text: 'A greeting.' }] }, { content: 'Hello.' }],
    ],
    ['tags, torn', [{ content: '<thi' }, { content: 'nk>A greeting.</thi' }, { content: 'nk>\n\nHello.' }]],
    [
      'parts',
      [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'A greeting.' }] }] }, { content: 'Hello.' }],
    ],
  ])('%s', async (_name, deltas) => {
    const reply = await replyTo(answerDeltas(deltas));
    expect(reply).toMatchObject({ status: 'COMPLETE', text: 'Hello.', reasoning: 'A greeting.' });
    await expect.poll(async () => (await titleOf()).title, { timeout: 15_000 }).toBe('Hello');
  });
});

const titleOf = async () =>
  (
    await world.ask<{ conversation: { title: string } }>(anna, 'query($id: ID!) { conversation(id: $id) { title } }', {
      id: conversationId,
    })
  ).data!.conversation;

describe('what a server leaves of a template is not shown, and nothing else is lost', () => {
  it.each<[string, readonly string[], string]>([
    ['the end of the turn', ['Hello.<|im_', 'end|>'], 'Hello.'],
    ['two of them', ['Hello.', '</s>', '\n<|endoftext|>'], 'Hello.'],
    ['the next turn', ['Hello.<|eot_id|><|start_header', '_id|>user<|end_header_id|>\n\nAnd you?'], 'Hello.'],
    ['the head of the turn', ['<|im_start|>assistant\nHel', 'lo.'], 'Hello.'],
    ['a channel', ['<|channel|>final<|message|>Hel', 'lo.<|return|>'], 'Hello.'],
    ['HTML', ['<s>Hel', 'lo.</s>'], '<s>Hello.</s>'],
    ['code', ['a < b, and `</s>`'], 'a < b, and `</s>`'],
  ])('%s', async (_name, pieces, text) => {
    const reply = await replyTo(answer(pieces));
    expect(reply).toMatchObject({ status: 'COMPLETE', text, error: null });
  });
});

it('thoughts that the template opens are told apart once two replies have shown them, and a reply without is whole', async () => {
  const thought = answer(['A greet', 'ing.\n</thi', 'nk>\n\nHello.']);
  const model = 'thinker';
  await replyTo(answer('Hello.'), { model });
  // A title is asked of the same model.
  await expect.poll(async () => (await titleOf()).title, { timeout: 15_000 }).toBe('Hello');
  for (let odd = 0; odd < 2; odd++)
    expect(await replyTo(thought, { model })).toMatchObject({
      text: 'A greeting.\n</think>\n\nHello.',
      reasoning: null,
    });
  expect(await replyTo(thought, { model })).toMatchObject({ text: 'Hello.', reasoning: 'A greeting.\n' });
  expect(await replyTo(answer(['Hel', 'lo.']), { model })).toMatchObject({ text: 'Hello.', reasoning: null });
  expect(await replyTo(answer('Hello.'), { model })).toMatchObject({ text: 'Hello.', reasoning: null });
});

it('a call that the server has left in the text runs, and is not shown', async () => {
  world.provider.script(
    answer(['I look.\n<tool_', 'call>{"name": "current_time", "arguments": {}}</tool_call>']),
    answer('It is noon.'),
  );
  const { replyId, text } = await world.exchange(anna, {
    conversationId,
    text: 'hello',
    serverTools: ['CURRENT_TIME'],
  });
  expect(text).toBe('I look.\nIt is noon.');
  expect(await show(replyId)).toMatchObject({
    status: 'COMPLETE',
    text,
    toolCalls: [{ name: 'current_time', arguments: '{}', runsOn: 'SERVER', result: { status: 'OK' } }],
  });
});

it('a call that the reply quotes does not run, and is shown', async () => {
  const quoted = 'The page says `<tool_call>{"name": "current_time", "arguments": {}}</tool_call>` to me.';
  const reply = await replyTo(answer(quoted), { serverTools: ['CURRENT_TIME'] });
  expect(reply).toMatchObject({ status: 'COMPLETE', text: quoted, toolCalls: [] });
});

it('a reply that begins like a header of channels is shown whole', async () => {
  const text = `<|channel|> is a word of gpt-oss. ${'It stands before the name of a channel. '.repeat(20)}.`;
  expect(await replyTo(answer(text))).toMatchObject({ status: 'COMPLETE', text, error: null });
});

it('a reply of pictures alone tells that there are some, and is asked for once', async () => {
  const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }];
  const before = world.provider.seen.length;
  const reply = await replyTo(answerDeltas([{ content: '', images }]));
  expect(reply).toMatchObject({ status: 'COMPLETE', text: '[A picture, which a reply cannot hold]', error: null });
  // A title may be asked for, too.
  const asked = world.provider.seen.slice(before).map(({ body }) => body.messages as { role: string }[]);
  expect(asked.filter(([first]) => first!.role !== 'system')).toHaveLength(1);
});

it('`[DONE]` in the event of the last words ends the reply', async () => {
  const done: Behaviour = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`data: ${JSON.stringify(said('Hello.'))}\ndata: [DONE]\n\n`);
  };
  expect(await replyTo(done)).toMatchObject({ status: 'COMPLETE', text: 'Hello.', error: null });
});

it.each([' \n ', '\u200b', '\u2060\u00ad'])('a reply of %j alone has no word', async (blank) => {
  expect(await replyTo(answer(blank))).toMatchObject({ status: 'FAILED', error: { code: 'PROVIDER_UNAVAILABLE' } });
});

it('a reply that is too long is cut where it says that it is', async () => {
  const reply = await replyTo(answer('x'.repeat(1_000_003)));
  expect(reply).toMatchObject({ status: 'INTERRUPTED', error: { code: 'PAYLOAD_TOO_LARGE' } });
  expect(reply.text).toHaveLength(1_000_000);
});

it('tools of the server run though the calls end with `stop`, and empty arguments go back as an object', async () => {
  world.provider.script(
    answerDeltas([{ tool_calls: [{ id: 'a', function: { name: 'current_time', arguments: '' } }] }], 'stop'),
    answer('It is noon.'),
  );
  const { replyId } = await world.exchange(anna, { conversationId, text: 'hello', serverTools: ['CURRENT_TIME'] });
  expect(await show(replyId)).toMatchObject({
    status: 'COMPLETE',
    text: 'It is noon.',
    toolCalls: [{ name: 'current_time', arguments: '{}', runsOn: 'SERVER', result: { status: 'OK' } }],
  });
});

it('a client’s results go back with what the model had thought, to the deployment that thought it', async () => {
  const thought = {
    reasoning_content: 'I ask.',
    tool_calls: [{ index: 0, id: 'a', function: { name: 'locate', arguments: '{}' } }],
  };
  world.provider.behave(answerDeltas([thought], 'tool_calls'));
  const tools = [{ name: 'locate', description: 'Where the person is', parameters: { type: 'object' } }];
  const { replyId } = await world.exchange(anna, { conversationId, text: 'hello', tools });
  world.provider.behave(answer('You are in Oslo.'));
  const answered = await world.ask<{ submitToolResults: { reply: { id: string } } }>(
    anna,
    'mutation($input: SubmitToolResultsInput!) { submitToolResults(input: $input) { reply { id } } }',
    {
      input: {
        id: replyId,
        results: [{ callId: 'a', content: 'Oslo' }],
      },
    },
  );
  const { text } = await world.readReply(anna, answered.data!.submitToolResults.reply.id);
  expect(text).toBe('You are in Oslo.');
  expect(sent()[1]).toMatchObject({ role: 'assistant', reasoning_content: 'I ask.', tool_calls: [{ id: 'a' }] });
  // Of an exchange that is over it is not wanted back.
  await replyTo(answer('Hello.'));
  expect(sent()[1]).not.toHaveProperty('reasoning_content');
});

it('person and model speak in turn, also after a reply that failed', async () => {
  expect(await replyTo(failure(500, 'broken'))).toMatchObject({ status: 'FAILED' });
  await replyTo(answer('Hello.'), { text: 'Again?' });
  expect(sent()).toEqual([{ role: 'user', content: 'hello\n\nAgain?' }]);
  await replyTo(cut('Hel'), { text: 'More?' });
  await replyTo(answer('Hello.'), { text: 'And?' });
  expect(sent().map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
});

it('a small model answers where a limit reserves its tokens', async () => {
  expect(await replyTo(answer('Hello.'), { text: 'hi', model: 'small' })).toMatchObject({ status: 'COMPLETE' });
  const asked = world.provider.seen.filter(({ body }) => body.model === 'small').map(({ body }) => body.max_tokens);
  expect(asked[0]).toBe(1024);
});

it('administrators read what the provider said, without the key, and other people do not', async () => {
  await replyTo(failure(400, 'strange', 'The flux of key is wrong'), { model: 'dear' });
  const health = await world.ask<{ llmHealth: { deployment: string; lastErrorCode: string; lastErrorSaid: string }[] }>(
    { ...anna, roles: ['admin'], scopes: [...anna.scopes, 'admin'] },
    '{ llmHealth { deployment lastErrorCode lastErrorSaid } }',
  );
  expect(health.data!.llmHealth.find(({ deployment }) => deployment === 'dear')).toEqual({
    deployment: 'dear',
    lastErrorCode: 'refused',
    lastErrorSaid: '400 The flux of … is wrong',
  });
  expect((await world.ask(anna, '{ llmHealth { lastErrorSaid } }')).code).toBe('FORBIDDEN');
});
