import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { createFleet } from '../testing/fleet.ts';
import { createSetup } from '../testing/setup.ts';

let setup: Awaited<ReturnType<typeof createSetup>>;
beforeAll(async () => {
  setup = await createSetup({ limits: { timeoutMs: 200, answerCharacters: 20_000 } });
});
afterEach(() => {
  setup.fleet.interfere = undefined;
  setup.requests();
});

const never = () => new Promise<never>(() => undefined);
const user = (userId: string): Identity => ({ kind: 'user', userId, roles: [], scopes: [], expiresAt: 0 });

describe('a plan', () => {
  it('asks for each entity once, however often it occurs', async () => {
    await setup.ask('{ users(ids: [1, 2, 1, 1]) { usage { tokens } } }');
    const [, analytics] = setup.requests();
    expect(analytics?.variables?.representations).toEqual([
      { __typename: 'User', id: '1' },
      { __typename: 'User', id: '2' },
    ]);
  });

  it('sends one request to a subgraph in a step, whatever it is asked for', async () => {
    await setup.ask('{ items { ... on Conversation { stats { tokens } } ... on Message { tokens } } }');
    expect(setup.requests().map(({ subgraph }) => subgraph)).toEqual(['chat', 'analytics']);
  });

  it('hands over its text as JSON for the wire and its variables as objects for a function call', async () => {
    await setup.ask('query ($days: Int) { me { usage(days: $days) { tokens } } }', { days: 3 });
    const [, analytics] = setup.requests();
    const wire = JSON.parse(analytics!.body!()) as Record<string, unknown>;
    expect(wire).toEqual({ query: analytics!.query, variables: analytics!.variables });
    expect(analytics!.variables).toEqual({ days: 3, representations: [{ __typename: 'User', id: '1' }] });
  });

  it('runs mutations one after the other, each with all of its fields before the next begins', async () => {
    const order: string[] = [];
    setup.fleet.interfere = async (subgraph, _, answer) => {
      order.push(`${subgraph} begins`);
      const result = await answer();
      order.push(`${subgraph} ends`);
      return result;
    };
    await setup.ask('mutation { a: rename(id: 1, name: "x") { name } post(conversation: 1, text: "t") { text } }');
    expect(order).toEqual(['auth begins', 'auth ends', 'chat begins', 'chat ends']);
  });
});

describe('a subgraph that cannot be reached', () => {
  it('costs its own fields only, each with an error of its own', async () => {
    setup.fleet.interfere = (subgraph, _, answer) =>
      subgraph === 'analytics' ? Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:4006')) : answer();
    const answer = await setup.ask('{ users(ids: [1, 2]) { name usage { tokens } paid: cost } }');
    expect(answer.data).toEqual({
      users: [1, 2].map((n) => ({ name: `User "${n}" \u{1f680}`, usage: null, paid: null })),
    });
    const places = answer.errors?.map(({ path }) => path?.join('.'));
    expect(places?.sort()).toEqual(['users.0.paid', 'users.0.usage', 'users.1.paid', 'users.1.usage']);
    expect(answer.errors?.every(({ extensions }) => extensions?.code === 'SUBGRAPH_UNAVAILABLE')).toBe(true);
    expect(JSON.stringify(answer)).not.toContain('10.0.0.7');
  });

  it('is waited for only as long as an operation may take', async () => {
    setup.fleet.interfere = (subgraph, _, answer) => (subgraph === 'chat' ? never() : answer());
    const answer = await setup.ask('{ me { name lastMessage { text } } }');
    expect(answer.data).toEqual({ me: { name: 'User "1" \u{1f680}', lastMessage: null } });
    expect(answer.errors?.map(({ path, extensions }) => [path, extensions?.code])).toEqual([
      [['me', 'lastMessage'], 'TIMEOUT'],
    ]);
  });

  it('is told to stop when the client has left', async () => {
    const aborter = new AbortController();
    let seen: CancelSignal | undefined;
    setup.fleet.interfere = (_, request) => {
      seen = request.signal;
      queueMicrotask(() => aborter.abort());
      return never();
    };
    await setup.ask('{ me { email } }', {}, { signal: aborter.signal });
    expect(seen?.aborted).toBe(true);
  });

  it.each([
    ['nothing', {}],
    ['a list of the wrong length', { data: { _entities: [] } }],
    ['something else than a list', { data: { _entities: 'x' } }],
  ])('counts as such when it answers with %s', async (_, result) => {
    setup.fleet.interfere = (subgraph, _request, answer) =>
      subgraph === 'analytics' ? Promise.resolve(result as never) : answer();
    const answer = await setup.ask('{ me { id cost } }');
    expect(answer.data).toEqual({ me: { id: '1', cost: null } });
    expect(answer.errors?.[0]).toMatchObject({ path: ['me', 'cost'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } });
  });
});

