import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryWorld, user } from './testing/memory-world.ts';

let world: MemoryWorld;
beforeAll(async () => {
  world = await MemoryWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const USER = { scope: 'USER' };
const set = (who: ReturnType<typeof user>, input: object) =>
  world.ask(
    who,
    `mutation ($input: SetContextInput!) { setContext(input: $input) {
      context { scope key value version expiresAt application conversation { id } } } }`,
    { input: { scope: USER, key: 'k', ...input } },
  );
const get = async (who: ReturnType<typeof user>, scope: object = USER, key = 'k') =>
  (
    await world.ask(who, 'query ($input: ContextAddressInput!) { context(input: $input) { value version } }', {
      input: { scope, key },
    })
  ).data.context;
const remove = (who: ReturnType<typeof user>, input: object) =>
  world.ask(who, 'mutation ($input: DeleteContextInput!) { deleteContext(input: $input) { deletedId } }', {
    input: { scope: USER, key: 'k', ...input },
  });

describe('a context entry', () => {
  it('keeps any JSON, and counts its changes', async () => {
    const me = user();
    for (const [i, value] of [{ a: [1, null, 'x'] }, 'six letters: \\u0000', 0, false].entries()) {
      const answer = await set(me, { value });
      expect(answer.data.setContext.context).toMatchObject({ value, version: i + 1, scope: 'USER', expiresAt: null });
    }
    expect(await get(me)).toEqual({ value: false, version: 4 });
  });

  it('is written only if it has the version that was expected', async () => {
    const me = user();
    expect((await set(me, { value: 1, expectedVersion: 3 })).extensions).toMatchObject({
      code: 'CONFLICT',
      currentVersion: 0,
    });
    expect((await set(me, { value: 1, expectedVersion: 0 })).data.setContext.context.version).toBe(1);
    expect((await set(me, { value: 2, expectedVersion: 0 })).extensions).toMatchObject({
      code: 'CONFLICT',
      currentVersion: 1,
    });
    expect((await set(me, { value: 2, expectedVersion: 1 })).data.setContext.context.version).toBe(2);
    expect((await remove(me, { expectedVersion: 1 })).code).toBe('CONFLICT');
    expect((await remove(me, { expectedVersion: 2 })).data.deleteContext.deletedId).toEqual(expect.any(String));
    expect((await remove(me, {})).data.deleteContext.deletedId).toBeNull();
  });

  it('of many writers that expect the same version is written by one', async () => {
    const me = user();
    await set(me, { value: 'start' });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => set(me, { value: i, expectedVersion: 1 })));
    expect(answers.filter((answer) => answer.code === undefined)).toHaveLength(1);
    expect(answers.filter((answer) => answer.code === 'CONFLICT')).toHaveLength(9);
    expect((await get(me)).version).toBe(2);
  });

  it('ends by itself, and its successor begins again', async () => {
    const me = user();
    await set(me, { value: 'short', ttlSeconds: 1 });
    await set(me, { value: 'short', ttlSeconds: 1 });
    expect((await get(me)).version).toBe(2);
    await sleep(1_100);
    expect(await get(me)).toBeNull();
    expect((await set(me, { value: 'next', expectedVersion: 0 })).data.setContext.context.version).toBe(1);
  });

  it('belongs to one user, also in a conversation of which another knows the id', async () => {
    const [me, other] = [user(), user()];
    const conversation = { scope: 'CONVERSATION', conversationId: 'c-1' };
    await set(me, { value: 'mine' });
    await set(me, { value: 'ours', scope: conversation });
    expect(await get(other)).toBeNull();
    expect(await get(other, conversation)).toBeNull();
    expect((await get(me, conversation)).value).toBe('ours');
    const entity = await world.ask(
      me,
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Conversation { contexts { key value } } } }',
      { r: [{ __typename: 'Conversation', id: 'c-1' }] },
    );
    expect(entity.data._entities).toEqual([{ contexts: [{ key: 'k', value: 'ours' }] }]);
  });

  it('of an application is read by everybody and written by administrators', async () => {
    const [admin, me] = [user(undefined, 'admin'), user()];
    const scope = { scope: 'APPLICATION', application: 'shop' };
    expect((await set(me, { value: 1, scope })).code).toBe('FORBIDDEN');
    expect((await set(admin, { value: 'open', scope })).data.setContext.context.application).toBe('shop');
    expect((await get(me, scope)).value).toBe('open');
    expect((await remove(me, { scope })).code).toBe('FORBIDDEN');
  });

  it('is listed by key, in pages', async () => {
    const me = user();
    for (const key of ['b', 'a', 'c']) await set(me, { key, value: key });
    const page = (after?: string) =>
      world.ask(
        me,
        'query ($after: String) { contexts(scope: { scope: USER }, first: 2, after: $after) { nodes { key } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
    const first = (await page()).data.contexts;
    expect(first.nodes).toEqual([{ key: 'a' }, { key: 'b' }]);
    const second = (await page(first.pageInfo.endCursor)).data.contexts;
    expect(second).toMatchObject({ nodes: [{ key: 'c' }], pageInfo: { hasNextPage: false } });
  });

  it.each([
    [{ key: '', value: 1 }, 'input.key'],
    [{ key: 'x'.repeat(201), value: 1 }, 'input.key'],
    [{ value: 'x'.repeat(65_536) }, 'input.value'],
    [{ value: 'a\0' }, 'input.value'],
    [{ value: 1, ttlSeconds: 0 }, 'input.ttlSeconds'],
    [{ value: 1, scope: { scope: 'CONVERSATION' } }, 'input.scope.conversationId'],
    [{ value: 1, scope: { scope: 'APPLICATION' } }, 'input.scope.application'],
  ])('is refused when it is wrong: case %#', async (input, argument) => {
    const answer = await set(user(undefined, 'admin'), input);
    expect(answer.code).toBe('BAD_USER_INPUT');
    expect(answer.extensions?.['argument']).toBe(argument);
  });
});
