import { getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { planAccess } from '../../policy/access.ts';
import { readPolicyDirectives } from '../../policy/directives.ts';
import { grantedByRole } from '../../policy/policies.ts';
import { createEngine } from '../engine/engine.ts';
import { comparable, createGraph, type GraphFixture } from '../testing/graph.ts';
import { MARKET } from '../testing/market.ts';
import { isPrepared } from './operation.ts';
import { createOperations } from './operations.ts';

const auto = await createGraph(MARKET);
const native = await createGraph({ ...MARKET, engine: { planner: 'native' } });

/** Names that a client may choose, and that plans, planners and subgraphs use themselves. */
const HOSTILE = [
  ...['__typename', '_entities', '_service', '_e0', 'representations', 'as_email_', 'as_as_email__', 'nick'],
  ...['email__alias_0', 'as_email___alias_0', '_internal_qp_alias_0', 'email', 'id', 'score', '__sextant', 'toString'],
];

describe('a client’s alias never stands in for a field that a plan reads', () => {
  it.each([
    '{ all { email: nick score } }',
    '{ all { score email: nick } }',
    '{ me { email: motto inbox } }',
    '{ me { nick: motto inbox } }',
    '{ me { nick: uuid email: nick inbox score } }',
    '{ me { friend { email: nick score } email: motto score friend2: friend { nick: motto inbox } } }',
    '{ products { dims { w: h h: w } ship } }',
    '{ products { sku: ship dims { h: w } ship } }',
    '{ products { dims: sku ship } }',
    '{ products { price(in: "EUR") euros } }',
    '{ products { price(in: "EUR") dollars euros } }',
    '{ products { price euros } }',
    '{ products { price: ship p: price euros e: price(in: "EUR") } }',
    '{ products { price: ship p: price dollars e: price(in: "EUR") } }',
    '{ me { greet loudest } }',
    '{ me { greet(loud: false) loudest l: greet(loud: true) } }',
    '{ me { id: __typename email: __typename score } }',
    '{ me { __typename: nick t: __typename score } }',
    '{ me: all { email: score score: email } }',
    '{ _entities: me { _entities: score _service: email } _service: all { representations: inbox } }',
    '{ media { id: title stock } }',
    '{ media { __typename id: title ... on Book { stock author { email: nick score } } } }',
    '{ media { ... on Book { title: id id: title stock } ... on Film { stock title: id } } }',
    '{ media { ...F } } fragment F on Media { id: title ... on Book { pages: author { email: motto score } } stock }',
    '{ media { ... on Book { x: title } ... on Film { x: minutes } } }'.replace('x: minutes', 'x: title stock'),
    '{ things { ... on User { id: email score nick: motto } ... on Book { email: title author { nick: email inbox } } } }',
    '{ me { ...A ...B } } fragment A on User { email: nick } fragment B on User { score email: nick }',
    'query ($x: Boolean = true) { me { email: nick @include(if: $x) nick: motto @skip(if: $x) inbox score } }',
  ])('%s', async (query) => {
    const right = await auto.judge(query);
    expect(comparable(await auto.ask(query))).toBe(right);
    expect(comparable(await native.ask(query))).toBe(right);
  });

  it.each(HOSTILE)('whatever it is: %s', async (alias) => {
    const query = `{
      ${alias}: me { ${alias}: motto x: score ...F friend { ${alias}: uuid x: score y: email } }
      m: media { ${alias}: title stock ... on Book { author { ${alias}: motto s: score inbox } } }
      p: products { ${alias}: sku ship dims { ${alias}: h } euros }
    } fragment F on User { inbox ${alias}: motto }`;
    const right = await auto.judge(query);
    expect(comparable(await auto.ask(query))).toBe(right);
    expect(comparable(await native.ask(query))).toBe(right);
  });

  it('nor for a value of the context', async () => {
    const query = '{ shops { currency: slogan id: slogan offer { id: name cost } } }';
    expect(comparable(await auto.ask(query))).toBe(
      JSON.stringify({
        data: {
          shops: [
            { currency: 'slogan of s', id: 'slogan of s', offer: { id: 'offer os', cost: 'os in EUR' } },
            { currency: 'slogan of t', id: 'slogan of t', offer: { id: 'offer ot', cost: 'ot in USD' } },
          ],
        },
      }),
    );
  });

  it.each([
    'mutation { email: one { email: motto nick: uuid inbox score } b: two { email: nick score } c: one { score } }',
    'mutation { one { x: email } two: one { email: x } three { nick: email inbox } }'.replace(
      'email: x',
      'email: nick',
    ),
  ])('in a mutation: %s', async (query) => {
    expect(comparable(await auto.ask(query))).toBe(await auto.judge(query));
  });

  it.each([
    'subscription { changed { email: nick score nick: email inbox } }',
    'subscription { _entities: changed { id: __typename email: motto nick: score inbox } }',
    'subscription { email: changed { nick: email uuid } }',
  ])('in an event: %s', async (query) => {
    expect(await auto.stream(query)).toEqual(await auto.judgeStream(query));
  });

  it('in a graph whose own names look like those of plans', async () => {
    const graph = await createGraph({
      schemas: {
        a: 'type Query { t: T! } type T @key(fields: "id as_x_") { id: ID! as_x_: String! x: String! y: String! }',
        b: 'type T @key(fields: "id as_x_") { id: ID! as_x_: String! z: String! }',
      },
      resolvers: {
        Query: { t: () => ({ id: '1', as_x_: 'key', x: 'ex', y: 'why' }) },
        T: { z: ({ as_x_ }: { as_x_: string }) => `z of ${as_x_}` },
      } as GraphFixture['resolvers'],
    });
    const query = '{ t { x: y as_x_: x z q: as_x_ } }';
    expect(comparable(await graph.ask(query))).toBe(await graph.judge(query));
  });
});

describe('access is decided for the field that is read', () => {
  /** As the pipeline does for a client without credentials. */
  async function askAnonymously(query: string) {
    const { supergraph, transports } = auto;
    const operations = createOperations({ supergraph, compile: createEngine({ supergraph }) });
    const document = parse(query);
    const directives = readPolicyDirectives(supergraph.sdl);
    const plan = planAccess(document, getOperationAST(document)!, supergraph.apiSchema, directives);
    const denial = plan?.check(ANONYMOUS, grantedByRole(ANONYMOUS));
    const prepared = await operations.prepare({ query, ...(denial && { reduction: denial.reduction }) });
    if (!isPrepared(prepared)) throw prepared[0]!;
    const request = { identity: ANONYMOUS, requestId: 'test', transports };
    const answer = await prepared.execute({ ...request, ...(denial && { errors: denial.errors }) });
    return comparable(String(answer.json));
  }

  it.each([
    ['{ all { email: nick score } }', { all: ['ann', 'bob'].map((n) => ({ email: n, score: n.length + 12 })) }],
    ['{ me { e: email email: nick score } }', null],
    [
      '{ me { friend { nick: motto email: uuid inbox } } }',
      { me: { friend: { nick: 'x', email: 'u-bob', inbox: 'inbox of bob' } } },
    ],
    [
      '{ things { ... on Book { author { email: nick score } } } }',
      { things: [{}, { author: { email: 'bob', score: 15 } }] },
    ],
  ])('%s', async (query, data) => {
    const answer = await askAnonymously(query);
    expect(JSON.parse(answer).data).toEqual(data);
    expect(answer).not.toContain('@example.org');
    expect('errors' in JSON.parse(answer)).toBe(data === null);
  });
});

describe('an error is told under the client’s names', () => {
  it.each([
    '{ x: me { email: fail y: friend { nick: fail } } z: fail }',
    '{ all { z: broken } }'.replace('z: broken', 'z: friend { fail: score q: fail }'),
  ])('where a subgraph reports it: %s', async (query) => {
    expect(comparable(await auto.ask(query))).toBe(await auto.judge(query));
  });

  it('never for a field that the plan alone asks for, whose name the client has given to another', async () => {
    const graph = await createGraph(MARKET);
    const a = graph.transports.get('a')!;
    const execute = a.execute.bind(a);
    a.execute = async (request) => {
      const { result } = await execute(request);
      return { result: { ...result, errors: [{ message: 'no', path: ['me', 'email'] }] } } as never;
    };
    const { errors } = JSON.parse(await graph.ask('{ me { email: nick score } }'));
    expect(errors.map(({ path }: { path: unknown }) => path)).toEqual([['me']]);
  });

  it('where an entity’s field fails', async () => {
    const { errors, data } = JSON.parse(await auto.ask('{ email: me { nick: friend { id: broken score: motto } } }'));
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ path: ['email', 'nick', 'id'] }]);
  });

  it('where a subgraph cannot be reached', async () => {
    const graph = await createGraph(MARKET);
    graph.transports.get('b')!.execute = () => Promise.reject(new Error('gone'));
    const { errors } = JSON.parse(
      await graph.ask('{ email: me { nick: friend { email: score } score: times(n: 2) } }'),
    );
    expect(errors.map(({ path }: { path: string[] }) => path.join('.')).sort()).toEqual([
      'email.nick.email',
      'email.score',
    ]);
  });

  it('where a value does not fit the schema', async () => {
    const graph = await createGraph(MARKET);
    graph.transports.get('b')!.execute = async () => ({
      data: undefined,
      result: { data: { _entities: [{ as_email_: 'x' }] } },
    });
    const { errors } = JSON.parse(await graph.ask('{ id: me { email: score } }'));
    expect(errors).toMatchObject([{ path: ['id', 'email'] }]);
  });
});

