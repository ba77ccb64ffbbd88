import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { MemoryWorld, user } from '../testing/memory-world.ts';

let world: MemoryWorld;
beforeAll(async () => {
  world = await MemoryWorld.open();
  // Starts the model: what is stored is found by the next search if it is in the index within three seconds.
  await found(user(), 'anything');
});
afterAll(() => world[Symbol.asyncDispose]());

const FIELDS = `id text kind importance pinned isValid validFrom validUntil origin
  supersededBy { id } supersedes { id text } conversation { id } user { id } source { quote }`;

async function remember(who: ReturnType<typeof user>, ...memories: object[]) {
  const answer = await world.ask(
    who,
    `mutation ($input: RememberInput!) { remember(input: $input) { memories { ${FIELDS} } } }`,
    { input: { memories } },
  );
  return { ...answer, memories: answer.data?.remember?.memories };
}
const search = async (who: ReturnType<typeof user>, input: object) =>
  world.ask(
    who,
    `query ($input: SearchMemoriesInput!) { searchMemories(input: $input) { degraded matches { score memory { ${FIELDS} }
      parts { relevance relevanceWeight recency recencyWeight importance importanceWeight similarity keyword } } } }`,
    { input },
  );
const found = async (who: ReturnType<typeof user>, query: string, more: object = {}) =>
  (await search(who, { query, ...more })).data.searchMemories.matches.map(
    (match: { memory: { text: string } }) => match.memory.text,
  );
const list = async (who: ReturnType<typeof user>, args = '') =>
  (
    await world.ask(
      who,
      `{ memories(${args || 'first: 50'}) { totalCount nodes { ${FIELDS} } pageInfo { hasNextPage endCursor } } }`,
    )
  ).data.memories;