describe('an answer', () => {
  it('tells errors of entities where the client sees them, for every place of the entity', async () => {
    const answer = await setup.ask(
      '{ matrix { author { last: lastMessage { id } memories { text } } } users(ids: [7, 7]) { memories { text } } }',
    );
    expect(answer.errors?.map(({ path }) => path?.join('.')).sort()).toEqual(['users.0.memories', 'users.1.memories']);
  });

  it('has null for values that the schema does not know, hidden enum values included, and an error for each', async () => {
    setup.fleet.interfere = async () => ({
      data: { me: { id: '1', role: 'SECRET', roles: ['USER', 'NOPE'], name: 7 } },
    });
    const answer = await setup.ask('{ me { id role roles name } }');
    expect(answer.data).toEqual({ me: { id: '1', role: null, roles: null, name: null } });
    expect(answer.extensions).toBeUndefined();
    expect(answer.errors?.map(({ path }) => path)).toEqual([
      ['me', 'role'],
      ['me', 'roles', 1],
      ['me', 'name'],
    ]);
  });

  it('is refused when it is too large', async () => {
    setup.fleet.interfere = async () => ({ data: { me: { name: 'x'.repeat(30_000) } } });
    const answer = await setup.ask('{ me { name } }');
    expect(answer.errors?.[0]?.extensions?.code).toBe('OPERATION_TOO_COMPLEX');
    expect(answer.data).toBeUndefined();
  });

  it('does not touch prototypes, whatever names the client chooses', async () => {
    const answer = await setup.ask(
      '{ __proto__: me { __proto__: name constructor: id toString: usage { __proto__: tokens } } }',
    );
    expect(Object.keys(answer.data!)).toEqual(['__proto__']);
    expect(Object.getOwnPropertyDescriptor(answer.data, '__proto__')?.value).toMatchObject({ constructor: '1' });
    expect(({} as Record<string, unknown>).tokens).toBeUndefined();
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('takes an inherited property for no answer', async () => {
    setup.fleet.interfere = async () => ({ data: { me: {} } });
    const answer = await setup.ask('{ me { constructor: name valueOf: email } }');
    expect(answer.data).toEqual({ me: { constructor: null, valueOf: null } });
  });

  it('has what other parts of the gateway add', async () => {
    const answer = await setup.ask('{ me { id } }', {}, { extensions: { cost: 3 } });
    expect(answer).toEqual({ data: { me: { id: '1' } }, extensions: { cost: 3 } });
  });
});

describe('variables', () => {
  it('that do not fit are refused before anything is asked', async () => {
    const answer = await setup.ask('query ($id: ID!, $n: Int) { user(id: $id) { conversations(first: $n) { id } } }', {
      n: 'x',
    });
    expect(answer.errors?.map(({ extensions }) => extensions?.code)).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT']);
    expect('data' in answer).toBe(false);
    expect(setup.requests()).toEqual([]);
  });

  it('have their defaults in conditions and in subgraphs', async () => {
    const query =
      'query ($on: Boolean = true, $n: Int = 1) { me { id @include(if: $on) conversations(first: $n) { id } } }';
    const answer = await setup.ask(query);
    expect(answer.data).toEqual({ me: { id: '1', conversations: [{ id: '2' }] } });
  });
});

describe('introspection', () => {
  it('is answered without subgraphs, once, and beside data', async () => {
    const alone = await setup.ask('query ($n: String!) { __type(name: $n) { name } __typename }', { n: 'User' });
    expect(alone.data).toEqual({ __type: { name: 'User' }, __typename: 'Query' });
    expect(setup.requests()).toEqual([]);
    const mixed = await setup.ask(
      'query { s: __schema { queryType { name } } me { id } ...F } fragment F on Query { __type(name: "Nope") { name } }',
    );
    expect(mixed.data).toEqual({ s: { queryType: { name: 'Query' } }, me: { id: '1' }, __type: null });
  });
});

describe('equal queries at the same time', () => {
  it('are run once for equal identities, and once each for others', async () => {
    const prepared = await setup.prepare('{ me { name email } }');
    const ask = (identity: Identity) => prepared.execute({ ...setup.requestOf({}, identity) });
    const answers = await Promise.all([ask(user('a')), ask(user('a')), ask(user('b'))]);
    expect(setup.requests()).toHaveLength(2);
    expect(new Set(answers.map(({ json }) => String(json))).size).toBe(1);
  });

  it('never get what was asked before a mutation', async () => {
    const query = await setup.prepare('{ latest { text } }');
    const mutation = await setup.prepare('mutation { post(conversation: 1, text: "new") { id } }');
    const before = query.execute(setup.requestOf());
    await mutation.execute(setup.requestOf());
    await Promise.all([before, query.execute(setup.requestOf())]);
    expect(setup.requests().filter(({ query: text }) => text.includes('latest'))).toHaveLength(2);
  });

  it('end when the last who waits has left, not when the first has', async () => {
    let seen: CancelSignal | undefined;
    setup.fleet.interfere = (_, request) => {
      seen = request.signal;
      return never();
    };
    const prepared = await setup.prepare('{ me { role } }');
    const [first, second] = [new AbortController(), new AbortController()];
    const answers = [first, second].map(({ signal }) => prepared.execute({ ...setup.requestOf(), signal }));
    await Promise.resolve();
    first.abort();
    expect(seen?.aborted).toBe(false);
    second.abort();
    expect(seen?.aborted).toBe(true);
    await Promise.all(answers);
  });

  it('are each run when they are mutations', async () => {
    const mutation = await setup.prepare('mutation { post(conversation: 1, text: "x") { id } }');
    await Promise.all([1, 2].map(() => mutation.execute(setup.requestOf())));
    expect(setup.requests()).toHaveLength(2);
  });
});

describe('bytes of a trusted subgraph', () => {
  const QUERY = '{ me { id name profile { bio } } }';
  async function passing(query: string, text: string) {
    const fleet = createFleet();
    const bytes = Buffer.from(text);
    fleet.transports.get('auth')!.execute = async () => ({ bytes, result: JSON.parse(text) as never });
    const trusting = await createSetup({ trusted: () => true }, fleet);
    const prepared = await trusting.prepare(query);
    const { json } = await prepared.execute(trusting.requestOf());
    return { isPassed: json === bytes, answer: trusting.parse({ json } as never) };
  }

  it('are the answer when their shape is the client’s', async () => {
    const text = '{"data":{"me":{"id":"1","name":"n","profile":{"bio":"b"}}}}';
    expect(await passing(QUERY, text)).toMatchObject({ isPassed: true });
    expect(await passing(QUERY, `${text}\n`)).toMatchObject({ isPassed: true });
  });

  it.each([
    ['has errors', QUERY, '{"data":{"me":null},"errors":[{"message":"m","path":["me"]}]}'],
    ['has extensions', QUERY, '{"data":{"me":null},"extensions":{"secret":1}}'],
    ['has an enum with hidden values', '{ me { role } }', '{"data":{"me":{"role":"SECRET"}}}'],
  ])('are read when the answer %s', async (_, query, text) => {
    const { isPassed, answer } = await passing(query, text);
    expect(isPassed).toBe(false);
    expect(JSON.stringify(answer)).not.toMatch(/SECRET|secret/);
  });
});
