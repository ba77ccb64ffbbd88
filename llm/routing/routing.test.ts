import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Deployment } from '../catalogue/catalogue.ts';
import type { Models } from '../models.ts';
import {
  ableTo,
  aCall,
  aCatalogue,
  aDeployment,
  anAlias,
  aProvider,
  hello,
  readAll,
  testModels,
} from '../testing/build.ts';
import {
  answer,
  cut,
  errorInStream,
  FaultServer,
  failure,
  hangUp,
  html,
  json,
  quietEnd,
  stall,
} from '../testing/fault-server.ts';

const servers: FaultServer[] = [];
const start = async (...args: Parameters<typeof FaultServer.start>) => {
  const server = await FaultServer.start(...args);
  servers.push(server);
  return server;
};
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()));
});

/** Makes calls, `parallel` at a time. */
async function calls(models: Models, count: number, parallel: number, request = {}): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const { error } = await readAll(models.chat({ ...hello, ...request }, aCall()));
      if (error) throw error;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

const named = (server: FaultServer, id: string, more: Partial<Deployment> = {}) =>
  aDeployment(server.url, { id, provider: aProvider(server.url, { id }), ...more });

describe('over 1,000 calls', () => {
  it('priority asks the first alone while it works', async () => {
    const [a, b] = [await start(), await start()];
    const { models } = testModels(aCatalogue([anAlias('m', [named(a, 'a'), named(b, 'b')])]));
    await calls(models, 1_000, 20);
    expect([a.seen.length, b.seen.length]).toEqual([1_000, 0]);
  });

  it('weighted gives each exactly its share', async () => {
    const [a, b, c] = [await start(), await start(), await start()];
    const deployments = [named(a, 'a'), named(b, 'b'), named(c, 'c')];
    const targets = deployments.map((deployment, index) => ({
      deployment,
      weight: [5, 3, 2][index]!,
      order: 0,
      when: undefined,
    }));
    const { models } = testModels(aCatalogue([anAlias('m', deployments, { strategy: 'weighted', targets })]));
    await calls(models, 1_000, 20);
    expect([a.seen.length, b.seen.length, c.seen.length]).toEqual([500, 300, 200]);
  });

  it('least busy keeps as many calls under way at each, so the slow one gets fewer', async () => {
    const [fast, slow] = [await start(answer('x', { delayMs: 5 })), await start(answer('x', { delayMs: 100 }))];
    const { models } = testModels(
      aCatalogue([anAlias('m', [named(fast, 'fast'), named(slow, 'slow')], { strategy: 'least_busy' })]),
    );
    await calls(models, 1_000, 10);
    expect(fast.seen.length + slow.seen.length).toBe(1_000);
    expect(fast.seen.length).toBeGreaterThan(2 * slow.seen.length);
    expect(slow.seen.length).toBeGreaterThan(50);
  });

  it('lowest latency finds the quick one and leaves it when it turns slow', async () => {
    const [one, two] = [await start(answer('x', { delayMs: 5 })), await start(answer('x', { delayMs: 150 }))];
    const { models } = testModels(
      aCatalogue([anAlias('m', [named(one, 'one'), named(two, 'two')], { strategy: 'lowest_latency' })]),
    );
    await calls(models, 500, 4);
    expect(one.seen.length).toBeGreaterThan(400);
    one.behave(answer('x', { delayMs: 400 }));
    two.behave(answer('x', { delayMs: 5 }));
    const before = two.seen.length;
    await calls(models, 500, 4);
    expect(two.seen.length - before).toBeGreaterThan(400);
  });

  it('cheapest asks the one that costs least for this call', async () => {
    const [a, b] = [await start(), await start()];
    const deployments = [
      named(a, 'a', { price: { inputPerMillion: '0.10', outputPerMillion: '9' } }),
      named(b, 'b', { price: { inputPerMillion: '2', outputPerMillion: '2' } }),
    ];
    const { models } = testModels(aCatalogue([anAlias('m', deployments, { strategy: 'cheapest' })]));
    await calls(models, 900, 20);
    await calls(models, 100, 20, { messages: [{ role: 'user', content: 'long '.repeat(4_000) }], maxTokens: 10 });
    expect([a.seen.length, b.seen.length]).toEqual([100, 900]);
  });

  it('by condition takes who is meant for it', async () => {
    const [small, large, eu] = [await start(), await start(), await start()];
    const targets = [
      { deployment: named(small, 'small'), weight: 1, order: 0, when: undefined },
      { deployment: named(large, 'large'), weight: 1, order: 0, when: { minInputTokens: 2_000 } },
      { deployment: named(eu, 'eu'), weight: 1, order: 0, when: { tags: ['eu'] } },
    ];
    const { models } = testModels(aCatalogue([anAlias('m', [targets[0]!.deployment], { targets })]));
    await calls(models, 700, 20);
    await calls(models, 200, 20, { messages: [{ role: 'user', content: 'word '.repeat(3_000) }] });
    await calls(models, 100, 20, { tags: ['eu'] });
    expect([small.seen.length, large.seen.length, eu.seen.length]).toEqual([700, 200, 100]);
  });
});