describe('a memory stored by hand', () => {
  it('is found at once by its words and by its meaning, with the parts of its score', async () => {
    const me = user();
    await remember(
      me,
      { text: 'The spare key is under the blue flowerpot.' },
      { text: 'Grandmother was born in 1931 in Bergen.' },
    );
    expect((await found(me, 'blue flowerpot'))[0]).toContain('flowerpot');
    expect((await found(me, 'When did my granny come into the world?'))[0]).toContain('1931');
    const { score, parts } = (await search(me, { query: 'spare key' })).data.searchMemories.matches[0];
    expect(parts.recency).toBeCloseTo(1, 2);
    expect(parts.importance).toBe(0.5);
    expect(parts.similarity).toBeGreaterThan(0.3);
    expect(parts.keyword).toBeGreaterThan(0);
    expect(score).toBeCloseTo(
      parts.relevance * parts.relevanceWeight +
        parts.recency * parts.recencyWeight +
        parts.importance * parts.importanceWeight,
      6,
    );
  });

  it('is not stored twice, however it is written and however many ask at once', async () => {
    const me = user();
    const same = ['I like green tea.', 'i like GREEN tea', ' I  like green tea! '];
    const [first, ...others] = (await remember(me, ...same.map((text) => ({ text })))).memories;
    for (const other of others) expect(other.id).toBe(first.id);
    await Promise.all(Array.from({ length: 5 }, () => remember(me, { text: 'Said by five at once' })));
    expect((await list(me)).totalCount).toBe(2);
  });

  it('takes the place of an older one, which stays readable with the time until which it was true', async () => {
    const me = user();
    const [older] = (await remember(me, { text: 'The office is in Hamburg.' })).memories;
    const [newer] = (await remember(me, { text: 'The office is in Lisbon.', supersedesId: older.id })).memories;
    expect(newer.supersedes).toEqual([{ id: older.id, text: 'The office is in Hamburg.' }]);
    expect(await found(me, 'Where is the office?')).toEqual(['The office is in Lisbon.']);
    const all = await found(me, 'Where is the office?', { filter: { includeSuperseded: true } });
    expect(all).toHaveLength(2);
    const { nodes } = await list(me, 'filter: { includeSuperseded: true }');
    expect(nodes[1]).toMatchObject({ isValid: false, supersededBy: { id: newer.id }, validUntil: newer.validFrom });
    const again = await remember(me, { text: 'Nothing of the kind', supersedesId: older.id });
    expect(again.code).toBe('BAD_USER_INPUT');
  });

  it('is ordered by importance among the equally relevant', async () => {
    const me = user();
    await remember(
      me,
      { text: 'Dentist appointment at Miller street', importance: 0.1 },
      { text: 'Dentist appointment at Tower street', importance: 1 },
    );
    expect((await found(me, 'dentist appointment'))[0]).toContain('Tower');
  });

  it('is edited: found by its new text and no longer by its old', async () => {
    const me = user();
    const [{ id }] = (await remember(me, { text: 'The meeting is on Monday' })).memories;
    const edited = await world.ask(
      me,
      'mutation ($input: EditMemoryInput!) { editMemory(input: $input) { memory { id text importance } } }',
      { input: { id, text: 'The workshop is on Thursday', importance: 0.9 } },
    );
    expect(edited.data.editMemory.memory).toEqual({ id, text: 'The workshop is on Thursday', importance: 0.9 });
    expect(await found(me, 'workshop Thursday', { mode: 'KEYWORD' })).toEqual(['The workshop is on Thursday']);
    expect(await found(me, 'meeting Monday', { mode: 'KEYWORD' })).toEqual([]);
  });

  it('is forgotten: gone from the database and from the index, with what it superseded', async () => {
    const me = user();
    const [older] = (await remember(me, { text: 'A secret of old' })).memories;
    const [newer] = (await remember(me, { text: 'A secret of today', supersedesId: older.id })).memories;
    const before = (await world.indexed())['memories']!;
    const answer = await world.ask(
      me,
      'mutation ($input: ForgetInput!) { forget(input: $input) { deletedIds pending } }',
      {
        input: { ids: [newer.id] },
      },
    );
    expect(answer.data.forget.deletedIds.sort()).toEqual([older.id, newer.id].sort());
    expect(answer.data.forget.pending).toBe(false);
    expect((await world.indexed())['memories']).toBe(before - 2);
    expect(await found(me, 'secret', { filter: { includeSuperseded: true } })).toEqual([]);
    expect((await list(me)).totalCount).toBe(0);
  });

  it('is forgotten with all others, however many they are', async () => {
    const me = user();
    await world.db.$executeRaw`
      INSERT INTO memories (id, user_id, text, fingerprint, kind, importance, origin, valid_from)
      SELECT gen_random_uuid(), ${me.userId}, 'Number ' || n, 'number ' || n, 'FACT', 0.5, 'MANUAL', now()
      FROM generate_series(1, 40000) n`;
    const forget = 'mutation { forget(input: { everything: true }) { deletedIds } }';
    const answer = await world.ask(me, forget);
    expect(answer.message).toBeUndefined();
    expect(answer.data.forget.deletedIds).toHaveLength(40_000);
    expect((await list(me)).totalCount).toBe(0);
    await world.idle();
  });

  it('says that the index has still to forget where the index is away, and is forgotten there when it is back', async () => {
    const me = user();
    const [memory] = (await remember(me, { text: 'A secret that the index holds' })).memories;
    const vectors = await world.vectors();
    const before = (await world.indexed())['memories']!;
    const away = vi
      .spyOn(vectors, 'delete')
      .mockRejectedValue(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    onTestFinished(() => away.mockRestore());
    const answer = await world.ask(
      me,
      'mutation ($input: ForgetInput!) { forget(input: $input) { deletedIds pending } }',
      { input: { ids: [memory.id] } },
    );
    expect(answer.data.forget).toEqual({ deletedIds: [memory.id], pending: true });
    expect(await found(me, 'secret')).toEqual([]);
    away.mockRestore();
    await expect.poll(async () => (await world.indexed())['memories']).toBe(before - 1);
  });

  it('is not forgotten by a call that says nothing about which', async () => {
    const me = user();
    await remember(me, { text: 'Keep me' });
    for (const input of [{}, { everything: false }, { ids: ['x'], everything: true }]) {
      const answer = await world.ask(me, 'mutation ($input: ForgetInput!) { forget(input: $input) { deletedIds } }', {
        input,
      });
      expect(answer.code).toBe('BAD_USER_INPUT');
    }
    expect((await list(me)).totalCount).toBe(1);
  });

  it('comes in pages that miss nothing and repeat nothing', async () => {
    const me = user();
    await remember(me, ...Array.from({ length: 25 }, (_, i) => ({ text: `Number ${i} of many` })));
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page: { nodes: { text: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } = await list(
        me,
        `first: 10${after ? `, after: "${after}"` : ''}`,
      );
      seen.push(...page.nodes.map((node) => node.text));
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage;
    }
    expect(new Set(seen).size).toBe(25);
    expect(seen).toHaveLength(25);
    expect(seen[0]).toContain('24');
  });

  it('is exported by a link that needs no credentials', async () => {
    const me = user();
    await remember(me, { text: 'Export me', pinned: true });
    const { url } = (await world.ask(me, 'mutation { exportMemory { url expiresAt } }')).data.exportMemory;
    const response = await world.fetch(url);
    expect(response.headers.get('content-disposition')).toContain('attachment');
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({ type: 'export', userId: me.userId }),
      expect.objectContaining({ type: 'memory', text: 'Export me', pinned: true }),
    ]);
    expect((await world.fetch(url.replace(me.userId, user().userId))).status).toBe(403);
  });
});

