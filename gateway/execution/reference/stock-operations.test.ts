import { expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { loadSupergraph } from '../../supergraph/supergraph.ts';
import { isPrepared } from '../prepare/operation.ts';
import { createOperations } from '../prepare/operations.ts';
import { createFleet } from '../testing/fleet.ts';
import { compileStock } from './stock-operations.ts';

it('the stock engine answers through the same interface, and says that it has no subscriptions', async () => {
  const fleet = createFleet();
  const supergraph = await loadSupergraph({ sdl: fleet.sdl });
  const operations = createOperations({ supergraph, compile: compileStock(supergraph) });
  const request = {
    identity: ANONYMOUS,
    requestId: 'test',
    transports: fleet.transports as ReadonlyMap<string, SubgraphTransport>,
  };
  const query = await operations.prepare({ query: '{ me { id usage { tokens } } }' });
  if (!isPrepared(query)) throw query[0]!;
  expect(JSON.parse(String((await query.execute(request)).json))).toEqual({
    data: { me: { id: '1', usage: { tokens: 7 } } },
  });
  const events = await operations.prepare({ query: 'subscription { typing { at } }' });
  if (!isPrepared(events)) throw events[0]!;
  const code = await new Promise((resolve) => {
    events.subscribe(request, { next() {}, complete() {}, error: ([error]) => resolve(error?.extensions?.['code']) });
  });
  expect(code).toBe('NOT_CONFIGURED');
});
