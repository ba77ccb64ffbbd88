import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { compileStock } from './execution/reference/stock-operations.ts';
import { composeSdl } from './execution/testing/fleet.ts';
import type { GatewayOptions } from './gateway.ts';
import { fakeAuthenticator, startTestGateway } from './testing/test-gateway.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@requires", "@external", "@policy", "@authenticated"])`;
const sdl = composeSdl({
  club: `${LINK}
    type Query {
      open: String
      bar: String @policy(policies: [["member", "adult"], ["owner"]])
      desk: String @authenticated @policy(policies: [["staff"]])
      guests: [Guest]
    }
    type Subscription { news: String @policy(policies: [["member"]]) rumours: String }
    interface Guest { id: ID! name: String }
    type Member implements Guest @key(fields: "id") { id: ID! name: String @policy(policies: [["staff"]]) }
    type Visitor implements Guest { id: ID! name: String }`,
  ledger: `${LINK}
    type Member @key(fields: "id") {
      id: ID!
      name: String @external
      bill: String @requires(fields: "name") @policy(policies: [["staff"]])
    }`,
});

/** What reached the subgraphs. */
const sent: string[] = [];
const transportOf = (subgraph: string, data: object): SubgraphTransport => ({
  subgraph,
  async execute({ query }) {
    sent.push(query);
    return { result: { data: structuredClone(data) as never } };
  },
  subscribe({ query }, sink) {
    sent.push(query);
    queueMicrotask(() => {
      void sink.next({ data: { news: 'n', rumours: 'r' } });
      sink.complete();
    });
    return () => undefined;
  },
  fetch: async () => new Response(),
  health: async () => ({ status: 'up' }),
  [Symbol.asyncDispose]: async () => undefined,
});
const member = { __typename: 'Member', id: '1', name: 'Ada' };
const transports = new Map([
  ['club', transportOf('club', { open: 'o', bar: 'b', desk: 'd', guests: [member] })],
  ['ledger', transportOf('ledger', { _entities: [{ bill: '3' }] })],
]);
const start = (env: Record<string, string>, options: Partial<GatewayOptions> = {}) =>
  startTestGateway(env, { supergraph: { sdl }, transports, ...options });

async function ask({ url }: { url: string }, query: string, headers: Record<string, string> = {}) {
  sent.length = 0;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as {
    data?: object;
    errors?: { path: string[]; message: string; extensions: { code: string } }[];
  };
  return { data, errors: errors?.map(({ path, extensions }) => `${path?.join('.')} ${extensions.code}`) };
}

const { authenticator } = fakeAuthenticator();
const questions: { policies: readonly string[]; who: string; requestId: string }[] = [];
/** Grants what the holder's name lists. */
const gateway = await start(
  {},
  {
    authenticator,
    async policies(policies, { identity, requestId }) {
      const who = identity.kind === 'user' ? identity.userId : identity.kind;
      questions.push({ policies, who, requestId });
      if (who === 'unlucky') throw new Error('the directory of members is down: ldap://10.0.0.7');
      return who.split('-');
    },
  },
);
afterAll(() => gateway[Symbol.asyncDispose]());
const as = (name: string) => ({ authorization: `Bearer ${name}` });