describe('memories of another user', () => {
  it('are not read, found, changed or forgotten', async () => {
    const [me, other] = [user(), user()];
    const [{ id }] = (await remember(me, { text: 'My diary is in the attic' })).memories;
    expect((await world.ask(other, `{ memory(id: "${id}") { text } }`)).data.memory).toBeNull();
    expect(await found(other, 'diary attic')).toEqual([]);
    const edit = `mutation { editMemory(input: { id: "${id}", text: "x" }) { memory { id } } }`;
    expect((await world.ask(other, edit)).code).toBe('NOT_FOUND');
    const forget = `mutation { forget(input: { ids: ["${id}"] }) { deletedIds } }`;
    expect((await world.ask(other, forget)).data.forget.deletedIds).toEqual([]);
    const entity = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Memory { text } ... on User { memories(first: 5) { totalCount } } } }`;
    const representations = [
      { __typename: 'Memory', id },
      { __typename: 'User', id: me.userId },
    ];
    const stranger = await world.ask(other, entity, { r: representations });
    expect(stranger.data._entities).toEqual([null, { memories: null }]);
    expect(stranger.code).toBe('FORBIDDEN');
    const admin = await world.ask(user(other.userId, 'admin'), entity, { r: representations });
    expect(admin.code).toBe('FORBIDDEN');
    const owner = await world.ask(me, entity, { r: representations });
    expect(owner.data._entities).toEqual([{ text: 'My diary is in the attic' }, { memories: { totalCount: 1 } }]);
  });

  it('need the scope', async () => {
    const reader = { ...user(), scopes: ['memory:read'] };
    expect((await remember(reader, { text: 'x' })).code).toBe('FORBIDDEN');
    expect((await search({ ...user(), scopes: [] }, { query: 'x' })).code).toBe('FORBIDDEN');
  });
});

describe('bad input names the argument and the limit:', () => {
  it.each([
    [{ text: '' }, 'input.memories.0.text'],
    [{ text: 'x'.repeat(2001) }, 'input.memories.0.text'],
    [{ text: 'a\0b' }, 'input.memories.0.text'],
    [{ text: 'x', importance: 1.5 }, 'input.memories.0.importance'],
    [{ text: 'x', supersedesId: 'nonsense' }, 'input.memories.0.supersedesId'],
  ])('%j', async (memory, argument) => {
    const answer = await remember(user(), memory);
    expect(answer.code).toBe('BAD_USER_INPUT');
    expect(answer.extensions?.['argument']).toBe(argument);
  });

  it('too many at once, a page too large, a wrong cursor, an empty or endless query', async () => {
    const me = user();
    expect((await remember(me, ...Array(201).fill({ text: 'x' }))).code).toBe('BAD_USER_INPUT');
    expect((await world.ask(me, '{ memories(first: 201) { totalCount } }')).code).toBe('BAD_USER_INPUT');
    expect((await world.ask(me, '{ memories(after: "eA") { totalCount } }')).code).toBe('BAD_USER_INPUT');
    expect((await search(me, { query: ' ' })).code).toBe('BAD_USER_INPUT');
    expect((await search(me, { query: 'x'.repeat(4001) })).code).toBe('BAD_USER_INPUT');
    expect((await search(me, { query: 'x', limit: 0 })).code).toBe('BAD_USER_INPUT');
  });
});