describe('a deployment that fails', () => {
  let bad: FaultServer;
  let good: FaultServer;
  const pair = (more = {}, stallMs = 60_000) =>
    testModels(aCatalogue([anAlias('m', [named(bad, 'bad', { stallMs }), named(good, 'good')], more)]));
  beforeEach(async () => {
    [bad, good] = [await start(failure(500, 'server_error')), await start(answer('good'))];
  });

  it('is left within three calls, tried again after its time, and comes back', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const { models } = pair();
    await calls(models, 50, 1);
    expect(bad.seen.length).toBe(3);
    expect(good.seen.length).toBe(50);
    expect((await models.health()).find(({ deployment }) => deployment === 'bad')).toMatchObject({
      state: 'open',
      health: 'down',
    });

    vi.advanceTimersByTime(5_100);
    await calls(models, 5, 1);
    expect(bad.seen.length).toBe(4);

    bad.behave(answer('back'));
    vi.advanceTimersByTime(10_100);
    await calls(models, 10, 1);
    expect(bad.seen.length).toBe(14);
    expect((await models.health()).find(({ deployment }) => deployment === 'bad')).toMatchObject({
      state: 'closed',
      health: 'up',
    });
  });

  it('is left for no longer because many calls failed at once', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const { models } = pair({ strategy: 'weighted' });
    await calls(models, 20, 20);
    const before = bad.seen.length;
    expect(before).toBeGreaterThan(3);
    bad.behave(answer('back'));
    vi.advanceTimersByTime(5_100);
    await calls(models, 2, 1);
    expect(bad.seen.length).toBe(before + 1);
  });

  it.each([
    ['cut before the first token', cut()],
    ['ended before the first token', quietEnd()],
    ['failed in the stream before the first token', errorInStream()],
    ['stalled before the first token', stall()],
    ['refused connections', hangUp],
    ['answered with a web page', html()],
    ['refused the key', failure(401, 'invalid_api_key')],
  ])('%s: the call is moved and the client notices nothing', async (what, behaviour) => {
    bad.behave(behaviour);
    const { models, records } = pair({}, what.startsWith('stalled') ? 100 : undefined);
    const { parts, text, error } = await readAll(models.chat(hello, aCall()));
    expect(error).toBeUndefined();
    expect(text).toBe('good');
    expect(parts.map((part) => part.type)).toEqual(['start', 'text', 'finish']);
    // One call, one record, one cost: nothing is charged twice for having been retried.
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      deployment: 'good',
      retries: 1,
      outcome: 'ok',
      usage: { inputTokens: 10, outputTokens: 5 },
    });
  });

  it('cut after the first token: the reply ends there, and no deployment begins a second one', async () => {
    bad.behave(cut('Half'));
    const { models, records } = pair({ fallbacks: { general: ['m'], contextWindow: [], contentPolicy: [] } });
    const { text, error } = await readAll(models.chat(hello, aCall()));
    expect(text).toBe('Half');
    expect(error).toMatchObject({ extensions: { code: 'PROVIDER_UNAVAILABLE', phase: 'after_first_token' } });
    expect(good.seen).toHaveLength(0);
    expect(records[0]).toMatchObject({ outcome: 'interrupted', deployment: 'bad' });
  });

  it('that is silent is outrun by a hedge, and its request is ended', async () => {
    bad.behave(stall());
    const { models, records } = pair({ hedgeAfterMs: 20 });
    const { text } = await readAll(models.chat(hello, aCall()));
    expect(text).toBe('good');
    await bad.seen[0]!.aborted;
    expect(records).toHaveLength(1);
    expect((await models.health()).map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });

  it('refuses its key: that is what every caller hears, though it is not asked again for a while', async () => {
    bad.behave(failure(401, 'invalid_api_key'));
    const { models } = testModels(aCatalogue([anAlias('m', [named(bad, 'bad')])]));
    const refused = { message: expect.stringContaining('credentials'), extensions: { code: 'PROVIDER_UNAVAILABLE' } };
    expect((await readAll(models.chat(hello, aCall()))).error).toMatchObject(refused);
    expect((await readAll(models.chat(hello, aCall()))).error).toMatchObject(refused);
    expect(bad.seen).toHaveLength(1);
  });

  it('is alone: it is asked again, and answers', async () => {
    bad.script(failure(503, 'overloaded'), failure(503, 'overloaded'), answer('third'));
    const { models, records } = testModels(aCatalogue([anAlias('m', [named(bad, 'bad')])]));
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('third');
    expect(records[0]).toMatchObject({ retries: 2, outcome: 'ok' });
  });
});

