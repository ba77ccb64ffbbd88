import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { createClient } from 'graphql-ws';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Gateway } from './gateway.ts';
import { composeForeign, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { fakeAuthenticator, startTestGateway } from './testing/test-gateway.ts';

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());
const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated", "@shareable"])\n';
const users = cleanup.use(
  await startForeignSubgraph(
    'users',
    `${LINK}type Query { users: [User!]! user: User }
    type User @key(fields: "id") { id: ID! name: String bio: String email: String @authenticated }`,
    {
      Query: { users: () => [user(1), user(2)], user: () => user(1) },
      User: { __resolveReference: ({ id }: { id: string }) => user(Number(id)) },
    },
  ),
);
const reviews = cleanup.use(
  await startForeignSubgraph(
    'reviews',
    `${LINK}type Query { reviews: Int } type User @key(fields: "id") { id: ID! score: Int fails: Int sure: Int! }`,
    {
      Query: { reviews: () => 7 },
      User: {
        score: ({ id }: { id: string }) => Number(id) * 10,
        fails: () => {
          throw new Error('no');
        },
        sure: ({ id }: { id: string }) => (id === '2' ? null : 1),
      },
    },
  ),
);
function user(id: number) {
  return { id: String(id), name: `user ${id}`, bio: `bio ${id}`, email: `${id}@example.org` };
}
const gateway: Gateway = cleanup.use(
  await startTestGateway(
    {},
    {
      supergraph: { sdl: composeForeign([users, reviews]) },
      transports: new Map(),
      authenticator: fakeAuthenticator().authenticator,
    },
  ),
);
let open: () => void;
beforeEach(() => {
  users.requests.length = 0;
  reviews.requests.length = 0;
  const gate = Promise.withResolvers<void>();
  reviews.gate = gate.promise;
  open = gate.resolve;
});

const SPECS = {
  'deferSpec=20220824': 'multipart/mixed;deferSpec=20220824, application/json',
  'incrementalSpec=v0.2': 'multipart/mixed;incrementalSpec=v0.2, application/json',
};

/** Asks as a client that reads parts as they come. */
async function ask(query: string, accept = SPECS['deferSpec=20220824'], headers: Record<string, string> = {}) {
  const leaving = new AbortController();
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify({ query }),
    signal: leaving.signal,
  });
  const parts: Record<string, unknown>[] = [];
  let text = '';
  const done = (async () => {
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString();
      const found = text.split('--graphql').slice(1, -1);
      parts.splice(0, parts.length, ...found.map((part) => JSON.parse(part.split('\r\n\r\n')[1]!) as object as never));
    }
  })();
  done.catch(() => undefined);
  return { response, parts, done, leave: () => leaving.abort(), text: () => text };
}
const USERS = '{ users { name ... @defer(label: "r") { score } } }';

