import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveSubgraph } from '#platform/host/server.ts';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';
import { AuthWorld, bearer, type SignedInUser } from '../testing/auth-world.ts';

let world: AuthWorld;
let ada: SignedInUser;
let bob: SignedInUser;
beforeAll(async () => {
  world = await AuthWorld.open();
  [ada, bob] = [await world.user('ada'), await world.user('bob')];
});
afterAll(() => world[Symbol.asyncDispose]());

const ENTITIES = `query($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on User { id displayName email roles lastLoginAt } } }`;
interface Entities {
  _entities: ({ id: string; displayName: string; email: string | null; roles: string[] | null } | null)[];
}
const entities = async (ids: string[], identity: Identity) =>
  world.ask<Entities>(ENTITIES, { representations: ids.map((id) => ({ __typename: 'User', id })) }, identity);

describe('users as others see them', () => {
  it('show everybody who is signed in their public fields, and their own only to themselves', async () => {
    const identity = await world.verifier.authenticate(bearer(bob.accessToken));
    const { data } = await entities([ada.id, bob.id], identity);
    expect(data?._entities).toEqual([
      { id: ada.id, displayName: 'ada', email: null, roles: null, lastLoginAt: null },
      { id: bob.id, displayName: 'bob', email: 'bob@example.org', roles: ['USER'], lastLoginAt: expect.any(String) },
    ]);
    const user = await world.ask<{ user: object }>(
      'query($id: ID!) { user(id: $id) { displayName email } }',
      { id: ada.id },
      identity,
    );
    expect(user.data?.user).toEqual({ displayName: 'ada', email: null });
  });

  it('are not shown without signing in, also straight through _entities', async () => {
    const answer = await entities([ada.id], ANONYMOUS);
    expect(answer.code).toBe('UNAUTHENTICATED');
    expect(answer.data?._entities ?? [null]).toEqual([null]);
    expect((await world.ask('query($id: ID!) { user(id: $id) { displayName } }', { id: ada.id })).code).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('that do not exist are null, whatever is given as an id', async () => {
    const identity = await world.verifier.authenticate(bearer(bob.accessToken));
    const { data, code } = await entities(['00000000-0000-7000-8000-000000000000', "' OR 1=1", '', ada.id], identity);
    expect(code).toBeUndefined();
    expect(data?._entities.map((one) => one?.displayName ?? null)).toEqual([null, null, null, 'ada']);
  });

  it('are read with one query, however many are asked for', async () => {
    const identity = await world.verifier.authenticate(bearer(bob.accessToken));
    const read = world.parts.db.user.findMany;
    let queries = 0;
    const spied = world.parts.db.user as { findMany: unknown };
    spied.findMany = (...args: Parameters<typeof read>) => {
      queries++;
      return read.apply(world.parts.db.user, args);
    };
    try {
      await entities(
        Array.from({ length: 100 }, (_, index) => (index % 2 ? ada.id : bob.id)),
        identity,
      );
    } finally {
      spied.findMany = read;
    }
    expect(queries).toBe(1);
  });
});

describe('the port of the subgraph', () => {
  it('gives nothing to a client that reaches it without the gateway’s identity', async () => {
    const { config } = world.parts;
    const { assertions } = world.platform;
    await using server = await serveSubgraph(world.subgraph, { config, port: 0, metrics: new Registry(), assertions });
    const post = async (headers: Record<string, string>) => {
      const body = JSON.stringify({
        query: ENTITIES,
        variables: { representations: [{ __typename: 'User', id: ada.id }] },
      });
      const answer = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
      return { status: answer.status, text: await answer.text() };
    };
    const identity = await world.verifier.authenticate(bearer(bob.accessToken));
    const forged: Record<string, string>[] = [
      {},
      { 'x-user-id': bob.id, 'x-sextant-client': 'ip=127.0.0.1' },
      { authorization: `Bearer ${bob.accessToken}` },
      { 'x-sextant-identity': bob.accessToken },
      { 'x-sextant-identity': JSON.stringify(identity) },
      { 'x-sextant-identity': await assertions.sign(identity, 'chat/graphql') },
    ];
    for (const headers of forged) {
      const { status, text } = await post(headers);
      expect(status).toBe(401);
      expect(text).not.toContain('ada');
    }
    const { status, text } = await post({ 'x-sextant-identity': await assertions.sign(identity, 'auth/graphql') });
    expect(status).toBe(200);
    expect(text).toContain('"ada"');
  });
});
