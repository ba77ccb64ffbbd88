import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Behaviour, FaultServer } from '#llm/testing/fault-server.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Line } from '../testing/chat-process.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';

const TEA = '018f0000-0000-7000-8000-000000000001';
const item = (id: string, text: string, kind: string) => ({
  kind: 'MEMORY',
  id,
  text,
  score: 0.9,
  citation: null,
  memory: { kind, validFrom: '2026-01-02T03:04:05.000Z' },
});
let items: readonly object[] = [];
const ITEMS = [
  item('018f0000-0000-7000-8000-000000000002', 'Be brief.', 'INSTRUCTION'),
  item(TEA, 'Anna likes tea. She drinks it green.', 'FACT'),
];
const memory = {
  execute: async () => ({
    result: { data: { recall: { items, quoted: '[2] Anna likes tea.', instructions: 'Be brief.' } } },
  }),
} as unknown as SubgraphTransport;

const catalogue = (url: string) => ({
  providers: { a: { type: 'anthropic', api: 'native', base_url: new URL(url).origin, api_key: 'key' } },
  deployments: { claude: { provider: 'a', model: 'claude' } },
  models: { main: { deployments: ['claude'] } },
});

type Piece = string | object | Promise<unknown>;

/** Anthropic's own stream of one text a list; objects in it are citations, promises are waited for. */
const cites =
  (...texts: readonly (readonly Piece[])[]): Behaviour =>
  async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (event: object) => response.write(`data: ${JSON.stringify(event)}\n\n`);
    say({ type: 'message_start', message: { usage: { input_tokens: 10, output_tokens: 1 } } });
    for (const [index, pieces] of texts.entries()) {
      say({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
      for (const piece of pieces) {
        if (piece instanceof Promise) await piece;
        else if (typeof piece === 'string')
          say({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: piece } });
        else say({ type: 'content_block_delta', index, delta: { type: 'citations_delta', citation: piece } });
      }
      say({ type: 'content_block_stop', index });
    }
    say({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } });
    say({ type: 'message_stop' });
    response.end();
  };

const given = (start: number, end: number, index = 0) => ({
  type: 'search_result_location',
  search_result_index: index,
  source: `source-${index + 2}`,
  start_block_index: start,
  end_block_index: end,
  cited_text: 'what the provider says that they are',
});
const found = { type: 'web_search_result_location', url: 'https://example.org/', title: 'Oslo', cited_text: 'Cold.' };

const MESSAGE = `query($id: ID!) { message(id: $id) {
  text citations { index kind sourceId text url quotes { text textOffset } }
} }`;