describe('429', () => {
  it('with Retry-After is honoured: the deployment is asked again exactly then', async () => {
    const server = await start();
    server.script(failure(429, 'rate_limit_exceeded', 'slow', { 'retry-after': '1' }), answer('later'));
    const { models } = testModels(aCatalogue([anAlias('m', [named(server, 'a')])]));
    const startedAt = performance.now();
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('later');
    const waited = performance.now() - startedAt;
    expect(waited).toBeGreaterThanOrEqual(995);
    expect(server.seen).toHaveLength(2);
  });

  it('with a Retry-After beyond what the alias waits for is told to the caller', async () => {
    const server = await start(failure(429, 'rate_limit_exceeded', 'slow', { 'retry-after': '30' }));
    const { models } = testModels(aCatalogue([anAlias('m', [named(server, 'a')])]));
    const first = await readAll(models.chat(hello, aCall()));
    const second = await readAll(models.chat(hello, aCall()));
    expect(first.error).toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfter: 30 } });
    expect(second.error).toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
    expect(server.seen).toHaveLength(1);
  });

  it('leaves the deployment alone while others answer', async () => {
    const [busy, free] = [
      await start(failure(429, 'rate_limit_exceeded', 'slow', { 'retry-after': '60' })),
      await start(),
    ];
    const { models } = testModels(aCatalogue([anAlias('m', [named(busy, 'busy'), named(free, 'free')])]));
    await calls(models, 20, 5);
    expect(busy.seen.length).toBeLessThanOrEqual(5);
    expect(free.seen.length).toBe(20);
  });

  it('rotates to the next key at once, and the tired key rests', async () => {
    const server = await start((request, response) =>
      (request.authorization === 'Bearer k1'
        ? failure(429, 'rate_limit_exceeded', 'slow', { 'retry-after': '60' })
        : answer('ok'))(request, response),
    );
    const provider = aProvider(server.url, { keys: ['k1', 'k2'] });
    const { models, records } = testModels(aCatalogue([anAlias('m', [aDeployment(server.url, { provider })])]));
    await calls(models, 10, 1);
    expect(server.seen.map((request) => request.authorization).filter((key) => key === 'Bearer k1')).toHaveLength(1);
    // It did not wait for the 60 s of the tired key.
    expect(records[0]?.latencyMs).toBeLessThan(20_000);
  });

  it('is forestalled by the limits of the deployment', async () => {
    const [first, second] = [await start(), await start()];
    const { models } = testModels(
      aCatalogue([anAlias('m', [named(first, 'a', { limits: { requestsPerMinute: 3 } }), named(second, 'b')])]),
    );
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    await calls(models, 10, 1);
    expect([first.seen.length, second.seen.length]).toEqual([3, 7]);
  });
});

