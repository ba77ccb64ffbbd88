import { isDeepStrictEqual } from 'node:util';
import { execute, type FormattedExecutionResult, parse, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { SEED } from '#platform/base/testing/generated.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { createCompiler } from '../engine/compile.ts';
import { type AnswerPart, isPrepared, type PendingPart } from '../prepare/operation.ts';
import { createOperations, type Operations } from '../prepare/operations.ts';
import { CATALOG } from '../testing/graphs/catalog.ts';
import { OFFICE } from '../testing/graphs/office.ts';
import { SHOP } from '../testing/graphs/shop.ts';
import { planningOf } from '../testing/planner.ts';
import { composeGraph, type SeededGraph } from '../testing/seeded/graph.ts';
import { generatedOperations } from '../testing/trial.ts';

/**
 * Generated operations with `@defer` on some of their fragments: all parts together are what one plain schema answers.
 * DEFER_RUNS sets how many there are on each graph, SEED repeats a run.
 */
const RUNS = Number(process.env['DEFER_RUNS'] ?? 40);
/** Every other fragment may come later. */
function deferred(query: string): string {
  let n = 0;
  return query.replace(/\.\.\.(?:\s*on \w+|F\d+|(?=\s*\{))/g, (spread) =>
    n++ % 2 === 0 ? `${spread} @defer(label: "l${n}")` : spread,
  );
}

function merge(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(source)) {
    const known = Object.hasOwn(target, key) ? target[key] : undefined;
    if (Array.isArray(known) && Array.isArray(value)) mergeLists(known, value);
    else if (isObject(known) && isObject(value)) merge(known, value);
    else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  }
}
function mergeLists(target: unknown[], source: unknown[]): void {
  for (const [n, value] of source.entries()) {
    const known = target[n];
    if (Array.isArray(known) && Array.isArray(value)) mergeLists(known, value);
    else if (isObject(known) && isObject(value)) merge(known, value);
    else target[n] = value;
  }
}
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const at = (data: unknown, place: readonly (string | number)[]): unknown =>
  place.reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], data);

describe.each(Object.entries({ catalog: CATALOG, shop: SHOP, office: OFFICE }))(
  `%s: generated operations with @defer, ${RUNS}, seed ${SEED}`,
  (_, schemas) => {
    let graph: SeededGraph;
    let operations: Operations;
    beforeAll(async () => {
      graph = await composeGraph(schemas, { seed: SEED, failures: false });
      const { supergraph } = graph;
      const planner = planningOf(supergraph.sdl);
      operations = createOperations({ supergraph, compile: createCompiler({ supergraph, planner }) });
    });

    it('have in all parts together the data of one plain schema', async () => {
      const { supergraph, fleet, whole } = graph;
      let tried = 0;
      let later = 0;
      for (const operation of generatedOperations(supergraph.apiSchema, 'query', SEED)) {
        const query = deferred(operation.query);
        if (query === operation.query || validate(supergraph.apiSchema, parse(query)).length > 0) continue;
        if (tried++ >= RUNS) break;
        const prepared = await operations.prepare({ query });
        if (!isPrepared(prepared)) expect.fail(`${query}\n${JSON.stringify(prepared)}`);
        if (!prepared.executeInParts) continue;
        let answer: FormattedExecutionResult | undefined;
        let waiting: readonly PendingPart[] = [];
        const parts: AnswerPart[] = [];
        await prepared.executeInParts(
          {
            variables: operation.variables,
            identity: ANONYMOUS,
            requestId: 'test',
            transports: fleet.transports as never,
          },
          {
            first(first, pending) {
              answer = JSON.parse(String(first.json)) as FormattedExecutionResult;
              waiting = pending;
            },
            next: (more) => void parts.push(...more),
          },
        );
        const plain = await execute({
          ...whole,
          document: parse(operation.query),
          variableValues: operation.variables,
        });
        const wanted = JSON.parse(JSON.stringify(plain.data)) as unknown;
        const said = `seed ${SEED}\n${query}\n${JSON.stringify(operation.variables)}\n${JSON.stringify({ answer, parts })}`;
        expect(parts.map(({ id }) => id).sort(), said).toEqual(waiting.map(({ id }) => id).sort());
        later += parts.length;
        for (const { place, data } of parts) {
          const object = at(answer!.data, place);
          if (data !== 'null') merge(object as Record<string, unknown>, JSON.parse(data) as Record<string, unknown>);
        }
        const errors = [...(answer!.errors ?? []), ...parts.flatMap((part) => part.errors)];
        expect([errors, plain.errors ?? []], said).toEqual([[], []]);
        if (!isDeepStrictEqual(answer!.data, wanted)) expect.fail(`${said}\nplain ${JSON.stringify(wanted)}`);
      }
      expect(later).toBeGreaterThan(0);
    }, 120_000);
  },
);