describe('the bytes of a single trusted subgraph are the answer', () => {
  it.each([
    ['{ me { nick } }', true],
    ['query ($l: Boolean) { me { greet(loud: $l) nick } }', true],
    ['{ a: me { id: nick n: motto email: uuid } }', true],
    ['{ products { sku price(in: "EUR") usd: price } }', true],
    ['subscription { c: changed { n: nick email: uuid } }', true],
    ['{ me { nick score } }', false],
    ['{ media { __typename: title } }', false],
    ['query ($x: Boolean!) { me { nick @skip(if: $x) motto nick } }', false],
  ])('where nothing but the client reads its names: %s', async (query, isPassed) => {
    const graph = await createGraph({ ...MARKET, engine: { trusted: () => true } });
    const prepared = await graph.prepare(query);
    if (prepared.kind === 'subscription') {
      expect(prepared.explain()).not.toContain('as_');
      return;
    }
    const { json } = await prepared.execute(graph.requestOf({ x: false, l: true }));
    expect(typeof json !== 'string').toBe(isPassed);
    expect(comparable(Buffer.from(json).toString())).toBe(await graph.judge(query, { x: false, l: true }));
    // Read, because something is to be added.
    const read = await prepared.execute({ ...graph.requestOf({ x: false, l: true }), extensions: { cost: 1 } });
    expect(comparable(String(read.json))).toBe(await graph.judge(query, { x: false, l: true }));
  });
});