describe('a model that says what it cites', () => {
  let world: ChatWorld;
  beforeAll(async () => {
    world = await ChatWorld.open({ catalogue, transportOf: (name) => (name === 'memory' ? memory : undefined) });
  });
  afterAll(() => world[Symbol.asyncDispose]());
  beforeEach(() => {
    items = ITEMS;
  });

  const messageOf = async (as: ReturnType<typeof person>, id: string) =>
    (await world.ask<{ message: { text: string; citations: object[] } }>(as, MESSAGE, { id })).data!.message;

  it('is given what memory quotes as sources; its text has their numbers, and the words are kept and streamed', async () => {
    const goOn = Promise.withResolvers<void>();
    world.provider.behave(
      cites(['So ', 'you like tea', given(0, 1)], [',', ' green', given(1, 2), goOn.promise, '.\n', given(1, 2, 7)]),
    );
    const anna = person();
    const conversationId = await world.conversation(anna);
    const sent = await world.send(anna, { conversationId, text: 'What shall I drink?' });
    const replyId = sent.data!.sendMessage.reply!.id;
    const events = [];
    for await (const event of world.follow(anna, replyId)) {
      events.push(event);
      if (event.__typename === 'ReplyQuote') goOn.resolve();
    }
    const text = 'So you like tea [2], green. [2]\n';
    const quotes = [
      { text: 'Anna likes tea.', textOffset: 15 },
      { text: 'She drinks it green.', textOffset: 27 },
    ];
    expect(events.flatMap((event) => (event.__typename === 'ReplyQuote' ? event : []))).toEqual(
      quotes.map((quote) => ({ __typename: 'ReplyQuote', index: 2, quote })),
    );
    const message = await messageOf(anna, replyId);
    expect(message.text).toBe(text);
    expect(message.citations).toMatchObject([
      { index: 1, quotes: [] },
      { index: 2, sourceId: TEA, quotes },
    ]);
    // One who comes later has all of them at once, and each once.
    const later = await all(world.follow(anna, replyId, 4));
    expect(later.filter(({ __typename }) => __typename === 'ReplyQuote')).toEqual([]);
    expect(later[0]).toMatchObject({ __typename: 'ReplyCitations', citations: message.citations });
    const { messages } = world.provider.seen.at(-1)!.body as { messages: { content: { type: string }[] }[] };
    expect(messages.at(-1)!.content).toMatchObject([
      { type: 'text' },
      { type: 'search_result', title: 'Remembered since 2026-01-02', content: [{}, { text: 'She drinks it green.' }] },
      { type: 'text', text: 'What shall I drink?' },
    ]);
  });

  it('may have found a page by itself, which becomes a source with the next number', async () => {
    world.provider.behave(cites(['It is cold.', found, found], [' Take tea.', given(0, 1)]));
    const anna = person();
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    expect(await messageOf(anna, replyId)).toMatchObject({
      text: 'It is cold. [3] Take tea. [2]',
      citations: [
        { index: 1 },
        { index: 2, quotes: [{ text: 'Anna likes tea.', textOffset: 25 }] },
        { index: 3, kind: 'WEB', url: 'https://example.org/', text: 'Cold.' },
      ],
    });
  });

  it('shows others of the conversation the marks alone', async () => {
    world.provider.behave(cites(['You like tea.', given(0, 1)]));
    const anna = person();
    const bert = person();
    const conversationId = await world.conversation(anna);
    const { replyId } = await world.exchange(anna, { conversationId });
    await world.share(anna, conversationId, bert);
    expect(await messageOf(bert, replyId)).toEqual({ text: 'You like tea. [2]', citations: [] });
    const events = (await all(world.follow(bert, replyId))).map(({ __typename }) => __typename);
    expect(events).toEqual(['ReplyText', 'ReplyEnd']);
  });

  it('cites an earlier message; once that is deleted, its words are gone from the citation, too', async () => {
    const anna = person();
    const conversationId = await world.conversation(anna);
    const earlier = await world.send(anna, { conversationId, text: 'I like tea.', reply: false });
    const { id } = earlier.data!.sendMessage.message;
    items = [ITEMS[0]!, { ...ITEMS[1]!, kind: 'MESSAGE', id, text: 'I like tea.', memory: null }];
    world.provider.behave(cites(['You like tea.', given(0, 1)]));
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    const cited = { kind: 'MESSAGE', sourceId: id };
    expect((await messageOf(anna, replyId)).citations[1]).toMatchObject({
      ...cited,
      text: 'I like tea.',
      quotes: [{ text: 'I like tea.', textOffset: 13 }],
    });
    const removal = 'mutation($id: ID!) { deleteMessage(input: { id: $id }) { deletedId } }';
    expect((await world.ask(anna, removal, { id })).code).toBeUndefined();
    expect((await messageOf(anna, replyId)).citations[1]).toMatchObject({ ...cited, text: '', quotes: [] });
  });

  it('is marked alike in an answer without a conversation', async () => {
    world.provider.behave(cites(['You like tea.', given(0, 1)]));
    const { data } = await world.ask<{ complete: { completion: object } }>(
      person(),
      `mutation($input: CompleteInput!) { complete(input: $input) { completion {
        text citations { index quotes { text textOffset } }
      } } }`,
      { input: { messages: [{ role: 'USER', text: 'What shall I drink?' }], useMemory: true } },
    );
    expect(data!.complete.completion).toEqual({
      text: 'You like tea. [2]',
      citations: [
        { index: 1, quotes: [] },
        { index: 2, quotes: [{ text: 'Anna likes tea.', textOffset: 13 }] },
      ],
    });
  });

  it('marks a page that was found without words of it in an answer, too, and has it among the sources', async () => {
    world.provider.behave(cites(['It is cold.', { ...found, cited_text: null }]));
    const { data } = await world.ask<{ complete: { completion: object } }>(
      person(),
      `mutation($input: CompleteInput!) { complete(input: $input) { completion { text citations { index url } } } }`,
      { input: { messages: [{ role: 'USER', text: 'How is the weather?' }] } },
    );
    expect(data!.complete.completion).toEqual({
      text: 'It is cold. [1]',
      citations: [{ index: 1, url: 'https://example.org/' }],
    });
  });

  it('writes no marks into code, and behind it on a line of its own', async () => {
    world.provider.behave(
      cites(['```npm i```\n```js\n', 'tea()', given(0, 1)], ['\n```\n', given(1, 2)], ['Drink.', given(0, 1)]),
    );
    const anna = person();
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    const { text, citations } = await messageOf(anna, replyId);
    expect(text).toBe('```npm i```\n```js\ntea()\n```\n[2]\nDrink. [2]');
    expect(citations[1]).toMatchObject({
      quotes: [{ text: 'Anna likes tea.' }, { text: 'She drinks it green.' }, { text: 'Anna likes tea.' }],
    });
  });

  it('is given an instruction that memory quotes, since it had no room among those to follow', async () => {
    items = [...ITEMS, item('018f0000-0000-7000-8000-000000000003', 'Write no lists.', 'INSTRUCTION')];
    world.provider.behave(cites(['So be it.', given(0, 1, 1)]));
    const anna = person();
    const { replyId } = await world.exchange(anna, { conversationId: await world.conversation(anna) });
    expect(await messageOf(anna, replyId)).toMatchObject({
      text: 'So be it. [3]',
      citations: [{}, {}, { quotes: [{ text: 'Write no lists.' }] }],
    });
  });

  it('writes no marks into JSON', async () => {
    world.provider.behave(cites(['{"tea":true}', found]));
    const anna = person();
    const conversationId = await world.conversation(anna);
    const { text, replyId } = await world.exchange(anna, { conversationId, responseFormat: { type: 'JSON' } });
    expect(text).toBe('{"tea":true}');
    expect(await messageOf(anna, replyId)).toMatchObject({ citations: [{}, {}, { url: 'https://example.org/' }] });
  });
});

