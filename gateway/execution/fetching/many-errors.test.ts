import type { ExecutionResult } from 'graphql';
import { beforeEach, expect, it, vi } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { loadSupergraph } from '../../supergraph/supergraph.ts';
import { createEngine } from '../engine/engine.ts';
import { isPrepared } from '../prepare/operation.ts';
import { createOperations } from '../prepare/operations.ts';
import { composeSdl } from '../testing/fleet.ts';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';
const MANY = 3_000;
/** How often the places of all entities were looked up: what is done for each error again grows with their square. */
const looked = vi.hoisted(() => ({ up: 0 }));
vi.mock('../run/paths.ts', async (original) => {
  const paths = await original<typeof import('../run/paths.ts')>();
  const locateObjects: typeof paths.locateObjects = (...given) => {
    looked.up++;
    return paths.locateObjects(...given);
  };
  return { ...paths, locateObjects };
});
beforeEach(() => {
  looked.up = 0;
});

/** An answer in which each of many entities is null for an error of its own. */
async function answerOf(errorAt: (index: number) => object) {
  const sdl = composeSdl({
    list: `${LINK} type Query { items: [Item!] } type Item @key(fields: "id") { id: Int! }`,
    names: `${LINK} type Item @key(fields: "id") { id: Int! name: String }`,
  });
  const supergraph = await loadSupergraph({ sdl });
  const numbers = Array.from({ length: MANY }, (_, id) => id);
  const answers: Record<string, unknown> = {
    list: { data: { items: numbers.map((id) => ({ __typename: 'Item', id })) } },
    names: { data: { _entities: numbers.map(() => ({ name: null })) }, errors: numbers.map(errorAt) },
  };
  const transports = new Map(
    Object.entries(answers).map(([name, result]) => [
      name,
      { execute: async () => ({ result: result as ExecutionResult }) } as unknown as SubgraphTransport,
    ]),
  );
  let exposed = 0;
  const expose = <Shown>(error: Shown): Shown => {
    exposed++;
    return error;
  };
  const operations = createOperations({ supergraph, compile: createEngine({ supergraph, observer: { expose } }) });
  const prepared = await operations.prepare({ query: '{ items { name } }' });
  if (!isPrepared(prepared)) throw prepared[0]!;
  const { json } = await prepared.execute({ identity: ANONYMOUS, requestId: 'test', transports });
  return { errors: (JSON.parse(String(json)) as ExecutionResult).errors!, exposed };
}

it('as many errors as entities hold nothing up, and what is shown of an error is made for those that are listed', async () => {
  const { errors, exposed } = await answerOf((index) => ({ message: 'no', path: ['_entities', index, 'name'] }));
  expect(errors[0]).toMatchObject({ message: 'no', path: ['items', 0, 'name'] });
  expect(errors.at(-1)).toMatchObject({ extensions: { code: 'ERRORS_OMITTED', omitted: MANY - exposed } });
  expect(errors.length).toBe(exposed + 1);
  expect(looked.up).toBe(1);
});

it('as many errors that name no entity hold nothing up', async () => {
  const { errors } = await answerOf((index) => ({ message: `no ${index}` }));
  expect(errors[0]).toMatchObject({ message: 'no 0', path: ['items'] });
  expect(errors.at(-1)).toMatchObject({ extensions: { code: 'ERRORS_OMITTED' } });
  expect(looked.up).toBe(1);
});
