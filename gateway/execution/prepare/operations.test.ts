import { GraphQLError, Kind, visit } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { loadSupergraph, type Supergraph } from '../../supergraph/supergraph.ts';
import { createFleet } from '../fixtures/fleet.ts';
import { createEngine } from '../run/engine.ts';
import { isPrepared, type Prepared } from './operation.ts';
import { type Compile, createOperations, type OperationsOptions } from './operations.ts';

const fleet = createFleet();
let supergraph: Supergraph;
let engine: Compile;
let compiled = 0;
beforeAll(async () => {
  supergraph = await loadSupergraph({ sdl: fleet.sdl });
  engine = createEngine({ supergraph });
});

const operationsOf = (options: Partial<OperationsOptions> = {}) => {
  compiled = 0;
  const compile: Compile = (input) => {
    compiled++;
    return engine(input);
  };
  return createOperations({ supergraph, compile, ...options });
};
const codes = (prepared: Prepared) => (isPrepared(prepared) ? 'prepared' : prepared.map((e) => e.extensions.code));

describe('an operation', () => {
  it('is prepared once, by however many requests at the same time', async () => {
    const operations = operationsOf();
    const all = await Promise.all([1, 2, 3].map(() => operations.prepare({ query: '{ me { id } }' })));
    expect(new Set(all).size).toBe(1);
    expect(compiled).toBe(1);
  });

  it('is forgotten when there are too many, the least used first', async () => {
    const operations = operationsOf({ limits: { cachedOperations: 2 } });
    for (const query of ['{ me { id } }', '{ me { name } }', '{ me { id } }', '{ me { email } }', '{ me { id } }']) {
      await operations.prepare({ query });
    }
    expect(compiled).toBe(3);
    expect(operations.recent(9).map(({ query }) => query)).toEqual(['{ me { id } }', '{ me { email } }']);
  });

  it('is chosen by its name where a document has several', async () => {
    const operations = operationsOf();
    const query = 'query A { me { id } } query B { me { name } }';
    const b = await operations.prepare({ query, operationName: 'B' });
    expect(isPrepared(b) && b.name).toBe('B');
    expect(codes(await operations.prepare({ query }))).toEqual(['BAD_USER_INPUT']);
    expect(codes(await operations.prepare({ query, operationName: 'C' }))).toEqual(['BAD_USER_INPUT']);
  });

  it.each([
    ['{ me {', 'GRAPHQL_PARSE_FAILED'],
    ['{ nope }', 'GRAPHQL_VALIDATION_FAILED'],
    ['{ me { role(x: 1) } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['fragment F on User { id }', 'BAD_USER_INPUT'],
    // graphql-js throws for this one instead of reporting it.
    ['subscription ($x: Boolean!) { typing @include(if: $x) { at } }', undefined],
  ])('that is wrong is refused, and never throws: %s', async (query, code) => {
    const found = codes(await operationsOf().prepare({ query }));
    expect(found).not.toBe('prepared');
    if (code) expect(found).toEqual([code]);
  });

  it('with too many tokens is refused while it is read', async () => {
    const operations = operationsOf({ limits: { tokens: 100 } });
    const query = `{ ${'me { id } '.repeat(50)} }`;
    expect(codes(await operations.prepare({ query }))).toEqual(['GRAPHQL_PARSE_FAILED']);
  });

  it('is looked at before it is validated, and not planned when something is found', async () => {
    const operations = operationsOf({ inspect: () => [new GraphQLError('too deep')] });
    expect(await operations.prepare({ query: '{ nope }' })).toMatchObject([{ message: 'too deep' }]);
    expect(compiled).toBe(0);
  });

  it('whose fragments multiply is refused', async () => {
    const levels = Array.from({ length: 20 }, (_, i) => {
      const next = i === 19 ? 'id' : `a: reply { ...F${i + 1} } b: reply { ...F${i + 1} }`;
      return `fragment F${i} on Message { ${next} }`;
    });
    const began = performance.now();
    const prepared = await operationsOf().prepare({ query: `{ latest { ...F0 } } ${levels.join(' ')}` });
    expect(codes(prepared)).toEqual(['OPERATION_TOO_COMPLEX']);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('can be planned with less than was asked, and still answers in the client’s shape', async () => {
    const operations = operationsOf();
    const without = (name: string) => ({
      key: `without ${name}`,
      apply: (document: Parameters<typeof visit>[0]) =>
        visit(document, { Field: (field) => (field.name.value === name ? null : undefined) }) as never,
    });
    const prepared = await operations.prepare({ query: '{ me { id email } }', reduction: without('email') });
    if (!isPrepared(prepared)) throw prepared[0]!;
    fleet.requests.length = 0;
    const { json } = await prepared.execute({
      identity: ANONYMOUS,
      requestId: 'test',
      transports: fleet.transports as ReadonlyMap<string, SubgraphTransport>,
      errors: [new GraphQLError('not for you', { path: ['me', 'email'] })],
    });
    expect(JSON.parse(String(json))).toEqual({
      errors: [{ message: 'not for you', path: ['me', 'email'] }],
      data: { me: { id: '1', email: null } },
    });
    expect(fleet.requests[0]?.request.query).not.toContain('email');
    expect(prepared.document.kind).toBe(Kind.DOCUMENT);
  });
});

it('a new supergraph starts with the operations that were used on the old one', async () => {
  const old = operationsOf();
  await old.prepare({ query: '{ me { id } }' });
  await old.prepare({ query: '{ gone }' });
  const next = operationsOf();
  await next.warm(old);
  expect(compiled).toBe(1);
  await next.prepare({ query: '{ me { id } }' });
  expect(compiled).toBe(1);
});