describe('fallback chains', () => {
  it('general: when all deployments of an alias fail', async () => {
    const [bad, good] = [await start(hangUp), await start(answer('rescued'))];
    const main = anAlias('main', [named(bad, 'bad')], {
      fallbacks: { general: ['spare'], contextWindow: [], contentPolicy: [] },
    });
    const { models, records } = testModels(aCatalogue([main, anAlias('spare', [named(good, 'good')])]));
    const { parts } = await readAll(models.chat(hello, aCall()));
    expect(parts[0]).toMatchObject({ type: 'start', alias: 'spare', deployment: 'good' });
    expect(records[0]).toMatchObject({ alias: 'main', deployment: 'good', fallbacks: 1 });
  });

  it('context window: a larger model is tried before anything is shortened', async () => {
    const [small, large] = [await start(), await start(answer('all of it'))];
    const fallbacks = { general: [], contextWindow: ['large'], contentPolicy: [] };
    const main = anAlias('main', [named(small, 'small', { contextWindow: 400 })], { fallbacks });
    const { models } = testModels(
      aCatalogue([main, anAlias('large', [named(large, 'large', { contextWindow: 100_000 })])]),
    );
    const messages = [
      { role: 'user' as const, content: 'word '.repeat(600) },
      { role: 'assistant' as const, content: 'yes' },
      { role: 'user' as const, content: 'and?' },
    ];
    const { parts } = await readAll(models.chat({ messages }, aCall()));
    expect(parts[0]).toMatchObject({ deployment: 'large', context: undefined });
    expect(large.seen[0]?.body.messages).toHaveLength(3);
    expect(small.seen).toHaveLength(0);
  });

  it('content policy: another model, and only the chain that is meant for it', async () => {
    const [strict, lax, spare] = [
      await start(failure(400, 'content_policy_violation')),
      await start(answer('fine')),
      await start(),
    ];
    const fallbacks = { general: ['spare'], contextWindow: [], contentPolicy: ['lax'] };
    const main = anAlias('main', [named(strict, 'strict')], { fallbacks });
    const { models } = testModels(
      aCatalogue([main, anAlias('lax', [named(lax, 'lax')]), anAlias('spare', [named(spare, 'spare')])]),
    );
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('fine');
    expect([strict.seen.length, spare.seen.length]).toEqual([1, 0]);
  });

  it('report the failure of the model that was asked for when all fail', async () => {
    const [one, two] = [
      await start(failure(429, 'rate_limit_exceeded', '', { 'retry-after': '40' })),
      await start(hangUp),
    ];
    const main = anAlias('main', [named(one, 'one')], {
      fallbacks: { general: ['spare'], contextWindow: [], contentPolicy: [] },
    });
    const { models } = testModels(aCatalogue([main, anAlias('spare', [named(two, 'two')])]));
    expect((await readAll(models.chat(hello, aCall()))).error).toMatchObject({
      extensions: { code: 'RATE_LIMITED', model: 'main' },
    });
  });
});

describe('what a request needs', () => {
  it('excludes deployments that cannot do it, and says so when none can', async () => {
    const [blind, seeing] = [await start(), await start()];
    const no = {
      chat: true,
      tools: true,
      vision: false,
      json: true,
      reasoning: false,
      embeddings: false,
      images: false,
      rerank: false,
    };
    const picture = {
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] }],
    };
    const both = testModels(
      aCatalogue([anAlias('m', [named(blind, 'blind', { capabilities: no }), named(seeing, 'seeing')])]),
    );
    await calls(both.models, 5, 1, picture);
    expect([blind.seen.length, seeing.seen.length]).toEqual([0, 5]);
    const none = testModels(aCatalogue([anAlias('m', [named(blind, 'blind', { capabilities: no })])]));
    const { error } = await readAll(none.models.chat(picture as never, aCall()));
    expect(error).toMatchObject({
      message: expect.stringContaining('cannot see images'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});

describe('images', () => {
  const able = ableTo('images');

  it('are retried, moved and recorded as chats are, as bytes with their price', async () => {
    const made = { created: 1, data: [{ b64_json: Buffer.from('png').toString('base64') }, { b64_json: 'AA==' }] };
    const [bad, good] = [await start(failure(500, 'x')), await start(json(200, made))];
    const price = { perImage: '0.04' };
    const deployments = [named(bad, 'bad', { capabilities: able }), named(good, 'good', { capabilities: able, price })];
    const { models, records } = testModels(aCatalogue([anAlias('m', deployments)]));
    const { images } = await models.image({ prompt: 'a cat', count: 2 }, aCall());
    expect(Buffer.from(images[0]!.bytes).toString()).toBe('png');
    expect(records[0]).toMatchObject({ operation: 'image', retries: 1, images: 2, cost: '0.08' });
  });

  it('refuse an answer that has none', async () => {
    const server = await start(json(200, { created: 1, data: [] }));
    const { models, records } = testModels(
      aCatalogue([
        anAlias('m', [named(server, 'a', { capabilities: able })], {
          retries: { attempts: 0, baseMs: 1, maxMs: 1, maxWaitMs: 0 },
        }),
      ]),
    );
    await expect(models.image({ prompt: 'a cat' }, aCall())).rejects.toMatchObject({
      extensions: { code: 'PROVIDER_UNAVAILABLE' },
    });
    expect(records[0]).toMatchObject({ outcome: 'failed' });
  });
});
