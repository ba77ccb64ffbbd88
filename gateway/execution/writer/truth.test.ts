import type { ExecutionResult } from 'graphql';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, createSetup } from '../testing/setup.ts';

/** An answer is what one plain schema would answer, or it carries an error, whatever a subgraph sends. */

let setup: Awaited<ReturnType<typeof createSetup>>;
beforeAll(async () => {
  setup = await createSetup();
});
afterEach(() => {
  setup.fleet.interfere = undefined;
  setup.requests();
});

/** The answer when one subgraph sends this, whatever it is asked. */
async function when(subgraph: string, sent: unknown, query: string): Promise<Answer> {
  setup.fleet.interfere = (name, _, answer) =>
    name === subgraph ? Promise.resolve(sent as ExecutionResult) : answer();
  return await setup.ask(query);
}

const codes = ({ errors }: Answer) => errors?.map(({ path, extensions }) => [path?.join('.'), extensions?.code]);
const INVALID = 'SUBGRAPH_INVALID_ANSWER';

describe('an answer has an error for', () => {
  it.each([
    ['a null where the schema has none', { users: [{ id: null }] }, '{ users { id } }', [['users.0.id', INVALID]]],
    ['a null in a list without nulls', { users: [null] }, '{ users { id } }', [['users.0', INVALID]]],
    ['a value of the wrong kind', { me: { name: 7 } }, '{ me { name } }', [['me.name', INVALID]]],
    ['a text in place of an object', { me: 'x' }, '{ me { name } }', [['me', INVALID]]],
    ['an object in place of a list', { users: {} }, '{ users { id } }', [['users', INVALID]]],
    ['a hidden enum value', { me: { role: 'SECRET' } }, '{ me { role } }', [['me.role', INVALID]]],
    [
      'a type that the union does not have',
      { search: [{ __typename: 'Profile' }] },
      '{ search(text: "") { __typename } }',
      [['search.0', INVALID]],
    ],
    ['a type that is not there', { search: [{}] }, '{ search(text: "") { __typename } }', [['search.0', INVALID]]],
    ['a nullable field that is not there', { me: {} }, '{ me { name } }', [['me.name', INVALID]]],
    ['a root field that is not there', {}, '{ me { name } }', [['me', INVALID]]],
    ['data that is null', null, '{ me { name } }', [['me', 'SUBGRAPH_UNAVAILABLE']]],
    ['data that is a list', [], '{ me { name } }', [['me', 'SUBGRAPH_UNAVAILABLE']]],
  ])('%s', async (_, data, query, expected) => {
    const answer = await when('auth', { data }, query);
    expect(codes(answer)).toEqual(expected);
    expect(answer.extensions).toBeUndefined();
  });

  it('fields that only some types have, of an object whose type is not told', async () => {
    const sent = { data: { items: [{ title: 't', id: '1' }] } };
    expect(codes(await when('chat', sent, '{ items { title ... on Message { text } } }'))).toEqual([
      ['items.0', INVALID],
    ]);
  });

  it('data that is null because of what is under one error’s place, and no second one', async () => {
    const sent = { data: { users: [{ id: null }] }, errors: [{ message: 'no id', path: ['users', 0, 'id'] }] };
    expect(codes(await when('auth', sent, '{ users { id } }'))).toEqual([['users.0.id', 'DOWNSTREAM_SERVICE_ERROR']]);
  });

  it('a null that another place’s error does not account for', async () => {
    const sent = { data: { me: null, users: [{ id: null }] }, errors: [{ message: 'no', path: ['me'] }] };
    expect(codes(await when('auth', sent, '{ me { id } users { id } }'))).toEqual([
      ['me', 'DOWNSTREAM_SERVICE_ERROR'],
      ['users.0.id', INVALID],
    ]);
  });

  it('an entity that is not an object', async () => {
    const answer = await when('analytics', { data: { _entities: ['x'] } }, '{ me { cost } }');
    expect(codes(answer)).toEqual([['me.cost', INVALID]]);
  });

  it('an entity error whose index is out of range', async () => {
    const errors = [{ message: 'lost?', path: ['_entities', 7, 'cost'] }];
    const answer = await when('analytics', { data: { _entities: [{ cost: null }] }, errors }, '{ me { cost } }');
    expect(answer.errors?.[0]).toMatchObject({ message: 'lost?', path: ['me'] });
  });

  it('entity data that is null', async () => {
    const answer = await when('analytics', { data: null }, '{ me { cost } }');
    expect(codes(answer)).toEqual([['me.cost', 'SUBGRAPH_UNAVAILABLE']]);
  });
});

it('an entity that a subgraph does not know is null without an error', async () => {
  const answer = await when('analytics', { data: { _entities: [null] } }, '{ me { id cost } }');
  expect(answer).toEqual({ data: { me: { id: '1', cost: null } } });
});

it('errors beyond those that are listed are counted', async () => {
  // Seven users, each of them in forty-three places.
  const ids = Array.from({ length: 7 }, (_, i) => i + 1);
  const query = `{ users(ids: [${Array.from({ length: 301 }, (_, i) => i + 1)}]) { cost } }`;
  const errors = ids.map((_, i) => ({ message: 'no', path: ['_entities', i, 'cost'] }));
  const sent = { data: { _entities: ids.map(() => ({ cost: null })) }, errors };
  const answer = await when('analytics', sent, query);
  const told = answer.errors!.length - 1;
  expect(told).toBeLessThan(301);
  expect(answer.errors!.at(-1)).toMatchObject({ extensions: { code: 'ERRORS_OMITTED', omitted: 301 - told } });

  setup.fleet.interfere = (name, _, given) => (name === 'analytics' ? Promise.reject(new Error('down')) : given());
  const down = await setup.ask(query);
  expect(down.errors!.at(-1)).toMatchObject({ extensions: { omitted: 301 - (down.errors!.length - 1) } });
});

it('a null that nothing explains has its error behind a hundred that are explained', async () => {
  // Each fails by an error of its own, at a place where the schema has no null.
  const conversations = Array.from({ length: 130 }, () => ({ id: null }));
  const errors = conversations.map((_, i) => ({ message: 'no id', path: ['conversations', i, 'id'] }));
  const sent = { data: { conversations, latest: { title: 7 } }, errors };
  const answer = await when('chat', sent, '{ conversations { id } latest { title } }');
  expect(codes(answer)!.at(-1)).toEqual(['latest.title', INVALID]);
  expect(answer.errors).toHaveLength(131);
});

describe('of an error that a subgraph tells', () => {
  it.each([
    [{ message: 5, extensions: 'str' }],
    [{ message: '', extensions: ['a'], path: 'x' }],
    [{ extensions: { code: 7 }, path: [{}] }],
    ['x'],
    [null],
  ])('what is not an error’s part does not reach the client: %j', async (error) => {
    const answer = await when('auth', { data: { me: null }, errors: [error] }, '{ me { id } }');
    expect(answer.errors).toEqual([
      { message: 'A subgraph failed without saying why.', extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } },
    ]);
  });

  it('nothing is lost when the errors are not a list', async () => {
    const answer = await when('auth', { data: { me: null }, errors: { message: 'no list' } }, '{ me { id } }');
    expect(answer.errors?.[0]?.message).toBe('no list');
  });
});
