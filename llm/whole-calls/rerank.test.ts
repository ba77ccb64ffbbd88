import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ableTo, aCall, aCatalogue, aDeployment, anAlias, testModels } from '../testing/build.ts';
import { FaultServer } from '../testing/fault-server.ts';

const TEXTS = ['The rent is due.', 'The dog sleeps on the sofa.', 'Bananas are yellow.'];

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const answering = (status: number, answer: unknown) =>
  server.behave((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });

function models() {
  const alias = anAlias('rank', [aDeployment(server.url, { capabilities: ableTo('rerank') })]);
  return testModels(aCatalogue([alias], { defaults: { rerank: 'rank' } }));
}
const ask = { query: 'Where does the dog sleep?', texts: TEXTS };

describe('a reranking model', () => {
  it.each([
    ['Cohere', { results: [1, 0, 2].map((index, i) => ({ index, relevance_score: 0.9 - i / 4 })) }, [0.65, 0.9, 0.4]],
    ['Jina', { data: [0, 1, 2].map((index) => ({ index, relevance_score: index / 2 })) }, [0, 0.5, 1]],
    [
      'one whose scores are of any size',
      { results: [0, 1, 2].map((index) => ({ index, score: index * 4 - 4 })) },
      [0.018, 0.5, 0.982],
    ],
  ])('of %s gives a score for each text, in their order', async (_name, answer, scores) => {
    answering(200, answer);
    const { models: own, records } = models();
    const ranked = await own.rerank(ask, aCall({ purpose: 'rerank' }));
    expect(ranked?.scores).toEqual(scores.map((score) => expect.closeTo(score, 3)));
    expect(server.seen.at(-1)).toMatchObject({
      path: '/v1/rerank',
      body: { model: 'test-model', query: ask.query, documents: TEXTS, top_n: 3 },
    });
    expect(records).toMatchObject([{ operation: 'embeddings', purpose: 'rerank', inputs: 3, outcome: 'ok' }]);
    await own.close();
  });

  it('of text-embeddings-inference is asked in its form, which is found out once', async () => {
    server.behave(({ body }, response) => {
      const isOwn = Array.isArray(body.texts);
      response.writeHead(isOwn ? 200 : 422, { 'content-type': 'application/json' });
      const answer = [2, 0, 1].map((index) => ({ index, score: index / 10 }));
      response.end(JSON.stringify(isOwn ? answer : { error: 'missing field `texts`', error_type: 'Validation' }));
    });
    const { models: own } = models();
    const before = server.seen.length;
    for (const _ of [1, 2]) expect((await own.rerank(ask, aCall()))?.scores).toEqual([0, 0.1, 0.2]);
    expect(server.seen.length - before).toBe(3);
    await own.close();
  });

  it('that leaves a text out is not believed', async () => {
    answering(200, { results: [{ index: 0, relevance_score: 1 }] });
    const { models: own } = models();
    await expect(own.rerank(ask, aCall())).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    await own.close();
  });

  it('is not there unless one is named', async () => {
    const { models: own } = testModels(undefined);
    expect(own.mayRerank).toBe(false);
    expect(await own.rerank(ask, aCall())).toBeUndefined();
    await own.close();
  });
});
