import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { aCall, aCatalogue, aDeployment, anAlias, aUser, hello, testModels } from '../testing/build.ts';
import { answer, answerDeltas, FaultServer } from '../testing/fault-server.ts';
import { chatWithTools, type ToolConversationPart } from './conversation.ts';
import { ToolRegistry } from './registry.ts';

const callTo = (name: string, args: string, id = 't1') => ({
  id,
  type: 'function' as const,
  function: { name, arguments: args },
});
const context = () => ({ identity: aUser(), signal: new AbortController().signal });

const weather = {
  name: 'weather',
  description: 'The weather of a city',
  parameters: z.object({ city: z.string() }),
  run: async ({ city }: { city: string }) => ({ city, degrees: 7 }),
};

describe('a server’s tool', () => {
  it('runs with checked arguments and is described to the model as JSON Schema', async () => {
    const tools = new ToolRegistry().addServer(weather);
    expect(tools.definitions()[0]).toMatchObject({
      type: 'function',
      function: { name: 'weather', parameters: { type: 'object', required: ['city'] } },
    });
    expect(await tools.run(callTo('weather', '{"city":"Oslo"}'), context())).toMatchObject({
      status: 'ok',
      content: '{"city":"Oslo","degrees":7}',
    });
  });

  it('tells the model what was wrong instead of failing the reply', async () => {
    const tools = new ToolRegistry().addServer(weather).addServer({
      ...weather,
      name: 'broken',
      run: async () => {
        throw new Error('postgres://user:password@host');
      },
    });
    expect(await tools.run(callTo('weather', '{"ci'), context())).toMatchObject({ status: 'invalid_arguments' });
    expect(await tools.run(callTo('weather', '{"city":5}'), context())).toMatchObject({
      content: expect.stringContaining('city'),
    });
    expect(await tools.run(callTo('nothing', '{}'), context())).toMatchObject({ status: 'unknown_tool' });
    expect(await tools.run(callTo('broken', '{"city":"x"}'), context())).toMatchObject({
      status: 'failed',
      content: 'The tool failed.',
    });
  });

  it('gives a long result up to its limit, and no half of a character', async () => {
    const emoji = '👩‍🚀'.repeat(30_000);
    for (const before of ['', 'a', 'ab', 'abc', 'abcd']) {
      const tools = new ToolRegistry().addServer({ ...weather, run: async () => before + emoji });
      const { content } = await tools.run(callTo('weather', '{"city":"x"}'), context());
      expect(content.isWellFormed()).toBe(true);
      expect(content).toMatch(/👩‍🚀 … \(cut\)$/);
    }
  });

  it('is ended at its time limit, also when it does not listen', async () => {
    const tools = new ToolRegistry().addServer({ ...weather, timeoutMs: 30, run: () => new Promise(() => undefined) });
    expect(await tools.run(callTo('weather', '{"city":"x"}'), context())).toMatchObject({ status: 'timed_out' });
  });

  it('keeps its name from a client', () => {
    const tools = new ToolRegistry().addServer(weather);
    expect(() => tools.with([{ name: 'weather', description: '', parameters: {} }])).toThrow('already');
    expect(() => tools.addClient({ name: 'no name!', description: '', parameters: {} })).toThrow('no name');
  });
});

describe('a chat with tools', () => {
  let server: FaultServer;
  beforeEach(async () => {
    server = await FaultServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const asks = (...names: string[]) =>
    answerDeltas(
      names.map((name, index) => ({
        tool_calls: [{ index, id: `t${index}`, type: 'function', function: { name, arguments: '{"city":"Oslo"}' } }],
      })),
      'tool_calls',
    );
  const talk = async (tools: ToolRegistry, rounds?: number) => {
    const { models, records } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url)])]));
    const parts: ToolConversationPart[] = [];
    for await (const part of chatWithTools(models, hello, aCall(), tools, rounds)) parts.push(part);
    return { parts, records, types: parts.map(({ type }) => type) };
  };

  it('runs the server’s tools and goes on with their results', async () => {
    server.script(asks('weather'), answer('7 degrees'));
    const { types, records } = await talk(new ToolRegistry().addServer(weather));
    expect(types).toEqual(['start', 'tool-call', 'calls', 'tool-result', 'round', 'start', 'text', 'finish']);
    expect(server.seen[1]?.body.messages).toEqual([
      hello.messages[0],
      { role: 'assistant', content: null, tool_calls: [callTo('weather', '{"city":"Oslo"}', 't0')] },
      { role: 'tool', tool_call_id: 't0', content: '{"city":"Oslo","degrees":7}' },
    ]);
    expect(records).toHaveLength(2);
  });

  it('waits for the client’s tools, with the server’s results already there', async () => {
    server.script(asks('weather', 'locate'));
    const tools = new ToolRegistry()
      .addServer(weather)
      .with([{ name: 'locate', description: 'Where the user is', parameters: { type: 'object' } }]);
    const { parts, types } = await talk(tools);
    expect(types.slice(-2)).toEqual(['tool-result', 'pending']);
    const pending = parts.at(-1);
    expect(pending).toMatchObject({ calls: [{ id: 't1', function: { name: 'locate' } }] });
    expect(pending?.type === 'pending' && pending.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
    ]);
  });

  it('ends though the model would call tools for ever', async () => {
    server.behave(asks('weather'));
    const { types } = await talk(new ToolRegistry().addServer(weather), 3);
    expect(types.at(-1)).toBe('finish');
    expect(server.seen.map(({ body }) => body.tool_choice)).toEqual([undefined, undefined, 'none']);
  });

  it('asks for structured output as the provider takes it', async () => {
    const { models } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url)])]));
    const schema = { type: 'object', properties: { a: { type: 'number' } } };
    for await (const _ of models.chat({ ...hello, output: { type: 'json_schema', name: 'answer', schema } }, aCall()));
    expect(server.seen[0]?.body.response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', schema, strict: true },
    });
  });
});
