import { type ExecutionResult, GraphQLError } from 'graphql';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { ANONYMOUS, type Identity } from '../identity/identity.ts';
import { OperationFailed } from '../net/transport/transport.ts';
import { createSubgraph } from './host.ts';
import { scalars } from './scalars.ts';
import { hostPlatform, user } from './testing/platform.ts';
import { library, observed } from './testing/subgraph.ts';

const subgraph = await createSubgraph(library, hostPlatform());
afterEach(() => {
  observed.loaders = 0;
});

const ask = async (query: string, variables?: Record<string, unknown>, identity: Identity = ANONYMOUS) =>
  JSON.parse(
    JSON.stringify(
      (await subgraph.transport.execute({ query, identity, requestId: 'r1', ...(variables && { variables }) })).result,
    ),
  ) as ExecutionResult;

const follow = (query: string, identity: Identity = ANONYMOUS) => {
  const events: ExecutionResult[] = [];
  const done = Promise.withResolvers<'complete' | Error>();
  const first = Promise.withResolvers<void>();
  const stop = subgraph.transport.subscribe(
    { query, identity, requestId: 'r1' },
    {
      next: (event) => {
        events.push(JSON.parse(JSON.stringify(event)));
        first.resolve();
      },
      complete: () => done.resolve('complete'),
      error: (error) => done.resolve(error),
    },
  );
  return { events, done: done.promise, first: first.promise, stop };
};

it('answers a query, also the second time, when it runs from the cache', async () => {
  const query = 'query($n: String!) { greeting(name: $n) book(id: 7) { title price printed } }';
  for (const name of ['Ada', 'Bob']) {
    expect(await ask(query, { n: name })).toEqual({
      data: {
        greeting: `Hello ${name}`,
        book: { title: 'Book 7', price: '12.50', printed: '1970-01-01T00:00:00.000Z' },
      },
    });
  }
});

it('a body that is cut off is not an outage, and no error in the log', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const hosted = await createSubgraph(library, { ...hostPlatform(), log });
  const cut = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  const body = new ReadableStream({ start: (controller) => controller.error(cut) });
  const request = new Request('http://library/files', { method: 'POST', body, duplex: 'half' } as RequestInit);
  expect((await hosted.fetch(request, ANONYMOUS)).status).toBe(400);
  expect(lines).toEqual([]);
});

it('a date that no store can write is refused', async () => {
  const { DateTime } = scalars;
  for (const text of ['0000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', '+010000-01-01T00:00:00Z']) {
    expect(() => DateTime!.parseValue(text)).toThrow(GraphQLError);
  }
  expect(DateTime!.parseValue('0001-01-01T00:00:00Z')).toEqual(new Date('0001-01-01T00:00:00Z'));
});

it('resolves entities by reference, in order', async () => {
  const query = 'query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Book { title } } }';
  const r = ['2', '1'].map((id) => ({ __typename: 'Book', id }));
  expect(await ask(query, { r })).toEqual({
    data: {
      _entities: [
        { __typename: 'Book', title: 'Book 2' },
        { __typename: 'Book', title: 'Book 1' },
      ],
    },
  });
});

it('an expected failure keeps its code and path, an unexpected one is masked', async () => {
  const answer = await ask('{ a: fails(how: "expected") b: fails(how: "boom") }');
  expect(answer.data).toEqual({ a: null, b: null });
  expect(answer.errors).toMatchObject([
    { message: 'The book was not found.', path: ['a'], extensions: { code: 'NOT_FOUND' } },
    { path: ['b'], extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) } },
  ]);
  expect(JSON.stringify(answer)).not.toContain('10.0.0.3');
});