it('kill -9 after a citation: what a reader saw of it, mark and words, is there', async () => {
  await using provider = await FaultServer.start(cites(['It is cold.', found], [' And', new Promise(() => undefined)]));
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-cited-'));
  await using _cleaner = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
  await writeFile(path.join(directory, 'llm.yaml'), JSON.stringify(catalogue(provider.url)));
  const script = path.resolve(import.meta.dirname, '../testing/chat-process.ts');
  const child = spawn(process.execPath, [script, directory, provider.url, '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let sent: Extract<Line, { sent: object }>['sent'] | undefined;
  let saw = '';
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as Line;
    if ('sent' in line) sent = line.sent;
    else saw = line.saw.text;
    if (saw === 'It is cold. [1] And' || ('saw' in line && line.saw.status)) child.kill('SIGKILL');
  }
  await exited;
  expect(saw).toBe('It is cold. [1] And');

  await using world = await ChatWorld.open({ directory });
  const anna = { ...person(), userId: sent!.userId };
  const events = await all(world.follow(anna, sent!.replyId, saw.length));
  expect(events.at(-1)).toMatchObject({ __typename: 'ReplyEnd', status: 'INTERRUPTED', lastSeq: saw.length });
  const citations = [{ url: 'https://example.org/', quotes: [{ text: 'Cold.', textOffset: 11 }] }];
  expect(events.findLast(({ __typename }) => __typename === 'ReplyCitations')).toMatchObject({ citations });
  const { data } = await world.ask(anna, MESSAGE, { id: sent!.replyId });
  expect(data).toMatchObject({ message: { text: saw, citations } });
}, 60_000);