describe('what an evaluator grants', () => {
  it('is seen; what it does not is null with a code, not fetched, and the rest is answered', async () => {
    questions.length = 0;
    expect(await ask(gateway, '{ open bar }', as('member-adult'))).toEqual({ data: { open: 'o', bar: 'b' } });
    expect(await ask(gateway, '{ open bar }', as('owner'))).toEqual({ data: { open: 'o', bar: 'b' } });
    expect(await ask(gateway, '{ open bar }', as('member'))).toEqual({
      data: { open: 'o', bar: null },
      errors: ['bar FORBIDDEN'],
    });
    expect(sent.join()).not.toContain('bar');
    expect(questions.map(({ who, policies }) => [who, policies])).toEqual(
      ['member-adult', 'owner', 'member'].map((who) => [who, ['adult', 'member', 'owner']]),
    );
  });

  it('is not asked for where no policy is demanded', async () => {
    questions.length = 0;
    await ask(gateway, '{ open }', as('member'));
    expect(questions).toEqual([]);
  });

  it('may be granted to the anonymous, but is not a way around @authenticated', async () => {
    const generous = await start({}, { authenticator, policies: async (names) => names });
    expect(await ask(generous, '{ bar desk }')).toEqual({
      data: { bar: 'b', desk: null },
      errors: ['desk UNAUTHENTICATED'],
    });
    expect(await ask(generous, '{ bar desk }', as('ada'))).toEqual({ data: { bar: 'b', desk: 'd' } });
    await generous[Symbol.asyncDispose]();
  });

  it('holds on an interface for all that its types demand, and along @requires', async () => {
    expect(await ask(gateway, '{ guests { id name } }', as('member'))).toMatchObject({
      data: { guests: [{ id: '1', name: null }] },
      errors: ['guests.name FORBIDDEN'],
    });
    expect(await ask(gateway, '{ guests { ... on Member { bill } } }', as('member'))).toMatchObject({
      errors: ['guests.bill FORBIDDEN'],
    });
    expect(sent.join()).not.toMatch(/\bname\b|bill/);
    expect(await ask(gateway, '{ guests { name ... on Member { bill } } }', as('staff'))).toEqual({
      data: { guests: [{ name: 'Ada', bill: '3' }] },
    });
    const careless =
      'type Member @key(fields: "id") { id: ID! name: String @external tag: String @requires(fields: "name") }';
    const club = `${LINK} type Query { m: Member } type Member @key(fields: "id") { id: ID! name: String @policy(policies: [["staff"]]) }`;
    expect(() => composeSdl({ club, careless: `${LINK} ${careless}` })).toThrow(/auth requirements/);
  });

  it('hides a key from those who may not see it, although the plan fetches it', async () => {
    const key = 'type Person @key(fields: "email") { email: String! @policy(policies: [["staff"]])';
    const supergraph = {
      sdl: composeSdl({
        club: `${LINK} type Query { person: Person! } ${key} }`,
        ledger: `${LINK} ${key} bill: String debts: [Person!] }`,
      }),
    };
    const hidden = 'ada@example.org';
    const person = { __typename: 'Person', email: hidden };
    const keyed = await start(
      {},
      {
        supergraph,
        policies: async () => [],
        transports: new Map([
          ['club', transportOf('club', { person })],
          ['ledger', transportOf('ledger', { _entities: [{ bill: '3', debts: [person], email: hidden }] })],
        ]),
      },
    );
    for (const [query, data] of [
      ['{ person { bill } }', { person: { bill: '3' } }],
      ['{ person { bill mail: email } }', null],
      [
        'query { person { ...P } } fragment P on Person { bill debts { bill email } }',
        { person: { bill: '3', debts: null } },
      ],
    ] as const) {
      const answer = await ask(keyed, query);
      expect(answer.data).toEqual(data);
      expect(JSON.stringify(answer)).not.toContain(hidden);
    }
    await keyed[Symbol.asyncDispose]();
  });

  it('is hidden by the stock engine too', async () => {
    const stock = await start({}, { authenticator, policies: async () => [], compile: compileStock });
    expect(await ask(stock, '{ open bar }', as('ada'))).toEqual({ data: { open: 'o' }, errors: ['bar FORBIDDEN'] });
    expect(await ask(stock, '{ bar }', as('ada'))).toEqual({ data: null, errors: ['bar FORBIDDEN'] });
    await stock[Symbol.asyncDispose]();
  });

  it('decides subscriptions, over the WebSocket too', async () => {
    const run = (name: string, query: string) =>
      new Promise<object>((resolve) => {
        const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
        socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: as(name) })));
        socket.on('message', (data) => {
          const message = JSON.parse(String(data)) as { type: string; payload: object };
          if (message.type === 'connection_ack')
            socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
          else {
            resolve(message);
            socket.terminate();
          }
        });
      });
    expect(await run('member', 'subscription { news }')).toMatchObject({
      type: 'next',
      payload: { data: { news: 'n' } },
    });
    sent.length = 0;
    expect(await run('stranger', 'subscription { news }')).toMatchObject({
      type: 'error',
      payload: [{ path: ['news'], extensions: { code: 'FORBIDDEN' } }],
    });
    expect(sent).toEqual([]);
  });
});

it('where policies cannot be decided, nothing is granted, with a code that says so and not why', async () => {
  const answer = await ask(gateway, '{ open bar }', as('unlucky'));
  expect(answer).toEqual({ data: { open: 'o', bar: null }, errors: ['bar SERVICE_UNAVAILABLE'] });
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...as('unlucky') },
    body: JSON.stringify({ query: '{ bar }' }),
  });
  expect(await response.text()).not.toMatch(/ldap|directory/);
});

it('without an evaluator, a policy is granted by the role of its name, and the anonymous are asked to sign in', async () => {
  const plain = await start({}, { authenticator });
  expect(await ask(plain, '{ open bar }')).toMatchObject({ errors: ['bar UNAUTHENTICATED'] });
  expect(await ask(plain, '{ open bar }', as('owner'))).toMatchObject({ errors: ['bar FORBIDDEN'] });
  await plain[Symbol.asyncDispose]();
});

it('POLICY_URL decides by the credentials that the gateway passes on, where the gateway does not check them', async () => {
  const hook = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { headers, policies, identity } = JSON.parse(body);
    const granted = headers.authorization === 'Bearer good' && identity.kind === 'anonymous' ? policies : [];
    response.end(JSON.stringify({ granted }));
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  const any = await start({ POLICY_URL: `http://127.0.0.1:${port}/`, POLICY_CACHE_MS: '0' });
  expect(await ask(any, '{ bar }', as('good'))).toEqual({ data: { bar: 'b' } });
  expect(await ask(any, '{ open bar }', as('bad'))).toMatchObject({ data: { bar: null }, errors: ['bar FORBIDDEN'] });
  hook.closeAllConnections();
  await new Promise((resolve) => hook.close(resolve));
  expect(await ask(any, '{ open bar }', as('good'))).toEqual({
    data: { open: 'o', bar: null },
    errors: ['bar SERVICE_UNAVAILABLE'],
  });
  await any[Symbol.asyncDispose]();
});
