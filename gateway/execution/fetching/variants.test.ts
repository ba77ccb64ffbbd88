import { expect, it } from 'vitest';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Planner } from '../planning/planner.ts';
import { ours } from '../testing/contenders.ts';
import { planningOf } from '../testing/planner.ts';
import { composeGraph } from '../testing/seeded/graph.ts';

const SDL = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9") type Query { a: Int! b: Int! }';

it('a combination of conditions that could not be planned for a moment is planned when it is asked for again', async () => {
  const graph = await composeGraph({ one: SDL }, { seed: 1, failures: false });
  const planner = planningOf(graph.supergraph.sdl);
  let refusals = 1;
  const busy: Planner = {
    name: planner.name,
    plan(request) {
      if (request.conditions.length > 0) return { root: undefined, specialize: request.conditions };
      if (refusals-- > 0) throw new CodedError('SERVICE_UNAVAILABLE', 'Too many new operations are being planned.');
      return planner.plan(request);
    },
  };
  const { answer } = ours(graph.supergraph, graph.fleet, busy);
  const operation = { query: 'query ($x: Boolean!) { a @include(if: $x) b }', variables: { x: true } };
  expect((await answer(operation)).errors?.map(({ extensions }) => extensions?.['code'])).toContain(
    'SERVICE_UNAVAILABLE',
  );
  expect(await answer(operation)).toEqual({ data: { a: expect.any(Number), b: expect.any(Number) } });
});
