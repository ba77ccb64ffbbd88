import { expect, it } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { DoorOperation } from '../doors/operations.ts';
import { refuse } from './errors.ts';
import { alterStore, documentsOf, type Store, type StoreVisit } from './vector-store.ts';

const entry = (version: number) => ({
  key: 'openai:vector_store:1',
  value: { name: 'Ship', metadata: {}, files: [] },
  version,
  createdAt: '',
  updatedAt: '',
});

/** A visit to a store that others change before, this many times. */
function contended(times: number): StoreVisit {
  let version = 1;
  let left = times;
  return {
    identity: { kind: 'user', userId: 'u' } as StoreVisit['identity'],
    run: async () => entry(version) as never,
    need: async (_: DoorOperation, { expectedVersion }: Record<string, unknown>) => {
      if (left-- > 0) version++;
      if (expectedVersion !== version) throw new CodedError('CONFLICT', 'Another version.');
      return { context: entry(++version) } as never;
    },
  } as StoreVisit;
}

const same = ({ name, metadata, files }: Store) => ({ name, metadata, files });

it('a change that those of other processes come before is tried again', async () => {
  expect(await alterStore(contended(4), 'vs_1', same)).toMatchObject({ id: 'vs_1', version: 6 });
});

it('one that always loses may be sent again, as OpenAI’s clients do', async () => {
  const error = await alterStore(contended(1e9), 'vs_1', same).catch((reason: unknown) => reason as CodedError);
  const headers = new Map<string, unknown>();
  const response = {
    req: { method: 'POST' },
    setHeader: (name: string, value: unknown) => headers.set(name, value),
    writeHead: () => undefined,
    end: () => undefined,
  };
  refuse(response as never, error as CodedError);
  expect((error as CodedError).extensions).toMatchObject({ code: 'CONFLICT' });
  expect([...headers.keys()]).toContain('retry-after');
  expect([...headers.keys()]).not.toContain('x-should-retry');
});

it('what could not be looked at is not taken for deleted', async () => {
  const visit = {
    result: async () => ({
      data: { nodes: [null] },
      errors: [{ message: 'Away.', extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }],
    }),
  };
  await expect(documentsOf(visit, ['a'])).rejects.toMatchObject({ extensions: { code: 'SUBGRAPH_UNAVAILABLE' } });
});
