import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../redis/testing/redis.ts';
import type { Topics } from '../topics/topics.ts';
import { answerCensus, ProcessCensus } from './process-census.ts';
import type { ProcessReport } from './process-report.ts';

const report = (service: string, instance: string): ProcessReport => ({
  service,
  instance,
  runs: [service],
  version: '1.0.0',
  node: '24.0.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  checks: { database: { status: 'up' } },
  unavailable: [],
  loopDelayMs: 1,
  memoryBytes: 100,
  subscriptions: 0,
  isTraced: false,
});

/** What a census promises, seen from two processes (one and the same where there is only one). */
export function processCensusContract(
  open: (lifecycle: AsyncDisposableStack) => Promise<{ here: Topics; there: Topics }>,
): void {
  const lifecycle = new AsyncDisposableStack();
  let here: Topics;
  let there: Topics;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  const serve = async (topics: Topics, ...[service, instance]: Parameters<typeof report>) => {
    const answering = await answerCensus(topics, async () => report(service, instance), silentLog);
    return { ...answering, [Symbol.dispose]: () => answering.close() };
  };
  const seen = (census: ProcessCensus) =>
    census
      .take()
      .then((all) =>
        all.map(({ report, isAnswering }) => `${report.service} ${report.instance}${isAnswering ? '' : ' silent'}`),
      );

  it('hears of every process, of new ones too, and once of each', async () => {
    const census = new ProcessCensus(here);
    using _chat = await serve(there, 'chat', 'a:1');
    using _gateway = await serve(here, 'gateway', 'b:2');
    expect(await seen(census)).toEqual(['chat a:1', 'gateway b:2']);
    using _another = await serve(there, 'chat', 'a:3');
    expect(await seen(census)).toEqual(['chat a:1', 'chat a:3', 'gateway b:2']);
  });

  it('remembers a process that does not answer any more, and says so', async () => {
    const census = new ProcessCensus(here);
    const chat = await serve(there, 'chat', 'c:1');
    using _gateway = await serve(here, 'gateway', 'd:2');
    await seen(census);
    chat.close();
    expect(await seen(census)).toEqual(['chat c:1 silent', 'gateway d:2']);
  });

  it('is asked once for all who want it at the same time', async () => {
    let asked = 0;
    using _answering = await answerCensus(
      there,
      async () => {
        asked++;
        return report('chat', 'e:1');
      },
      silentLog,
    ).then((answering) => ({ [Symbol.dispose]: () => answering.close() }));
    const census = new ProcessCensus(here);
    const all = await Promise.all([seen(census), seen(census), seen(census)]);
    expect(new Set(all.map(String)).size).toBe(1);
    expect(asked).toBe(1);
  });

  it('takes no report that is not one, and no failing process for others', async () => {
    const census = new ProcessCensus(here);
    using _broken = await answerCensus(there, () => Promise.reject(new Error('no')), silentLog).then((answering) => ({
      [Symbol.dispose]: () => answering.close(),
    }));
    using _strange = await answerCensus(there, async () => ({ service: 7 }) as never, silentLog).then((answering) => ({
      [Symbol.dispose]: () => answering.close(),
    }));
    using _good = await serve(there, 'vision', 'f:1');
    expect(await seen(census)).toEqual(['vision f:1']);
  });
}
