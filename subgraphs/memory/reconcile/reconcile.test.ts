import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VECTORS_RESTORED_TOPIC } from '#platform/contracts/topics.ts';
import { JobRunner } from '#platform/data/jobs/job-runner.ts';
import { INDEX_NAMES, tenantOf } from '../indexes.ts';
import type { Transaction } from '../parts.ts';
import { MemoryWorld, user } from '../testing/memory-world.ts';
import { queueDue } from './queue-reconciling.ts';
import { RECONCILE_INDEX } from './reconcile-index.ts';

const log = pino({ level: 'silent' });

const REMEMBER = `mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }`;
const SEARCH = `query ($input: SearchMemoriesInput!) { searchMemories(input: $input) { matches { memory { id text } } } }`;
const ADD = `mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }`;
const KNOWLEDGE = `query ($input: SearchKnowledgeInput!) { searchKnowledge(input: $input) { matches { passage { text } } } }`;
const RECALL = `query ($input: RecallInput!) { recall(input: $input) { items { text } degraded } }`;
const REINDEX = 'mutation { reindexMemory { status { indexes { name } } } }';

describe('an index that does not agree with its rows', () => {
  let world: MemoryWorld;
  const [me, other, admin] = [user(), user(), user(undefined, 'admin')];
  beforeAll(async () => {
    world = await MemoryWorld.open();
  }, 120_000);
  afterAll(() => world[Symbol.asyncDispose]());

  const remember = async (text: string, by = me): Promise<string> => {
    const answer = await world.ask(by, REMEMBER, { input: { memories: [{ text }] } });
    await world.idle();
    return answer.data.remember.memories[0].id;
  };
  const found = async (query: string, by = me): Promise<string[]> => {
    const { data, message } = await world.ask(by, SEARCH, { input: { query, limit: 20 } });
    if (!data) throw new Error(message);
    return data.searchMemories.matches.map((match: { memory: { id: string } }) => match.memory.id);
  };
  const passages = async (query: string): Promise<string[]> => {
    const { data, message } = await world.ask(me, KNOWLEDGE, { input: { query, limit: 10 } });
    if (!data) throw new Error(message);
    return data.searchKnowledge.matches.map((match: { passage: { text: string } }) => match.passage.text);
  };

  it('that was emptied under the running product is made of its rows again, on command', async () => {
    const mine = await remember('My lighthouse keeper is called Ines.');
    const theirs = await remember('My harbour master is called Jonas.', other);
    const text = '# Tides\n\nThe spring tide comes twice a month.\n\n# Winds\n\nThe north wind is called Boreas.';
    await world.ask(me, ADD, { input: { title: 'Almanac', text, format: 'MARKDOWN' } });
    const at = new Date().toISOString();
    const said = 'The compass lies in the second drawer.';
    const conversationId = randomUUID();
    const recalled = async (): Promise<string[]> => {
      const { data } = await world.ask(me, RECALL, { input: { query: 'compass', conversationId } });
      return data.recall.items.map((item: { text: string }) => item.text);
    };
    await world.tell('message.completed', {
      messageId: randomUUID(),
      conversationId,
      userId: me.userId,
      role: 'USER',
      text: said,
      at,
    });
    expect(await recalled()).toContain(said);
    expect((await world.indexed())['messages']).toBe(1);
    await world.idle();
    const before = await world.indexed();

    const store = await world.vectors();
    for (const name of INDEX_NAMES) await store.deleteSpace(name);
    // Not an error: an empty store finds nothing.
    expect(await found('lighthouse keeper')).toEqual([]);
    expect(await world.ask(me, REINDEX)).toMatchObject({ code: 'FORBIDDEN' });
    expect((await world.ask(admin, REINDEX)).code).toBeUndefined();
    await world.idle();
    expect(await world.indexed()).toEqual({ ...before, messages: 0 });
    expect(await recalled()).toContain(said);
    expect(await world.indexed()).toEqual(before);
    expect(await found('lighthouse keeper')).toContain(mine);
    expect(await found('harbour master', other)).toEqual([theirs]);
    expect((await passages('spring tide'))[0]).toContain('spring tide');
  }, 60_000);

  it('after a restore of an earlier state finds what was stored since, and nothing that was forgotten since', async () => {
    const store = await world.vectors();
    const forgotten = await remember('My safe opens with four sevens.');
    const gone = user();
    await remember('I keep a parrot.', gone);
    await store.backups.create('early');
    await expect.poll(async () => (await store.backups.get('early'))?.status, { timeout: 20_000 }).toBe('SUCCEEDED');

    await world.ask(me, 'mutation ($input: ForgetInput!) { forget(input: $input) { deletedIds } }', {
      input: { ids: [forgotten] },
    });
    await world.tell('user.deleted', { userId: gone.userId, at: new Date().toISOString() });
    const later = await remember('My boat is called Argo.');
    await expect.poll(() => world.db.memory.count({ where: { userId: gone.userId } }), { timeout: 10_000 }).toBe(0);
    await world.idle();

    await store.backups.restore('early');
    expect(await store.tenants('memories')).toContain(tenantOf(gone.userId));
    await world.topics.publish(VECTORS_RESTORED_TOPIC, { backup: 'early' });
    await expect.poll(() => found('boat called Argo'), { timeout: 20_000 }).toContain(later);
    await world.idle();
    expect(await found('safe opens with four sevens')).not.toContain(forgotten);
    expect(await store.get({ space: 'memories', tenant: tenantOf(me.userId) }, [forgotten])).toEqual([]);
    expect(await store.tenants('memories')).not.toContain(tenantOf(gone.userId));
  }, 60_000);

  it('says something else than its rows: a memory and the title of a document are put right', async () => {
    const id = await remember('I play the cello.');
    const store = await world.vectors();
    const at = { space: 'memories', tenant: tenantOf(me.userId) };
    const [object] = await store.get(at, [id], { includeVectors: true });
    await store.upsert(at, [{ ...object!, text: 'I play the drums.', vectors: object!.vectors! }]);
    await world.db.document.updateMany({ data: { title: 'Yearbook' } });
    await world.ask(admin, REINDEX);
    await world.idle();
    expect((await store.get(at, [id]))[0]?.text).toBe('I play the cello.');
    const { objects } = await store.list({ space: 'knowledge', tenant: tenantOf(me.userId) }, { limit: 10 });
    expect(objects.every(({ text }) => text.startsWith('Yearbook'))).toBe(true);
  }, 60_000);

  it('holds as many texts as there are rows, and not theirs: it is compared in whole once a day', async () => {
    const store = await world.vectors();
    const mine = await remember('I keep two ferrets.');
    const at = { space: 'memories', tenant: tenantOf(me.userId) };
    const [object] = await store.get(at, [mine], { includeVectors: true });
    // What a killed process forgot to take out stands beside what another one forgot to put in.
    const stranger = { ...object!, id: randomUUID(), text: 'What was forgotten.', vectors: object!.vectors! };
    await store.upsert(at, [stranger]);
    await store.delete(at, [mine]);
    await world.db.job.deleteMany({ where: { kind: RECONCILE_INDEX } });
    const slow = new JobRunner<Transaction>(world.db, { owner: 'memory', log, metrics: new Registry() });
    await queueDue({ db: world.db, slow, log });
    // The runner of the product looks for work when some comes.
    await world.ask(me, ADD, { input: { title: 'Note', text: 'A note.' } });
    await world.idle();
    expect((await store.get(at, [stranger.id, mine])).map(({ id }) => id)).toEqual([mine]);
    await queueDue({ db: world.db, slow, log });
    expect(await world.db.job.count({ where: { kind: RECONCILE_INDEX, state: { not: 'DONE' } } })).toBe(0);
  }, 60_000);

  it('holds the passages of a document that failed in the middle: they are taken out', async () => {
    const { data } = await world.ask(me, ADD, { input: { title: 'Torn', text: 'A page of it.' } });
    await world.idle();
    const { id } = data.addDocument.document;
    await world.db.document.update({ where: { id }, data: { status: 'FAILED' } });
    await world.ask(admin, REINDEX);
    await world.idle();
    const { objects } = await (await world.vectors()).list(
      { space: 'knowledge', tenant: tenantOf(me.userId) },
      { limit: 100 },
    );
    expect(objects.filter(({ properties }) => properties['documentId'] === id)).toEqual([]);
  }, 60_000);
});

it('an index that was lost while the product was stopped is noticed at the start, without a command', async () => {
  const me = user();
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-reconcile-'));
  const first = await MemoryWorld.open({}, directory);
  await first.ask(me, REMEMBER, { input: { memories: [{ text: 'The key is under the mat.' }] } });
  await first.idle();
  await (await first.vectors()).deleteSpace('memories');
  await first[Symbol.asyncDispose]();
  const second = await MemoryWorld.open({}, directory);
  await expect
    .poll(
      async () =>
        (await second.ask(me, SEARCH, { input: { query: 'key mat', limit: 5 } })).data?.searchMemories.matches.length,
      {
        timeout: 20_000,
      },
    )
    .toBe(1);
  await second[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
}, 120_000);
