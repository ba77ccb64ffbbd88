import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../messages.ts';
import { aCall, aCatalogue, aDeployment, anAlias, readAll, testModels } from '../testing/build.ts';
import { answer, FaultServer, failure } from '../testing/fault-server.ts';
import { mostTokens, TokenCounter } from './count.ts';
import { fitConversation } from './fit.ts';

const counter = new TokenCounter();
const user = (content: string, more = {}): ChatMessage => ({ role: 'user', content, ...more });
const reply = (content: string, more = {}): ChatMessage => ({ role: 'assistant', content, ...more });
const words = (count: number) => 'word '.repeat(count).trim();
const fitted = (
  messages: readonly ChatMessage[],
  limit: number,
  summarise?: Parameters<typeof fitConversation>[0]['summarise'],
) => fitConversation({ messages, model: 'gpt-4o', counter, limit, overhead: 0, summarise });

describe('counting', () => {
  it('is that of the model’s own tokenizer', async () => {
    expect(await counter.text('Hello, world!', 'gpt-4o')).toBe(4);
    // The figures of OpenAI's cookbook on counting tokens.
    expect(await counter.text('antidisestablishmentarianism', 'gpt-4o')).toBe(6);
    expect(await counter.text('お誕生日おめでとう', 'gpt-4o')).toBe(8);
    expect(await counter.text('お誕生日おめでとう', 'gpt-4')).toBe(9);
  });

  it('takes special tokens for the text that they are', async () => {
    expect(await counter.text('<|endoftext|>', 'gpt-4o')).toBeGreaterThan(1);
  });

  it('is never held up by a text made to hold it up', async () => {
    for (const text of ['a'.repeat(1_000_000), ' '.repeat(1_000_000), '🙂'.repeat(300_000), words(200_000)]) {
      const started = process.cpuUsage();
      expect(await counter.text(text, 'gpt-4o')).toBeGreaterThan(1_000);
      expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000);
    }
  });

  it('has an upper bound that needs no tokenizer', async () => {
    const messages = [user('Grüße an alle 🙂'), reply('x'), user(words(50))];
    expect(mostTokens(messages, undefined)).toBeGreaterThanOrEqual(await counter.prompt(messages, undefined, 'gpt-4o'));
  });
});

describe('fitting a conversation', () => {
  it('counts from the latest backwards, and not what is before a full window', async () => {
    const counted: unknown[] = [];
    const counting = {
      message: async (message: ChatMessage) => {
        counted.push(message.content);
        return 100;
      },
    } as unknown as TokenCounter;
    const messages = Array.from({ length: 1_000 }, (_, n) => user(`number ${n}`));
    const { messages: kept } = await fitConversation({
      messages,
      model: 'gpt-4o',
      counter: counting,
      limit: 1_050,
      overhead: 0,
    });
    expect(kept).toEqual(messages.slice(-10));
    expect(counted.length).toBeLessThan(50);
    expect(new Set(counted).size).toBe(counted.length);
  });

  it('keeps system, pinned and recent messages, drops the oldest turns, and says which', async () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'Be brief.', id: 's' },
      user(words(100), { id: 'u1' }),
      reply(words(100), { id: 'a1' }),
      user('remember 42', { id: 'u2', pinned: true }),
      reply(words(100), { id: 'a2' }),
      user(words(20), { id: 'u3' }),
      reply('yes', { id: 'a3' }),
      user('and now?', { id: 'u4' }),
    ];
    const { messages: kept, report } = await fitted(messages, 100);
    expect(kept.map(({ id }) => id)).toEqual(['s', 'u2', 'u3', 'a3', 'u4']);
    expect(report).toMatchObject({
      kept: ['s', 'u2', 'u3', 'a3', 'u4'],
      dropped: ['u1', 'a1', 'a2'],
      summarised: [],
      inputLimit: 100,
    });
    expect(report.inputTokens).toBe(await counter.prompt(kept, undefined, 'gpt-4o'));
  });

  it('leaves no hole and no tool result without its call', async () => {
    const call = { id: 't', type: 'function' as const, function: { name: 'f', arguments: '{}' } };
    const messages: ChatMessage[] = [
      user('first', { id: 'u1' }),
      reply('', { id: 'a1', tool_calls: [call] }),
      { role: 'tool', tool_call_id: 't', content: words(100), id: 't1' },
      reply('so', { id: 'a2' }),
      user('short', { id: 'u2' }),
      reply('short', { id: 'a3' }),
      user('last', { id: 'u3' }),
    ];
    expect((await fitted(messages, 60)).report.kept).toEqual(['u2', 'a3', 'u3']);
    const pinned = messages.map((message) => (message.id === 't1' ? { ...message, pinned: true } : message));
    expect((await fitted(pinned, 150)).report.kept).toContain('a1');
  });

  it('puts a summary in the place of what it replaces', async () => {
    const messages = [user(words(300), { id: 'u1' }), reply(words(300), { id: 'a1' }), user('and?', { id: 'u2' })];
    const { messages: kept, report } = await fitted(
      messages,
      500,
      async (older, most) => `${older.length} messages, ${most >= 50}`,
    );
    expect(kept.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(kept[0]?.content).toContain('2 messages, true');
    expect(report).toMatchObject({ summarised: ['u1', 'a1'], dropped: [] });
    const without = await fitted(messages, 500, async () => undefined);
    expect(without.report).toMatchObject({ summarised: [], dropped: ['u1', 'a1'] });
  });

  it('fails when what must stay does not fit', async () => {
    await expect(fitted([user(words(200))], 100)).rejects.toMatchObject({ kind: 'context_window' });
  });
});