describe('@defer', () => {
  it('brings the first part before a slow subgraph answers, and the rest when it does', async () => {
    const { response, parts, done } = await ask(USERS);
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";deferSpec=20220824');
    await expect.poll(() => parts.length).toBe(1);
    expect(parts[0]).toEqual({ data: { users: [{ name: 'user 1' }, { name: 'user 2' }] }, hasNext: true });
    open();
    await done;
    expect(parts.slice(1)).toEqual([
      {
        incremental: [
          { path: ['users', 0], label: 'r', data: { score: 10 } },
          { path: ['users', 1], label: 'r', data: { score: 20 } },
        ],
        hasNext: false,
      },
    ]);
  });

  it('says beforehand what is to come, in the newer form', async () => {
    open();
    const { parts, done } = await ask('{ user { name ... @defer { score } } }', SPECS['incrementalSpec=v0.2']);
    await done;
    const [first] = parts as { pending: { id: string }[] }[];
    const id = first!.pending[0]!.id;
    expect(parts).toEqual([
      { data: { user: { name: 'user 1' } }, pending: [{ id, path: ['user'] }], hasNext: true },
      { incremental: [{ id, data: { score: 10 } }], completed: [{ id }], hasNext: false },
    ]);
  });

  it('asks a subgraph twice for what comes later of it', async () => {
    open();
    const { parts, done } = await ask('{ user { name ... @defer { bio } } }');
    await done;
    expect(parts[0]).toEqual({ data: { user: { name: 'user 1' } }, hasNext: true });
    expect(parts[1]).toMatchObject({ incremental: [{ path: ['user'], data: { bio: 'bio 1' } }] });
    expect(users.requests).toHaveLength(2);
  });

  it.each([
    ['a client that does not accept parts', USERS, 'application/json'],
    ['@defer(if: false)', '{ users { name ... @defer(if: false) { score } } }', undefined],
    ['a fragment that needs no fetch of its own', '{ users { name ... @defer { name } } }', undefined],
    ['a fragment without data', '{ ... @defer { __typename } reviews }', undefined],
  ])('is answered in one piece: %s', async (_, query, accept) => {
    open();
    const { response, done, text } = await ask(query, accept);
    await done;
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(text())).toMatchObject({ data: {} });
    expect(text()).not.toContain('hasNext');
  });

  it('is answered in one piece over WebSocket and as server-sent events', async () => {
    open();
    const client = createClient({ url: `${gateway.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const answer = await client.iterate({ query: USERS }).next();
    expect(answer.value).toEqual({
      data: {
        users: [
          { name: 'user 1', score: 10 },
          { name: 'user 2', score: 20 },
        ],
      },
    });
    await client.dispose();
    const events = await ask(USERS, 'text/event-stream');
    await events.done;
    expect(events.text()).toContain('"score":10');
  });

  it('tells errors with the part that they belong to; a null that reaches the fragment is that part alone', async () => {
    open();
    const { parts, done } = await ask('{ users { name ... @defer { fails } ... @defer { sure } } }');
    await done;
    expect(parts[0]).toEqual({ data: { users: [{ name: 'user 1' }, { name: 'user 2' }] }, hasNext: true });
    const items = parts
      .slice(1)
      .flatMap((part) => part['incremental'] as { data: unknown; errors?: { path: unknown }[]; path: unknown }[]);
    const fails = items.filter(({ data }) => data !== null && Object.hasOwn(data as object, 'fails'));
    expect(fails.map(({ errors }) => errors?.map(({ path }) => path))).toEqual([
      [['users', 0, 'fails']],
      [['users', 1, 'fails']],
    ]);
    const sure = items.filter((item) => !fails.includes(item));
    expect(sure.map(({ data }) => data)).toEqual([{ sure: 1 }, null]);
    expect(sure[1]!.errors).toHaveLength(1);
  });

  it('decides access for deferred fields as for others', async () => {
    open();
    const query = '{ user { name ... @defer { email } } }';
    const anonymous = await ask(query);
    await anonymous.done;
    expect(anonymous.text()).not.toContain('example.org');
    expect(anonymous.text()).toContain('UNAUTHENTICATED');
    const known = await ask(query, undefined, { authorization: 'Bearer ann' });
    await known.done;
    expect(known.text()).toContain('1@example.org');
  });

  it('ends the fetches of a client that has left', async () => {
    const answered = new Promise((resolve) => {
      reviews.server.once('request', (_, response) => {
        response.once('close', () => resolve(response.writableFinished));
      });
    });
    const { parts, leave } = await ask(USERS);
    await expect.poll(() => parts.length).toBe(1);
    await expect.poll(() => reviews.requests.length).toBe(1);
    leave();
    expect(await answered).toBe(false);
  });

  it.each([
    ['stands twice', '...@defer(label: "a") { score } ...@defer(label: "a") { bio }', 'must stand only once'],
    ['stands twice, in a fragment', '...@defer(label: "a") { score } ...F', 'must stand only once'],
    ['is a variable', '...@defer(label: $l) { score }', 'must be a text, not a variable'],
  ])('refuses a label by which parts cannot be told apart: one that %s', async (_, selections, problem) => {
    const fragment = selections.includes('...F') ? 'fragment F on User { ...@defer(label: "a") { bio } }' : '';
    const variables = selections.includes('$l') ? '($l: String = "x")' : '';
    const { done, text } = await ask(`query ${variables} { user { name ${selections} } } ${fragment}`);
    await done;
    expect(JSON.parse(text())).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
    expect(text()).toContain(problem);
  });

  it('of a subgraph that is gone is completed, with an error at each place; nothing is asked for after the end', async () => {
    const { parts, done } = await ask('{ users { name ... @defer(label: "r") { score sure } } }');
    await expect.poll(() => parts.length).toBe(1);
    await expect.poll(() => reviews.requests.length).toBe(1);
    const cut = (request: { socket: { destroy(): void } }): void => request.socket.destroy();
    reviews.server.on('request', cut);
    reviews.server.closeAllConnections();
    await done;
    reviews.server.off('request', cut);
    const items = parts.slice(1).flatMap((part) => part['incremental'] as { data: unknown; errors: unknown[] }[]);
    expect(items.map(({ data, errors }) => [data, errors.length])).toEqual([
      [null, 2],
      [null, 2],
    ]);
    expect(parts.at(-1)).toMatchObject({ hasNext: false });
  });

  it('of clients that leave midway, by the dozen, leaves no request to a subgraph open', async () => {
    const open = new Set<unknown>();
    const count = (_: unknown, response: { once(event: 'close', listener: () => void): void }): void => {
      open.add(response);
      response.once('close', () => open.delete(response));
    };
    reviews.server.on('request', count);
    for (let round = 0; round < 2; round++) {
      const clients = await Promise.all(
        Array.from({ length: 20 }, (_, n) => ask(`{ users { name ... @defer { a${round}x${n}: score } } }`)),
      );
      await Promise.all(clients.map(({ parts }) => expect.poll(() => parts.length).toBe(1)));
      for (const { leave } of clients) leave();
    }
    expect(reviews.requests.length).toBeGreaterThan(0);
    await expect.poll(() => open.size).toBe(0);
    reviews.server.off('request', count);
  });

  it('refuses a variable that is wrong as ever', async () => {
    const { response, done, text } = await ask('query ($v: Boolean!) { user { name ... @defer(if: $v) { score } } }');
    await done;
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(text())).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });
});

describe.each([
  ['of 2022', new Defer20220824Handler()],
  ['newer', new GraphQL17Alpha9Handler()],
])('Apollo Client, form %s', (_, incrementalHandler) => {
  it('shows the first part at once and all of it in the end', async () => {
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: new HttpLink({ uri: `${gateway.url}/graphql` }),
      incrementalHandler: incrementalHandler as never,
    });
    const shown: unknown[] = [];
    const query = gql`
      query Deferred {
        users {
          id
          name
          ...Score @defer(label: "r")
        }
      }
      fragment Score on User {
        score
      }
    `;
    const watched = client.watchQuery({ query, fetchPolicy: 'network-only' });
    const finished = new Promise<void>((resolve, reject) => {
      watched.subscribe({
        next: ({ data, dataState, error }) => {
          if (error) reject(error);
          if (data) shown.push(structuredClone(data));
          if (dataState === 'streaming') open();
          if (dataState === 'complete') resolve();
        },
      });
    });
    await finished;
    const typed = (id: number) => ({ __typename: 'User', id: String(id), name: `user ${id}` });
    expect(shown[0]).toEqual({ users: [typed(1), typed(2)] });
    expect(shown.at(-1)).toEqual({
      users: [
        { ...typed(1), score: 10 },
        { ...typed(2), score: 20 },
      ],
    });
    client.stop();
  });
});
