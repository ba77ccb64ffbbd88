import { parse } from 'graphql';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadSupergraph } from '../../supergraph/supergraph.ts';
import type { PreparedOperation } from '../prepare/operation.ts';
import { type Answer, createSetup } from '../testing/setup.ts';
import { createStockEvents } from '../testing/stock-events.ts';

let setup: Awaited<ReturnType<typeof createSetup>>;
let stockEvent: ReturnType<typeof createStockEvents>;
beforeAll(async () => {
  setup = await createSetup();
  stockEvent = createStockEvents(await loadSupergraph({ sdl: setup.fleet.sdl }));
});
beforeEach(() => {
  setup.fleet.interfere = undefined;
  setup.requests();
});

/** All answers of a subscription, and how it ended. */
function collect(prepared: PreparedOperation, variables: Record<string, unknown> = {}) {
  return new Promise<{ answers: Answer[]; end: string }>((resolve) => {
    const answers: Answer[] = [];
    prepared.subscribe(setup.requestOf(variables), {
      next: (answer) => void answers.push(setup.parse(answer)),
      complete: () => resolve({ answers, end: 'complete' }),
      error: ([error]) => resolve({ answers, end: String(error?.extensions?.['code']) }),
    });
  });
}

describe('a subscription', () => {
  it.each([
    ['typing(count: 3) { w: who at }'],
    ['posted(count: 5) { id title text author { name usage { tokens } } summary }'],
    ['posted(count: 5) { ...F latency @include(if: $yes) tokens @skip(if: $yes) }'],
    ['posted(count: 4) { __typename kind parts { ... on TextPart { text } ... on ImagePart { image { cost } } } }'],
  ])('gives the events that Apollo’s executor would make of them: %s', async (field) => {
    const fragment = field.includes('...F') ? 'fragment F on Message { id reply { latency } }' : '';
    const head = field.includes('$yes') ? 'subscription ($yes: Boolean!)' : 'subscription';
    const query = `${head} { ${field} } ${fragment}`;
    const variables = field.includes('$yes') ? { yes: true } : {};
    const prepared = await setup.prepare(query);
    const { answers, end } = await collect(prepared, variables);
    expect(end).toBe('complete');
    const upstream: { data?: Record<string, unknown> | null }[] = [];
    const opened = setup.requests().find(({ query: text }) => text.startsWith('subscription'))!;
    await new Promise<void>((resolve) =>
      setup.fleet.transports.get('chat')!.subscribe(opened, {
        next: (event) => void upstream.push(event),
        complete: resolve,
        error: () => resolve(),
      }),
    );
    const request = setup.requestOf(variables);
    for (const [i, event] of upstream.entries()) {
      const reference = await stockEvent(parse(query), request, event);
      expect(answers[i]?.data).toEqual(reference.data);
    }
    expect(answers).toHaveLength(upstream.length);
  });

  it('asks no other subgraph for events that need none', async () => {
    await collect(await setup.prepare('subscription { posted { id text } }'));
    expect(setup.requests()).toHaveLength(1);
  });

  it('delivers in order, however long each event takes to complete', async () => {
    let n = 0;
    setup.fleet.interfere = async (_, __, answer) => {
      await new Promise((resolve) => setTimeout(resolve, 30 - 10 * n++));
      return answer();
    };
    const { answers } = await collect(await setup.prepare('subscription { posted(count: 3) { id tokens } }'));
    expect(answers.map(({ data }) => (data as { posted: { id: string } }).posted.id)).toEqual(['1', '2', '3']);
  });

  it('goes on when completing one event fails', async () => {
    let n = 0;
    setup.fleet.interfere = (_, __, answer) => (n++ === 0 ? Promise.reject(new Error('down')) : answer());
    const { answers, end } = await collect(await setup.prepare('subscription { posted(count: 2) { id tokens } }'));
    expect(end).toBe('complete');
    expect(answers.map(({ errors }) => errors?.[0]?.extensions?.code)).toEqual(['SUBGRAPH_UNAVAILABLE', undefined]);
    expect(answers.map(({ data }) => data)).toEqual([
      { posted: { id: '1', tokens: null } },
      { posted: { id: '2', tokens: 4 } },
    ]);
  });

  it('ends upstream when the client leaves, and says nothing afterwards', async () => {
    const prepared = await setup.prepare('subscription { posted(count: 1000) { id tokens } }');
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      const leave = prepared.subscribe(setup.requestOf(), {
        next() {
          seen.push(1);
          if (seen.length === 3) {
            leave();
            leave();
            setTimeout(resolve, 50);
          }
        },
        complete: () => seen.push(-1),
        error: () => seen.push(-1),
      });
    });
    expect(seen).toEqual([1, 1, 1]);
    expect(setup.requests().length).toBeLessThan(50);
  });

  it('ends with the error, and without an answer, when its variables do not fit', async () => {
    const { answers, end } = await collect(await setup.prepare('subscription ($n: Int!) { typing(count: $n) { at } }'));
    expect([answers, end]).toEqual([[], 'BAD_USER_INPUT']);
  });
});
