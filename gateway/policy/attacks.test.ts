// The attack list of public audits and advisories, each by HTTP and by WebSocket: the limits are the same on both.
import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { library } from '#platform/host/testing/subgraph.ts';
import { composeSdl } from '../execution/testing/fleet.ts';
import { startTestGateway } from '../testing/test-gateway.ts';

const schema = readFileSync(library.schemaFile, 'utf8').replace(
  'count: Int!\n',
  'count: Int! @tag(name: "credential")\n',
);
const gateway = await startTestGateway({}, { supergraph: { sdl: composeSdl({ library: schema }) } });
const socket = createClient({ url: `${gateway.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
afterAll(async () => {
  await socket.dispose();
  await gateway[Symbol.asyncDispose]();
});

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: { message: string; extensions: Record<string, unknown> }[];
}

const byHttp = async (query: string, more: object = {}): Promise<Answer> => {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, ...more }),
  });
  return (await response.json()) as Answer;
};

const bySocket = (query: string, more: object = {}): Promise<Answer> =>
  new Promise((resolve) => {
    let answer: Answer = {};
    socket.subscribe<Record<string, unknown>>(
      { query, ...more },
      {
        next: (value) => {
          answer = value as Answer;
        },
        error: (errors) => resolve({ errors: errors as Answer['errors'] & object }),
        complete: () => resolve(answer),
      },
    );
  });

const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels: number): string => `${'{"a": '.repeat(levels)}1${'}'.repeat(levels)}`.replaceAll('"', '');
const chain = (length: number): string =>
  `${repeat(length, (i) => `fragment F${i} on Query { ...F${i + 1} }`)} fragment F${length} on Query { slow }`;
const repeat = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join(' ');
const nest = (depth: number) =>
  `query { __schema { types { ${'fields { type { '.repeat(depth)}name${' } }'.repeat(depth)} } } }`;

describe.each([
  ['HTTP', byHttp],
  ['WebSocket', bySocket],
])('by %s', (_, ask) => {
  /** Returns the processor time that it takes to refuse it, in milliseconds: a busy machine adds nothing to it. */
  const refused = async (query: string, code: string, more?: object): Promise<number> => {
    await ask('{ greeting(name: "warm") }');
    const started = process.cpuUsage();
    const answer = await ask(query, more);
    const { user, system } = process.cpuUsage(started);
    expect(answer.data ?? undefined).toBeUndefined();
    expect(answer.errors![0]!.extensions['code']).toBe(code);
    expect(answer.errors!.length).toBeLessThan(10);
    return (user + system) / 1_000;
  };

  it('alias floods, of __typename as well, are refused fast', async () => {
    await refused(`{ ${repeat(101, (i) => `a${i}: __typename`)} }`, 'OPERATION_TOO_COMPLEX');
    const ms = await refused(`{ ${repeat(2000, (i) => `a${i}: greeting(name: "x")`)} }`, 'GRAPHQL_PARSE_FAILED');
    expect(ms).toBeLessThan(500);
    await refused(
      `{ book(id: 1) { ...F } } fragment F on Book { ${repeat(40, (i) => `t${i}: title`)} }`,
      'OPERATION_TOO_COMPLEX',
    );
  });

  it('field and root-field floods', async () => {
    await refused(`{ ${'greeting(name: "x") '.repeat(50)} }`, 'OPERATION_TOO_COMPLEX');
    const ms = await refused(`{ book(id: 1) { ${'title '.repeat(5000)} } }`, 'OPERATION_TOO_COMPLEX');
    expect(ms).toBeLessThan(500);
  });

  it.each([
    ['comments', `${'#\n'.repeat(10_001)}{ slow }`],
    ['a block string', `{ greeting(name: """${'\n'.repeat(10_001)}""") }`],
    ['a block string, by another line break', `{ greeting(name: """${'\r'.repeat(10_001)}""") }`],
  ])('floods of lines, whatever their tokens are: of %s', async (_, query) => {
    await refused(query, 'OPERATION_TOO_COMPLEX');
  });

  it('variable floods, of another operation of the document as well', async () => {
    const variables = repeat(501, (i) => `$v${i}: Int`);
    await refused(`query (${variables}) { slow }`, 'OPERATION_TOO_COMPLEX');
    await refused(`query A { slow } query B(${variables}) { slow }`, 'OPERATION_TOO_COMPLEX', { operationName: 'A' });
  });

  it('directive floods', async () => {
    await refused(`{ greeting(name: "x") ${'@include(if: true) '.repeat(60)} }`, 'OPERATION_TOO_COMPLEX');
    await refused('{ __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }', 'GRAPHQL_VALIDATION_FAILED');
  });

  it('depth, also through fragments', async () => {
    await refused(nest(30), 'OPERATION_TOO_COMPLEX');
    const [inner, outer] = [15, 10].map((n) => (set: string) => `${'{ ... '.repeat(n - 1)}${set}${' }'.repeat(n - 1)}`);
    const query = `${outer!('{ ...F }')} fragment G on Query { ...F } fragment F on Query ${inner!('{ slow }')}`;
    expect((await ask(query)).errors![0]!.message).toBe('The operation is 25 levels deep; at most 20 are accepted.');
  });

  it('cycles and bombs of fragments', async () => {
    await refused('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }', 'OPERATION_TOO_COMPLEX');
    const bomb = repeat(60, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
    const ms = await refused(
      `{ ...F0 } ${bomb} fragment F60 on Query { x: greeting(name: "x") }`,
      'OPERATION_TOO_COMPLEX',
    );
    expect(ms).toBeLessThan(500);
  });

  it('overlapping inline fragments', async () => {
    const fields = repeat(800, () => '... on Book { title }');
    expect(await refused(`{ book(id: 1) { ${fields} } }`, 'OPERATION_TOO_COMPLEX')).toBeLessThan(500);
  });

  it('names that are a prototype', async () => {
    await refused('{ __proto__: greeting(name: "x") }', 'BAD_USER_INPUT');
    await refused('query($__proto__: String!) { greeting(name: $__proto__) }', 'BAD_USER_INPUT');
    const variables = JSON.parse('{ "n": "x", "__proto__": { "polluted": true } }') as object;
    const query = 'query($n: String!) { constructor: greeting(name: $n) toString: greeting(name: $n) }';
    expect(await ask(query, { variables })).toEqual({ data: { constructor: 'Hello x', toString: 'Hello x' } });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('two attempts with credentials in one document', async () => {
    await refused('mutation { a: count b: count }', 'OPERATION_TOO_COMPLEX');
    await refused(
      'mutation { ...A ...B } fragment A on Mutation { count } fragment B on Mutation { b: count }',
      'OPERATION_TOO_COMPLEX',
    );
    expect((await ask('mutation { count }')).errors).toBeUndefined();
  });

  it.each([
    ['lists in an argument', (n: number) => `{ greeting(name: ${lists(n)}) }`],
    ['objects in an argument', (n: number) => `{ greeting(name: ${objects(n)}) }`],
    ['lists that never end', (n: number) => `{ greeting(name: ${'['.repeat(n)}`],
    ['the default of a variable', (n: number) => `query ($v: [String] = ${lists(n)}) { book(id: 1) { title } }`],
    ['the argument of a directive', (n: number) => `{ greeting(name: "x") @include(if: ${lists(n)}) }`],
    ['the type of a variable', (n: number) => `query ($v: ${'['.repeat(n)}Int${']'.repeat(n)}) { slow }`],
  ])('values nested too deep: %s', async (_, query) => {
    for (const levels of [33, 3_000]) {
      const answer = await ask(query(levels));
      expect(answer.errors![0]!.extensions).toMatchObject({ code: 'OPERATION_TOO_COMPLEX', limit: 'MAX_VALUE_DEPTH' });
    }
    const fits = await ask(query(20));
    expect(fits.errors![0]!.extensions['code']).toMatch(/^GRAPHQL_/);
  });

  it.each([
    ['a variable', (value: unknown) => ({ variables: { n: 'x', unused: value } })],
    ['a variable that is used', (value: unknown) => ({ variables: { n: value } })],
    ['an extension', (value: unknown) => ({ extensions: { anything: { inside: value } } })],
  ])('values nested too deep: %s', async (_, more) => {
    const query = 'query ($n: String!) { greeting(name: $n) }';
    for (const levels of [33, 1_000]) {
      const [error] = (await ask(query, more(JSON.parse(lists(levels))))).errors!;
      expect(error).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', limit: 'MAX_VALUE_DEPTH' } });
      expect(error!.message).toMatch(/^(variables|extensions)\.\w+ has more than 32 levels/);
    }
  });

  it.each([
    ['inline fragments', (n: number) => `${'{ ... '.repeat(n)}{ greeting(name: "x") }${' }'.repeat(n)}`],
    ['fragments on types', (n: number) => `${'{ ... on Query '.repeat(n)}{ slow }${' }'.repeat(n)}`],
    ['fields', (n: number) => `${'{ a '.repeat(n)}${'}'.repeat(n)}`],
    ['sets that never end', (n: number) => '{ ... '.repeat(n)],
    [
      'fragments that are not used',
      (n: number) => `{ slow } fragment F on Query ${'{ ... '.repeat(n)}{ slow }${' }'.repeat(n)}`,
    ],
    ['a chain of fragments', (n: number) => `{ ...F0 } ${chain(n)}`],
    ['a chain of fragments that is not used', (n: number) => `{ slow } ${chain(n)}`],
    ['another operation', (n: number) => `query A { slow } query B ${'{ ... '.repeat(n)}{ slow }${' }'.repeat(n)}`],
  ])('selections nested too deep: %s', async (_, query) => {
    for (const levels of [21, 900]) {
      const [error] = (await ask(query(levels))).errors!;
      expect(error!.extensions).toMatchObject({ code: 'OPERATION_TOO_COMPLEX', limit: 'MAX_DEPTH' });
    }
  });

  it.each([
    ['a field', `{ book(id: 1) { ${'title '.repeat(257)} } }`],
    ['fragments', `{ book(id: 1) { ${repeat(257, () => '... on Book { title }')} } }`],
    ['fragments that are not used', `{ slow } fragment F on Book { ${'title '.repeat(257)} }`],
  ])('more selections in one set than validation should compare: %s', async (_, query) => {
    await refused(query, 'OPERATION_TOO_COMPLEX');
  });

  it('what is nested as deep as allowed is answered', async () => {
    const query = `${'{ ... '.repeat(19)}{ greeting(name: "x") }${' }'.repeat(19)}`;
    expect(await ask(query)).toEqual({ data: { greeting: 'Hello x' } });
  });

  it('a text that cannot be stored is refused by name, wherever it stands', async () => {
    const query = 'query ($n: String!) { greeting(name: $n) }';
    for (const text of ['a\0b', '\ud800', 'x\udc00y', '\udc00\ud800']) {
      const [error] = (await ask(query, { variables: { n: text } })).errors!;
      expect(error!.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'n' });
    }
    const literal = await ask('{ greeting(name: "a\\u0000b") }');
    expect(literal.errors![0]).toMatchObject({
      message: 'name holds a NUL character or half a surrogate pair; remove it.',
      extensions: { code: 'BAD_USER_INPUT', argument: 'name' },
    });
    const whole = await ask(query, { variables: { n: '\u{1f600}\uffff' } });
    expect(whole.data).toEqual({ greeting: 'Hello \u{1f600}\uffff' });
  });

  it('partial data: what is forbidden is null with a code, the rest is answered', async () => {
    const answer = await ask('{ greeting(name: "x") secret }');
    expect(answer.data).toEqual({ greeting: 'Hello x', secret: null });
    expect(answer.errors).toMatchObject([{ path: ['secret'], extensions: { code: 'UNAUTHENTICATED' } }]);
  });

  it('the cost is told when asked for', async () => {
    const answer = await ask('{ book(id: 1) { title } }', { extensions: { cost: true } });
    expect(answer).toMatchObject({ extensions: { cost: { estimated: 1, limit: 25_000 } } });
  });
});

it.each(['1e400', '-1e400', '[1, [2e999]]', '{"a": {"b": 1e309}}', `1${'0'.repeat(309)}`])(
  'a number beyond what JSON can say again is refused by name, and not taken for null: %s',
  async (value) => {
    const query = 'query ($n: String) { greeting(name: $n) }';
    const headers = { 'content-type': 'application/json', 'apollo-require-preflight': '1' };
    const variables = `{"m":null,"n":${value}}`;
    const answers = await Promise.all([
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers,
        body: `{"query":"${query}","variables":${variables}}`,
      }),
      fetch(`${gateway.url}/graphql?${new URLSearchParams({ query, variables })}`, { headers }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(400);
      const { errors } = (await answer.json()) as { errors: { message: string }[] };
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', argument: 'variables.n' } }]);
      expect(errors[0]!.message).toMatch(/^variables\.n has a number/);
    }
  },
);

it('JSON that is nested too deeply does not bring the gateway down', async () => {
  const body = `{"query":"{ greeting(name: \\"x\\") }","variables":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('MAX_VALUE_DEPTH');
  const search = new URLSearchParams({ query: '{ slow }', variables: `{"x":${lists(1_000)}}` });
  const byGet = await fetch(`${gateway.url}/graphql?${search}`, { headers: { 'apollo-require-preflight': '1' } });
  expect(await byGet.text()).toContain('MAX_VALUE_DEPTH');
  const unread = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"query":"{ greeting(name: \\"x\\") }","anything":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  });
  expect(unread.status).toBe(400);
  expect(await unread.text()).toContain('body has more than 2000 levels');
  expect((await byHttp('{ greeting(name: "x") }')).data).toEqual({ greeting: 'Hello x' });
});
