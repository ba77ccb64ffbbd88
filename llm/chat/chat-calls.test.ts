import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aCall, aCatalogue, aDeployment, anAlias, hello, readAll, testModels } from '../testing/build.ts';
import {
  answer,
  answerDeltas,
  cut,
  errorInStream,
  FaultServer,
  failure,
  garbage,
  hangUp,
  html,
  json,
  quietEnd,
  stall,
} from '../testing/fault-server.ts';

describe('a chat call', () => {
  let server: FaultServer;
  beforeEach(async () => {
    server = await FaultServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const single = (more: Parameters<typeof aDeployment>[1] = {}) =>
    testModels(
      aCatalogue([
        anAlias('main', [aDeployment(server.url, more)], {
          retries: { attempts: 0, baseMs: 1, maxMs: 1, maxWaitMs: 0 },
        }),
      ]),
    );

  it('streams typed parts in order and ends with usage and a record', async () => {
    server.behave(answer(['Hel', 'lo'], { usage: [7, 2] }));
    const { models, records } = single();
    const { parts, text, error } = await readAll(models.chat(hello, aCall({ conversationId: 'c1' })));
    expect(error).toBeUndefined();
    expect(text).toBe('Hello');
    expect(parts.map((part) => part.type)).toEqual(['start', 'text', 'text', 'finish']);
    expect(parts[0]).toMatchObject({ alias: 'main', provider: 'test', deployment: 'd1', model: 'test-model' });
    expect(parts.at(-1)).toMatchObject({
      reason: 'stop',
      usage: { inputTokens: 7, outputTokens: 2, estimated: false },
    });
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      outcome: 'ok',
      userId: 'u1',
      conversationId: 'c1',
      alias: 'main',
      retries: 0,
      cache: 'off',
    });
  });

  it('passes tool calls and reasoning through as parts of their own', async () => {
    server.behave(
      answerDeltas(
        [
          { reasoning_content: 'hm' },
          { tool_calls: [{ index: 0, id: 't1', type: 'function', function: { name: 'weather', arguments: '{"ci' } }] },
          { tool_calls: [{ index: 0, function: { arguments: 'ty":"Oslo"}' } }] },
        ],
        'tool_calls',
      ),
    );
    const { parts } = await readAll(single().models.chat(hello, aCall()));
    expect(parts.slice(1, -1)).toEqual([
      { type: 'reasoning', text: 'hm', field: 'reasoning_content' },
      { type: 'tool-call', index: 0, id: 't1', name: 'weather', arguments: '{"ci' },
      { type: 'tool-call', index: 0, id: undefined, name: undefined, arguments: 'ty":"Oslo"}' },
    ]);
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'tool_calls' });
  });

  it('counts the tokens itself where the provider sent none, and says so', async () => {
    server.behave(answer('one two three four', { usage: false }));
    const { models, records } = single();
    await readAll(models.chat(hello, aCall()));
    expect(records[0]?.usage).toMatchObject({ estimated: true, inputTokens: 8, outputTokens: 4 });
  });

  it('stops the provider within milliseconds of the signal and keeps what had arrived', async () => {
    server.behave(stall('Once upon'));
    const { models, records } = single();
    const stop = new AbortController();
    const parts: string[] = [];
    for await (const part of models.chat(hello, aCall({ signal: stop.signal }))) {
      parts.push(part.type);
      if (part.type === 'text') stop.abort();
    }
    // The provider would never end by itself.
    await server.seen[0]!.aborted;
    expect(parts).toEqual(['start', 'text', 'finish']);
    expect(records[0]).toMatchObject({ outcome: 'stopped', usage: { estimated: true, outputTokens: 2 } });
  });

  it('stops the provider when the consumer leaves the loop', async () => {
    server.behave(stall('Once upon'));
    const { models, records } = single();
    const stream = models.chat(hello, aCall());
    const gone = server.arrival().then(({ aborted }) => aborted);
    for await (const part of stream) if (part.type === 'text') break;
    // The provider would never end by itself.
    await gone;
    expect((await stream.record)?.outcome).toBe('stopped');
    expect(records).toHaveLength(1);
  });

  it('stops before the first token without an error', async () => {
    server.behave(stall());
    const { models, records } = single();
    const { parts, error } = await readAll(models.chat(hello, aCall({ signal: AbortSignal.timeout(30) })));
    expect(error).toBeUndefined();
    expect(parts.map((part) => part.type)).toEqual(['finish']);
    expect(records[0]).toMatchObject({ outcome: 'stopped' });
  });

  const before = { extensions: { code: 'PROVIDER_UNAVAILABLE', phase: 'before_first_token' } };
  const after = { extensions: { code: 'PROVIDER_UNAVAILABLE', phase: 'after_first_token' } };
  const coded = (code: string) => ({ extensions: { code, phase: 'before_first_token' } });
  /** Of those that stand still; the first word of the second one has this time, too. */
  const STALL_MS: Readonly<Record<string, number>> = { 'nothing comes': 100, 'nothing comes any more': 1_000 };
  it.each([
    ['nothing comes', stall(), before],
    ['nothing comes any more', stall('Half'), after],
    ['the connection is cut', cut('Half'), after],
    ['the stream ends politely in the middle', quietEnd('Half'), after],
    ['the stream ends before anything came', quietEnd(), before],
    ['the stream turns to garbage', garbage('Half'), after],
    ['an error comes in the stream', errorInStream('Half'), after],
    ['a web page comes instead', html(), before],
    ['a web page comes with 404', html(404), before],
    ['the connection is refused', hangUp, before],
    ['500', failure(500, 'server_error'), before],
    ['401', failure(401, 'invalid_api_key'), before],
    ['an unknown model', failure(404, 'model_not_found'), coded('MODEL_NOT_FOUND')],
    ['a refused parameter', failure(400, 'unsupported_value'), coded('BAD_USER_INPUT')],
    ['the content policy', failure(400, 'content_filter'), coded('CONTENT_FILTERED')],
    ['a reply withheld by the content policy', answerDeltas([], 'content_filter'), coded('CONTENT_FILTERED')],
    ['a full window', failure(400, 'context_length_exceeded'), coded('CONTEXT_TOO_LARGE')],
    [
      '429',
      failure(429, 'rate_limit_exceeded', 'slow', { 'retry-after': '7' }),
      { extensions: { code: 'RATE_LIMITED', retryAfter: 7 } },
    ],
  ])(
    'has a code, advice and a record when %s, and leaks nothing that the provider wrote',
    async (what, behaviour, expected) => {
      server.behave(behaviour);
      const { models, records } = single({ stallMs: STALL_MS[what] ?? 60_000 });
      const { parts, error } = await readAll(models.chat(hello, aCall()));
      expect(error).toMatchObject(expected);
      expect(JSON.stringify(error)).not.toMatch(/host-17|nginx|127\.0\.0\.1/);
      expect(String((error as Error).message)).not.toMatch(/host-17|nginx|127\.0\.0\.1/);
      const begun = parts.some((part) => part.type === 'text');
      const filtered = expected.extensions.code === 'CONTENT_FILTERED';
      expect(records).toHaveLength(1);
      expect(records[0]).toMatchObject({
        outcome: begun ? 'interrupted' : filtered ? 'filtered' : 'failed',
        errorCode: expected.extensions.code,
      });
      if (begun) expect(records[0]?.usage).toMatchObject({ estimated: true, outputTokens: 1 });
    },
  );

  it('does not take time that the consumer needs for a stall', async () => {
    server.behave(answer(['a', 'b', 'c']));
    const { models } = single({ stallMs: 1_500 });
    let text = '';
    for await (const part of models.chat(hello, aCall())) {
      if (part.type === 'text') text += part.text;
      if (part.type === 'start') await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
    expect(text).toBe('abc');
  });

  it('goes on though the models are closed meanwhile', async () => {
    server.behave(answer(['a', 'b'], { gapMs: 40 }));
    const { models } = single();
    let text = '';
    for await (const part of models.chat(hello, aCall())) {
      if (part.type === 'start') await models.close();
      if (part.type === 'text') text += part.text;
    }
    expect(text).toBe('ab');
  });

  it('learns that a server does not know stream_options', async () => {
    server.script(failure(400, 'bad', 'Unrecognized field stream_options'), answer('ok'));
    const { models } = single();
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('ok');
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('ok');
    expect(server.seen.map((request) => 'stream_options' in request.body)).toEqual([true, false, false]);
  });

  it('leaves out sampling parameters that a model does not have, and nothing else', async () => {
    const refuse = (param: string) =>
      json(400, {
        error: {
          message: `Unsupported value: '${param}' does not support 0.2 with this model.`,
          type: 'invalid_request_error',
          param,
          code: 'unsupported_value',
        },
      });
    server.script(refuse('temperature'), refuse('top_p'), answer('ok'));
    const { models } = single();
    expect((await readAll(models.chat({ ...hello, temperature: 0.2, topP: 0.5 }, aCall()))).text).toBe('ok');
    expect((await readAll(models.chat({ ...hello, temperature: 0.2, topP: 0.5 }, aCall()))).text).toBe('ok');
    expect(server.seen).toHaveLength(4);
    expect(server.seen[3]?.body).not.toHaveProperty('temperature');
    server.behave(refuse('response_format'));
    const { error } = await readAll(models.chat({ ...hello, output: { type: 'json' } }, aCall()));
    expect(error).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
      message: expect.stringContaining('response_format'),
    });
  });

  it('refuses wrong parameters by name before anything is sent', async () => {
    const { models, records } = single();
    const wrong = async (request: object) => (await readAll(models.chat({ ...hello, ...request }, aCall()))).error;
    expect(await wrong({ temperature: 3 })).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT', argument: 'temperature' },
    });
    expect(await wrong({ maxTokens: 0 })).toMatchObject({ extensions: { argument: 'maxTokens' } });
    expect(await wrong({ messages: [] })).toMatchObject({ extensions: { argument: 'messages' } });
    expect(await wrong({ model: 'nope' })).toMatchObject({
      extensions: { code: 'MODEL_NOT_FOUND' },
      message: expect.stringContaining('main'),
    });
    expect(server.seen).toHaveLength(0);
    expect(records).toHaveLength(0);
  });

  it('says how to configure a model when there is none', async () => {
    const { error } = await readAll(testModels(undefined).models.chat(hello, aCall()));
    expect(error).toMatchObject({
      extensions: { code: 'MODEL_NOT_CONFIGURED' },
      message: expect.stringContaining('OPENAI_API_KEY'),
    });
  });
});
