import { type DocumentNode, GraphQLError, Kind, visit } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { loadSupergraph, type Supergraph } from '../../supergraph/supergraph.ts';
import { LoopTurns } from '../../turns/loop-turns.ts';
import { createEngine } from '../engine/engine.ts';
import { createFleet } from '../testing/fleet.ts';
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

  it.each([
    ['a text that ends in the name of another operation', { query: 'query A { me { id } }\0A' }],
    ['a name that goes on', { query: 'query A { me { id } }', operationName: 'A\0without email' }],
  ])('is not refused because of %s', async (_, hostile) => {
    const operations = operationsOf();
    expect(codes(await operations.prepare(hostile))).toEqual(['GRAPHQL_PARSE_FAILED']);
    const query = 'query A { me { id } }';
    expect(codes(await operations.prepare({ query, operationName: 'A' }))).toBe('prepared');
    const reduction = { key: 'without email', apply: (document: DocumentNode) => document };
    expect(codes(await operations.prepare({ query, operationName: 'A', reduction }))).toBe('prepared');
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
    const began = process.cpuUsage();
    const prepared = await operationsOf().prepare({ query: `{ latest { ...F0 } } ${levels.join(' ')}` });
    expect(codes(prepared)).toEqual(['OPERATION_TOO_COMPLEX']);
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(10_000);
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

describe('one client’s unknown operations', () => {
  /**
   * Each reading of the clock is a second later: a client that has begun with one operation has used more than is
   * allowed.
   */
  const spent = () => {
    let ms = 0;
    return new LoopTurns({ msPerMinute: 600, processorMs: () => (ms += 1_000) });
  };

  it('do not hold others up: beyond its allowance they are refused, what is known is answered at once', async () => {
    const operations = operationsOf({ turns: spent() });
    const first = await operations.prepare({ query: '{ me { id } }', client: 'a' });
    expect(codes(first)).toBe('prepared');
    const more = await Promise.all(
      ['{ me { name } }', '{ nope }'].map((query) => operations.prepare({ query, client: 'a' })),
    );
    expect(more.map(codes)).toEqual([['RATE_LIMITED'], ['RATE_LIMITED']]);
    expect(operations.prepare({ query: '{ me { id } }', client: 'a' })).toBe(first);
    expect(codes(await operations.prepare({ query: '{ me { name } }', client: 'b' }))).toBe('prepared');
    expect(codes(await operations.prepare({ query: '{ me { name } }', client: 'a' }))).toBe('prepared');
  });

  it('that are refused are remembered: the second time costs nothing', async () => {
    let looks = 0;
    const inspectText = () => {
      looks++;
      return [];
    };
    const operations = operationsOf({ turns: spent(), inspectText });
    const refused = await operations.prepare({ query: '{ nope }', client: 'a' });
    expect(codes(refused)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    expect(operations.prepare({ query: '{ nope }', client: 'a' })).toBe(refused);
    expect(looks).toBe(1);
  });

  it('that are refused make no good one unknown', async () => {
    const operations = operationsOf({ limits: { cachedOperations: 2, cachedCharacters: 200 } });
    const good = await operations.prepare({ query: '{ me { id } }' });
    for (let i = 0; i < 50; i++) await operations.prepare({ query: `{ nope${i} }` });
    expect(operations.prepare({ query: '{ me { id } }' })).toBe(good);
  });

  it('are validated in stages where they are long, with the same result', async () => {
    const operations = operationsOf();
    const long = (fields: string) =>
      `query($v: ID) { me { ${'id name '.repeat(100)} } ${fields} } ${' #'.repeat(2_000)}`;
    for (const fields of ['', 'nope', 'me(x: 1) { id }', 'me: latest { id }']) {
      expect(codes(await operations.prepare({ query: long(fields) }))).toContain('GRAPHQL_VALIDATION_FAILED');
    }
    const fine = `{ me { ${'id name '.repeat(100)} } ${' #'.repeat(2_000)}\n}`;
    expect(codes(await operations.prepare({ query: fine }))).toBe('prepared');
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