describe('a chat whose conversation is too long', () => {
  const long = [user(words(300), { id: 'u1' }), reply(words(300), { id: 'a1' }), user('and?', { id: 'u2' })];

  it('is shortened, and the reply says which messages were left out', async () => {
    await using server = await FaultServer.start();
    const { models } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url, { contextWindow: 600 })])]));
    const { parts } = await readAll(models.chat({ messages: long }, aCall()));
    expect(parts[0]).toMatchObject({ type: 'start', context: { dropped: ['u1', 'a1'], kept: ['u2'] } });
    expect(server.seen[0]?.body.messages).toEqual([{ role: 'user', content: 'and?' }]);
  });

  it('is summarised by the model that the alias names', async () => {
    await using server = await FaultServer.start(answer('They said word.'));
    const deployment = aDeployment(server.url, { contextWindow: 700 });
    const writer = anAlias('writer', [aDeployment(server.url, { id: 'w' })]);
    const { models, records } = testModels(
      aCatalogue([anAlias('m', [deployment], { summariseWith: 'writer' }), writer]),
    );
    const { parts } = await readAll(models.chat({ messages: long }, aCall()));
    await readAll(models.chat({ messages: long }, aCall()));
    expect(parts[0]).toMatchObject({ context: { summarised: ['u1', 'a1'], dropped: [] } });
    expect(server.seen[1]?.body.messages).toEqual([
      { role: 'system', content: expect.stringContaining('They said word.') },
      { role: 'user', content: 'and?' },
    ]);
    // One summary for two calls.
    expect(records.map(({ purpose }) => purpose)).toEqual(['summary', 'reply', 'reply']);
  });

  it('fails with its code when it is too long even then, or may not be shortened', async () => {
    await using server = await FaultServer.start();
    const { models, records } = testModels(
      aCatalogue([anAlias('m', [aDeployment(server.url, { contextWindow: 300 })])]),
    );
    const tooLarge = { extensions: { code: 'CONTEXT_TOO_LARGE' } };
    expect((await readAll(models.chat({ messages: [user(words(500))] }, aCall()))).error).toMatchObject(tooLarge);
    expect((await readAll(models.chat({ messages: long, overflow: 'fail' }, aCall()))).error).toMatchObject(tooLarge);
    expect(server.seen).toHaveLength(0);
    expect(records).toHaveLength(2);
  });

  it('is fitted to the window that the provider tells when it was not known', async () => {
    await using server = await FaultServer.start();
    server.script(
      failure(400, 'context_length_exceeded', "This model's maximum context length is 600 tokens."),
      answer('ok'),
    );
    const { models } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url)])]));
    const { parts, text } = await readAll(models.chat({ messages: long }, aCall()));
    expect(text).toBe('ok');
    expect(parts[0]).toMatchObject({ context: { dropped: ['u1', 'a1'], inputLimit: 450 } });
  });

  it('leaves room for the tokens that a request asks for, and counts without asking a provider', async () => {
    await using server = await FaultServer.start();
    const { models } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url, { contextWindow: 600 })])]));
    const { parts } = await readAll(models.chat({ messages: long, maxTokens: 100 }, aCall()));
    expect(parts[0]).toMatchObject({ context: { inputLimit: 500, dropped: ['u1', 'a1'] } });
    expect(await models.count([user('Hello, world!')])).toBe(11);
  });
});
