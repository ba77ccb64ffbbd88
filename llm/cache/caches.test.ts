import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alias } from '../catalogue/catalogue.ts';
import type { ModelsOptions } from '../models.ts';
import { aCall, aCatalogue, aDeployment, anAlias, aUser, hello, readAll, testModels } from '../testing/build.ts';
import { answer, cut, FaultServer, failure, stall } from '../testing/fault-server.ts';

let server: FaultServer;
beforeEach(async () => {
  server = await FaultServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const price = { inputPerMillion: '1', outputPerMillion: '2' };
const cached = (more: Partial<Alias> = {}, options: Partial<ModelsOptions> = {}) =>
  testModels(
    aCatalogue([
      anAlias('m', [aDeployment(server.url, { price })], { cache: { ttlMs: 60_000, scope: 'user' }, ...more }),
    ]),
    options,
  );

describe('the reply cache', () => {
  it('lets 1,000 parallel equal prompts make one provider call, which one of them pays', async () => {
    server.behave(answer(['Hel', 'lo'], { delayMs: 50, gapMs: 5 }));
    const { models, records } = cached();
    const replies = await Promise.all(Array.from({ length: 1_000 }, () => readAll(models.chat(hello, aCall()))));
    expect(server.seen).toHaveLength(1);
    expect(replies.every(({ text, error }) => text === 'Hello' && error === undefined)).toBe(true);
    expect(records).toHaveLength(1_000);
    expect(records.filter(({ cache }) => cache === 'miss')).toHaveLength(1);
    expect(records.filter(({ cost }) => cost !== '0').map(({ cost }) => cost)).toEqual(['0.00002']);
  });

  it('replays a kept reply as a stream, at no cost', async () => {
    server.behave(answer(['Hel', 'lo']));
    const { models, records } = cached();
    await readAll(models.chat(hello, aCall()));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { parts } = await readAll(models.chat(hello, aCall()));
    expect(parts.map((part) => part.type)).toEqual(['start', 'text', 'text', 'finish']);
    expect(parts[0]).toMatchObject({ cache: 'hit' });
    expect(server.seen).toHaveLength(1);
    expect(records[1]).toMatchObject({ cache: 'hit', cost: '0', outcome: 'ok', deployment: 'd1' });
  });

  it('keeps users apart, unless it is declared shared', async () => {
    const apart = cached().models;
    await readAll(apart.chat(hello, aCall()));
    await readAll(apart.chat(hello, aCall({ identity: aUser('u2') })));
    expect(server.seen).toHaveLength(2);
    const shared = cached({ cache: { ttlMs: 60_000, scope: 'shared' } }).models;
    await readAll(shared.chat(hello, aCall()));
    await new Promise((resolve) => setTimeout(resolve, 10));
    await readAll(shared.chat(hello, aCall({ identity: aUser('u2') })));
    expect(server.seen).toHaveLength(3);
  });

  it('is passed by, renewed, and forgotten in time, as told', async () => {
    const { models } = cached({ cache: { ttlMs: 3_000, scope: 'user' } });
    const ask = (cache: 'use' | 'bypass' | 'refresh') => readAll(models.chat({ ...hello, cache }, aCall()));
    await ask('use');
    await ask('bypass');
    await ask('refresh');
    expect(server.seen).toHaveLength(3);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await ask('use');
    expect(server.seen).toHaveLength(3);
    while (server.seen.length < 4) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await ask('use');
    }
  });

  it('tells requests apart by everything that may change the answer', async () => {
    const { models } = cached();
    await readAll(models.chat(hello, aCall()));
    await readAll(models.chat({ ...hello, temperature: 0.5 }, aCall()));
    await readAll(models.chat({ ...hello, output: { type: 'json' } }, aCall()));
    await readAll(models.chat({ messages: [{ role: 'system', content: 'x' }, ...hello.messages] }, aCall()));
    expect(server.seen).toHaveLength(4);
  });

  it('keeps no broken, failed or stopped reply', async () => {
    const { models } = cached({ retries: { attempts: 0, baseMs: 1, maxMs: 1, maxWaitMs: 0 } });
    server.script(cut('Half'), failure(400, 'nope'), answer('whole'));
    expect((await readAll(models.chat(hello, aCall()))).error).toMatchObject({
      extensions: { phase: 'after_first_token' },
    });
    expect((await readAll(models.chat(hello, aCall()))).error).toMatchObject({
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('whole');
  });

  it('goes on for the others when the first who asked stops, and one of them pays for it once', async () => {
    server.behave(answer(['a', 'b', 'c'], { gapMs: 40 }));
    const { models, records } = cached();
    const stop = new AbortController();
    const first = readAll(models.chat(hello, aCall({ signal: stop.signal })));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = readAll(models.chat(hello, aCall()));
    await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    expect((await first).parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stopped' });
    expect((await second).text).toBe('abc');
    expect(server.seen).toHaveLength(1);
    expect(records.map(({ cache, outcome }) => [cache, outcome])).toEqual([
      ['shared', 'stopped'],
      ['miss', 'ok'],
    ]);
  });

  it('ends the provider’s request when the last who follows has left, and begins again for the next', async () => {
    server.behave(stall('x'));
    const { models } = cached();
    const stop = new AbortController();
    const left = readAll(models.chat(hello, aCall({ signal: stop.signal })));
    const { aborted } = await server.arrival();
    stop.abort();
    await left;
    await aborted;
    server.behave(answer('fresh'));
    expect((await readAll(models.chat(hello, aCall()))).text).toBe('fresh');
  });
});

describe('the semantic cache', () => {
  /** Everything is the same to it: whatever it lets through, only the guard has judged. */
  const blind = async (texts: readonly string[]) => texts.map(() => Float32Array.from([1, 0]));
  const rule = { ttlMs: 60_000, scope: 'user' as const, threshold: 0.9 };
  const ask = (text: string) => ({ messages: [{ role: 'user' as const, content: text }] });
  const hits = async (first: string, second: string, call = aCall()) => {
    const { models, records } = cached({ cache: undefined, semanticCache: rule }, { embedForCache: blind });
    await readAll(models.chat(ask(first), aCall()));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await readAll(models.chat(ask(second), call));
    return records.at(-1)!.cache === 'semantic';
  };

  it.each([
    ['What is the capital of France?', "what's the capital of France"],
    ['Can you tell me the capital of France?', 'capital of France'],
    ['Please translate hello into Spanish.', 'translate hello into spanish'],
    ["Why doesn't it work?", 'Why does not it work'],
  ])('answers “%s” and “%s” with one reply', async (first, second) => {
    expect(await hits(first, second)).toBe(true);
  });

  it.each([
    ['turn on the light', 'turn off the light'],
    ['Is aspirin safe in pregnancy?', 'Is aspirin not safe in pregnancy?'],
    ['Can I take it with alcohol?', "Can't I take it with alcohol?"],
    ['foods with sugar', 'foods without sugar'],
    ['Do penguins fly?', 'Do penguins never fly?'],
    ['convert 10 miles to km', 'convert 100 miles to km'],
    ['convert 1.5 miles', 'convert 15 miles'],
    ['What is -5 plus 3?', 'What is 5 plus 3?'],
    ['events of 2023', 'events of 2024'],
    ['20% of 50', '50% of 20'],
    ['flights from Paris to London', 'flights from London to Paris'],
    ['who did Bob call', 'who called Bob'],
    ['is it legal', 'is it illegal'],
    ['more than 5 items', 'fewer than 5 items'],
    ['before noon', 'after noon'],
    ['all users can log in', 'some users can log in'],
    ['When was he born?', 'Where was he born?'],
    ['increase the price', 'decrease the price'],
    ['5 kg in pounds', '5 g in pounds'],
    ['price in €', 'price in $'],
    ['a > b', 'a < b'],
    ['C developer', 'C++ developer'],
    ['nothing was agreed', 'everybody agreed'],
    ['Should I accept the offer?', 'Should I not accept the offer?'],
    ['include tests', 'exclude tests'],
    ['I have two cats', 'I have three cats'],
  ])('never answers “%s” with the reply to “%s”', async (first, second) => {
    expect(await hits(first, second)).toBe(false);
    expect(await hits(second, first)).toBe(false);
  });

  it('keeps users and conversations apart', async () => {
    expect(await hits('What is love?', "what's love", aCall({ identity: aUser('u2') }))).toBe(false);
    const { models, records } = cached({ cache: undefined, semanticCache: rule }, { embedForCache: blind });
    await readAll(models.chat(ask('And the next?'), aCall()));
    await readAll(
      models.chat(
        {
          messages: [
            { role: 'system', content: 'other' },
            { role: 'user', content: 'and the next' },
          ],
        },
        aCall(),
      ),
    );
    expect(records.at(-1)!.cache).toBe('miss');
  });

  it('embeds in the name of the caller', async () => {
    const asked: [string, unknown][] = [];
    const embedForCache: ModelsOptions['embedForCache'] = async (texts, { identity }) => {
      asked.push([texts[0]!, identity.kind === 'user' && identity.userId]);
      return blind(texts);
    };
    const { models } = cached({ cache: undefined, semanticCache: { ...rule, scope: 'shared' } }, { embedForCache });
    await readAll(models.chat(ask('What is love?'), aCall()));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await readAll(models.chat(ask("what's love"), aCall({ identity: aUser('u2') })));
    expect(asked).toEqual([
      ['What is love?', 'u1'],
      ["what's love", 'u2'],
    ]);
  });

  it('needs the meaning as well as the words', async () => {
    let turn = 0;
    const apart = async (texts: readonly string[]) =>
      texts.map(() => Float32Array.from(turn++ === 0 ? [1, 0] : [0, 1]));
    const { models, records } = cached({ cache: undefined, semanticCache: rule }, { embedForCache: apart });
    await readAll(models.chat(ask('What is love?'), aCall()));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await readAll(models.chat(ask("what's love"), aCall()));
    expect(records.at(-1)!.cache).toBe('miss');
  });

  it('that fails is not a failure of the call', async () => {
    const failing = async () => Promise.reject(new Error('no embedder'));
    const { models } = cached({ cache: undefined, semanticCache: rule }, { embedForCache: failing });
    await readAll(models.chat(ask('What is love?'), aCall()));
    expect((await readAll(models.chat(ask('what is love'), aCall()))).text).toBe('Hello');
  });

  it('is off unless it is configured', async () => {
    const { models, records } = cached({ cache: undefined }, { embedForCache: blind });
    await readAll(models.chat(ask('What is love?'), aCall()));
    await readAll(models.chat(ask("what's love"), aCall()));
    expect(records.map(({ cache }) => cache)).toEqual(['off', 'off']);
  });
});