it('a wrong value is refused by name with BAD_USER_INPUT, as a variable and as a literal', async () => {
  const byVariable = await ask('query($id: UUID!) { echo(id: $id) }', { id: 'nonsense' });
  expect(byVariable.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(byVariable.errors![0]!.message).toContain('$id');
  const byLiteral = await ask('{ echo(id: "nonsense") }');
  expect(byLiteral.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

it('@authenticated and @requiresScopes hold in the subgraph as well, with partial data', async () => {
  const query = '{ greeting(name: "x") secret mine }';
  expect((await ask(query)).data).toEqual({ greeting: 'Hello x', secret: null, mine: null });
  expect((await ask(query)).errors!.map((error) => error.extensions!.code)).toEqual([
    'UNAUTHENTICATED',
    'UNAUTHENTICATED',
  ]);
  const ordinary = await ask(query, undefined, user(['chat:read']));
  expect(ordinary.data).toEqual({ greeting: 'Hello x', secret: null, mine: 'user' });
  expect(ordinary.errors!.map((error) => error.extensions!.code)).toEqual(['FORBIDDEN']);
  expect((await ask(query, undefined, user(['admin']))).errors).toBeUndefined();
  const refused = follow('subscription { adminTicks { number } }', user());
  expect(await refused.done).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  expect(refused.events).toEqual([]);
});

it('loaders are made once an operation, and only when asked for', async () => {
  await ask('{ a: book(id: 1) { id } b: book(id: 2) { id } }');
  expect(observed.loaders).toBe(1);
  await ask('{ greeting(name: "x") }');
  expect(observed.loaders).toBe(1);
});

it('a subscription delivers its events in order and completes', async () => {
  const { events, done } = follow('subscription { ticks(count: 3) { number book { title } } }');
  expect(await done).toBe('complete');
  expect(events.map((event) => event.data!.ticks)).toEqual(
    [1, 2, 3].map((number) => ({ number, book: { title: `Book ${number}` } })),
  );
});

it('a source that breaks ends with a masked error and no endless wait', async () => {
  const { events, done } = follow('subscription { broken { number } }');
  expect(await done).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
  expect(await done).toBeInstanceOf(OperationFailed);
  expect(events).toEqual([{ data: { broken: { number: 1 } } }]);
});

it('a source that does not open ends with a masked error', async () => {
  const { events, done } = follow('subscription { unopened { number } }');
  expect(await done).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
  expect(JSON.stringify(await done)).not.toContain('disk');
  expect(events).toEqual([]);
});

it('leaving closes the source', async () => {
  const { first, stop } = follow('subscription { endless { number } }');
  await first;
  expect(observed.streams).toBe(1);
  stop();
  stop();
  await expect.poll(() => observed.streams).toBe(0);
});

it('a caller who leaves ends the work', async () => {
  const before = observed.aborted;
  const aborter = new AbortController();
  const answer = subgraph.transport.execute({
    query: '{ slow }',
    identity: ANONYMOUS,
    requestId: 'r1',
    signal: aborter.signal,
  });
  setTimeout(() => aborter.abort(), 20);
  await expect(answer).rejects.toThrow();
  expect(observed.aborted).toBe(before + 1);
});

it('plain routes answer with their parameters, 404 and 405', async () => {
  const call = async (method: string, path: string) => {
    const response = await subgraph.transport.fetch(new Request(`http://library${path}`, { method }), user());
    return [response.status, await response.json()];
  };
  expect(await call('GET', '/files/a%20b')).toEqual([200, { name: 'a b', who: 'user' }]);
  expect(await call('GET', '/nothing')).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
  expect(await call('DELETE', '/files')).toMatchObject([405, {}]);
});

it('a plain route that is refused for a while says when to come again, as HTTP does', async () => {
  const response = await subgraph.transport.fetch(new Request('http://library/busy'), user());
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
  expect(await response.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
});

it('a resolver for a field that is not in the schema stops the start', async () => {
  const definition = {
    ...library,
    start: async () => ({ resolvers: { Query: { greting: () => 'x' } } }),
  };
  await expect(createSubgraph(definition, hostPlatform())).rejects.toThrow('Query.greting');
});
