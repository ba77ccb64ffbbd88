import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { composeForeign, startForeignSubgraph } from './testing/foreign-subgraph.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());
const SDL = `type Query { me(n: Int): User seen: String } type User @key(fields: "id") { id: ID! name: String tags: [Tag!]! }
  type Tag { text: String } type Mutation { change: Int }`;
const seen = (_: unknown, __: unknown, headers: object) => JSON.stringify(headers);
const users = cleanup.use(
  await startForeignSubgraph(
    'users',
    `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n${SDL}`,
    {
      Query: { me: () => ({ id: '1', name: 'Ann', tags: [{ text: 'a' }] }), seen },
      Mutation: { change: () => 1 },
    },
  ),
);
const other = cleanup.use(
  await startForeignSubgraph('other', 'type Query { x: Int y: Int }', { Query: { x: () => 1, y: () => 2 } }),
);
const file = path.join(mkdtempSync(path.join(tmpdir(), 'shared-requests-')), 'gateway.yaml');
writeFileSync(
  file,
  `
  all:
    deduplicate: true
    headers: { request: [{ propagate: authorization }, { propagate: x-device }] }
  vary: [authorization]`,
);
const gateway = cleanup.use(
  await startTestGateway({}, { supergraph: { sdl: composeForeign([users, other]) }, transports: new Map(), file }),
);
/** Subgraphs that know credentials by names of their own. */
const renamingFile = path.join(path.dirname(file), 'renaming.yaml');
writeFileSync(
  renamingFile,
  `
  all:
    deduplicate: true
    headers:
      request:
        - { propagate: authorization, rename: x-upstream-token }
        - { propagate: cookie, rename: x-session }
        - { propagate: x-api-key, rename: x-key }
        - { propagate: x-tenant }
        - { propagate: x-device, rename: x-phone }
  vary: [x-tenant]`,
);
const renaming = cleanup.use(
  await startTestGateway(
    {},
    { supergraph: { sdl: composeForeign([users, other]) }, transports: new Map(), file: renamingFile },
  ),
);
async function ask(query: string, headers: Record<string, string> = {}, signal?: AbortSignal, { url } = gateway) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
    ...(signal && { signal }),
  });
  return (await answer.json()) as { data: Record<string, unknown>; errors?: unknown };
}

let open: () => void;
function close() {
  users.requests.length = 0;
  other.requests.length = 0;
  const gate = Promise.withResolvers<void>();
  users.gate = gate.promise;
  open = gate.resolve;
}
beforeEach(() => {
  users.answerHeaders = {};
  close();
});
/** Asks for all at once; the subgraph answers when all operations wait for it and `count` requests have come. */
async function together(count: number, ...asked: Promise<unknown>[]) {
  await expect.poll(() => [users.requests.length, other.requests.length]).toEqual([count, asked.length]);
  open();
  return Promise.all(asked);
}
/** The same for two that share: tried again where a busy machine has begun the second one too late to share. */
async function sharing<T>(pair: () => readonly [Promise<T>, Promise<T>]): Promise<[T, T]> {
  for (let attempt = 0; ; attempt++) {
    close();
    const asked = pair();
    await expect.poll(() => other.requests.length).toBe(2);
    await expect.poll(() => users.requests.length).toBeGreaterThan(0);
    if (users.requests.length === 1 || attempt === 20) {
      expect(users.requests).toHaveLength(1);
      open();
      return Promise.all(asked);
    }
    open();
    await Promise.all(asked);
  }
}
const first = 'query First { me { name tags { text } } x }';
const second = 'query Second { me { name tags { text } } y }';

describe('equal requests to a subgraph, of different operations at the same time', () => {
  it('are sent once, and each operation may change what it got', async () => {
    const [one, two] = await sharing(() => [ask(first), ask(second)]);
    const me = { name: 'Ann', tags: [{ text: 'a' }] };
    expect(one).toEqual({ data: { me, x: 1 } });
    expect(two).toEqual({ data: { me, y: 2 } });
    expect(users.requests).toHaveLength(1);
  });

  it('are two where a header counts that differs, and one where it does not count', async () => {
    await together(2, ask(first, { authorization: 'Bearer a' }), ask(second, { authorization: 'Bearer b' }));
    await sharing(() => [
      ask(first, { authorization: 'Bearer b', 'x-device': 'p' }),
      ask(second, { authorization: 'Bearer b', 'x-device': 'q' }),
    ]);
  });

  it.each(['authorization', 'cookie', 'x-api-key'])(
    'are two where a renamed %s differs, whatever counts',
    async (name) => {
      const asked = ['ann', 'bob'].map((who, n) => {
        const query = `query Q${n} { seen ${'xy'[n]} }`;
        return ask(query, { [name]: `a=${who}`, 'x-tenant': 't' }, undefined, renaming);
      });
      const answers = await together(2, ...asked);
      const seenBy = (answer: unknown) => JSON.stringify(answer).match(/a=\w+/)?.[0];
      expect(answers.map(seenBy)).toEqual(['a=ann', 'a=bob']);
    },
  );

  it('are one where what is renamed does not count', async () => {
    await sharing(() => [
      ask(first, { 'x-device': 'p', authorization: 'a' }, undefined, renaming),
      ask(second, { 'x-device': 'q', authorization: 'a' }, undefined, renaming),
    ]);
  });

  it('are two where the variables differ, or the mutations between them', async () => {
    await together(2, ask('query A { me(n: 1) { name } x }'), ask('query B { me(n: 2) { name } y }'));
    close();
    const before = ask(first);
    await expect.poll(() => users.requests.length).toBe(1);
    const change = ask('mutation { change }');
    await expect.poll(() => users.requests.length).toBe(2);
    const after = ask(second);
    await expect.poll(() => users.requests.length).toBe(3);
    open();
    await Promise.all([before, change, after]);
  });

  it('are never shared with their cookies', async () => {
    users.answerHeaders = { 'set-cookie': 'a=1' };
    await sharing(() => [ask(first), ask(second)]);
    expect(users.requests).toHaveLength(2);
  });

  it('go on for the one who stays when the other leaves', async () => {
    const [, answer] = await sharing<unknown>(() => {
      const leaving = new AbortController();
      const gone = ask(first, {}, leaving.signal).catch((error: Error) => error.name);
      const stays = ask(second);
      void expect
        .poll(() => other.requests.length)
        .toBe(2)
        .then(() => leaving.abort());
      return [gone, stays];
    });
    expect(answer).toEqual({ data: { me: { name: 'Ann', tags: [{ text: 'a' }] }, y: 2 } });
  });
});