describe('a client’s variable never meets one of the gateway’s', () => {
  it.each([
    ...['representations', '_r0', '_r1', '__representations', 'representations_', 'representations_0', '_', 'toString'],
    ...['contextualArgument_1_0', 'contextualArgument_2_0', 'f0_contextualArgument_1_0', '_x_', 'constructor', '_l0'],
  ])('$%s', async (name) => {
    const query = `query ($${name}: Int, $${name}_: Boolean = true, $m: [Int]) {
      me { times(n: $${name}, m: $m) score list: times(m: [1, $${name}], j: { a: [$${name}] }) friend { t: times(n: $${name}) n: nick @include(if: $${name}_) } }
      media { stock ... on Book { author { times(n: $${name}) score @skip(if: $${name}_) } } }
      all { inbox @include(if: $${name}_) }
    }`;
    for (const variables of [{ [name]: 5, m: [1, 2] }, { [name]: 5, [`${name}_`]: false }, { [name]: null }]) {
      const right = await auto.judge(query, variables);
      expect(comparable(await auto.ask(query, variables))).toBe(right);
      expect(comparable(await native.ask(query, variables))).toBe(right);
    }
    const absent = `query ($${name}: Int) { me { times(n: $${name}) } }`;
    expect(comparable(await auto.ask(absent, {}))).toBe(await auto.judge(absent, {}));
  });

  it('where arguments come from the context', async () => {
    const query = `query ($contextualArgument_1_0: Int, $representations: Int) {
      shops { offer { cost(tip: $contextualArgument_1_0) n: cost(tip: $representations) name } } }`;
    const data = JSON.parse(await auto.ask(query, { contextualArgument_1_0: 1, representations: 2 })).data;
    expect(data.shops[1].offer).toEqual({ cost: 'ot in USD', n: 'ot in USD', name: 'offer ot' });
  });

  it('in a mutation and an event', async () => {
    const mutation = 'mutation ($representations: [Int!]) { three(representations: $representations) { nick score } }';
    const variables = { representations: [1] };
    expect(comparable(await auto.ask(mutation, variables))).toBe(await auto.judge(mutation, variables));
    const event = 'subscription ($representations: Int) { changed { times(n: $representations) inbox } }';
    expect(await auto.stream(event, { representations: 4 })).toEqual(
      await auto.judgeStream(event, { representations: 4 }),
    );
  });
});
