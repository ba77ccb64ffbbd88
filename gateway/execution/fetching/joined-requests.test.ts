import type { ExecutionResult } from 'graphql';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SubgraphRequest } from '#platform/net/transport/transport.ts';
import { createSetup } from '../testing/setup.ts';

/** Several entity fetches of one subgraph go out as one request: the failure of one is not the others' failure. */

let setup: Awaited<ReturnType<typeof createSetup>>;
beforeAll(async () => {
  setup = await createSetup();
});
afterEach(() => {
  setup.fleet.interfere = undefined;
  setup.requests();
});

const QUERY = `query ($days: Int) { conversation(id: 1) { owner { ...F } messages { tokens } } }
  fragment F on User { usage(days: $days) { tokens } }`;
const OWNER = { usage: { tokens: 3 } };
const MESSAGES = [{ tokens: 22 }, { tokens: 24 }, { tokens: 26 }];

type Given = Record<string, unknown[]>;

/** What one subgraph makes of a joined request in which the entity list under `_e0` fails. */
function failing(how: (given: Given) => unknown): string[] {
  const asked: string[] = [];
  setup.fleet.interfere = async (subgraph, request: SubgraphRequest, answer) => {
    if (subgraph !== 'analytics') return answer();
    asked.push(request.query);
    const { data } = await answer();
    return (request.query.includes('_e0') ? how(data as Given) : { data }) as ExecutionResult;
  };
  return asked;
}

const error = (path?: unknown[]) => ({ message: 'no', ...(path && { path }) });

describe('when one list of a joined request fails', () => {
  it.each([
    ['as a whole', ['_e0']],
    ['by an entity that may not be null', ['_e0', 0]],
  ])('%s and takes the data of all with it, the others are asked for again', async (_, path) => {
    const asked = failing(() => ({ data: null, errors: [error(path)] }));
    const { data, errors } = await setup.ask(QUERY, { days: 3 });
    expect(asked).toHaveLength(2);
    expect(errors).toEqual([
      { message: 'no', path: ['conversation', 'owner'], extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } },
    ]);
    expect(data).toEqual({ conversation: { owner: { usage: null }, messages: MESSAGES } });
  });

  it('and what is asked for again fails as well, each says why', async () => {
    setup.fleet.interfere = async (subgraph, request, answer) => {
      if (subgraph !== 'analytics') return answer();
      const errors = [error([request.query.includes('_e0') ? '_e0' : '_e1'])];
      return { data: null, errors } as unknown as ExecutionResult;
    };
    const { data, errors } = await setup.ask(QUERY, { days: 3 });
    expect(errors?.map(({ path }) => path)).toEqual([
      ['conversation', 'owner'],
      ['conversation', 'messages'],
    ]);
    expect(data).toEqual({
      conversation: { owner: { usage: null }, messages: MESSAGES.map(() => ({ tokens: null })) },
    });
  });

  it.each([
    ['left out', (given: Given) => ({ data: { ...given, _e0: undefined }, errors: [error(['_e0'])] })],
    ['null', (given: Given) => ({ data: { ...given, _e0: null }, errors: [error(['_e0'])] })],
    [
      'left out because of one entity',
      (given: Given) => ({ data: { ...given, _e0: null }, errors: [error(['_e0', 0])] }),
    ],
    ['left out without an error', (given: Given) => ({ data: { ...given, _e0: undefined } })],
    ['of the wrong length', (given: Given) => ({ data: { ...given, _e0: [] } })],
    ['not a list', (given: Given) => ({ data: { ...given, _e0: {} }, errors: [error(['_e0'])] })],
  ])('and is %s, what is delivered of the others is taken', async (_, how) => {
    const asked = failing(how);
    const { data, errors } = await setup.ask(QUERY, { days: 3 });
    expect(asked).toHaveLength(1);
    expect(errors?.length).toBeGreaterThan(0);
    expect(errors?.every(({ path }) => path?.[1] === 'owner')).toBe(true);
    expect(data).toEqual({ conversation: { owner: { usage: null }, messages: MESSAGES } });
  });

  it('with an error that names none of them, each says so, and none is asked again', async () => {
    const asked = failing(() => ({ data: null, errors: [error()] }));
    const { errors } = await setup.ask(QUERY, { days: 3 });
    expect(asked).toHaveLength(1);
    expect(errors?.map(({ path }) => path?.[1])).toEqual(['owner', 'messages']);
  });
});

it('what a joined request brings is all that was asked for', async () => {
  const { data } = await setup.ask(QUERY, { days: 3 });
  expect(data).toEqual({ conversation: { owner: OWNER, messages: MESSAGES } });
  expect(setup.requests().filter(({ subgraph }) => subgraph === 'analytics')).toHaveLength(1);
});
