import { afterAll, beforeAll, expect, it } from 'vitest';
import { Prisma } from '#prisma/chat/client/client.ts';
import { ChatWorld } from '../testing/chat-world.ts';
import { emptiedResults } from './emptied-results.ts';

let world: ChatWorld;
beforeAll(async () => {
  world = await ChatWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const emptied = async (calls: readonly object[]): Promise<unknown> => {
  const [row] = await world.db.$queryRaw<{ calls: unknown }[]>(
    Prisma.sql`SELECT ${emptiedResults(Prisma.sql`${JSON.stringify(calls)}::jsonb`)} AS calls`,
  );
  return row!.calls;
};

it('calls keep their order and all but what they have found', async () => {
  const found = { id: 'a', name: 'read', arguments: '{"n":1}', result: { status: 'OK', content: 'the secret' } };
  const waiting = { id: 'b', name: 'ask', arguments: '{}' };
  expect(await emptied([found, waiting])).toEqual([{ ...found, result: { status: 'OK', content: '' } }, waiting]);
  expect(await emptied([])).toEqual([]);
});
