import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { originalOf, textBlobOf } from './documents/places.ts';
import { recognisePages } from './documents/recognise-pages.ts';
import { SHARED_TENANT, tenantOf } from './indexes.ts';
import { MemoryWorld, user } from './testing/memory-world.ts';

type User = ReturnType<typeof user>;
const TEXT = ['Tides', 'Winds', 'Stars'].map((word) => `# ${word}\n\nWhat is known of them.`).join('\n\n');

let world: MemoryWorld;
beforeAll(async () => {
  world = await MemoryWorld.open();
}, 120_000);
afterAll(() => world[Symbol.asyncDispose]());

async function add(by: User): Promise<string> {
  const { data, message } = await world.ask(
    by,
    'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }',
    { input: { title: 'Almanac', text: TEXT, format: 'MARKDOWN' } },
  );
  if (!data) throw new Error(message);
  await world.idle();
  return data.addDocument.document.id;
}

/** What a killed process leaves: a job, which another one begins. Adding a document makes this one look for it. */
async function leaveJob(kind: 'ingest-document' | 'recognise-pages', documentId: string, { userId }: User) {
  const payload = { documentId, ownerId: userId };
  await world.db.job.create({ data: { id: randomUUID(), kind, key: documentId, payload, userId } });
  await add(user());
}

const textsOf = async (tenant: string, documentId: string): Promise<string[]> => {
  const { objects } = await (await world.vectors()).list({ space: 'knowledge', tenant }, { limit: 100 });
  return objects.filter(({ properties }) => properties['documentId'] === documentId).map(({ text }) => text);
};

describe('a document whose process was killed', () => {
  it('and that was renamed and shared before it went on is found by its new name, all of it, by everybody', async () => {
    const admin = user(undefined, 'admin');
    const id = await add(admin);
    await world.db.document.update({ where: { id }, data: { status: 'PROCESSING', done: 2 } });
    const change = 'mutation ($input: UpdateDocumentInput!) { updateDocument(input: $input) { document { id } } }';
    const { code } = await world.ask(admin, change, { input: { id, title: 'Yearbook', access: 'SHARED' } });
    expect(code).toBeUndefined();
    await world.idle();
    expect(await world.db.document.findUnique({ where: { id } })).toMatchObject({ status: 'READY', done: 3, total: 3 });
    const shared = await textsOf(SHARED_TENANT, id);
    expect(shared).toHaveLength(3);
    for (const text of shared) expect(text).toMatch(/^Yearbook/);
    expect(await textsOf(tenantOf(admin.userId), id)).toEqual([]);
  });

  it.each(['ingest-document', 'recognise-pages'] as const)(
    'after it was deleted leaves nothing in the index and among the files (%s)',
    async (kind) => {
      const me = user();
      const other = await add(me);
      const place = { space: 'knowledge', tenant: tenantOf(me.userId) };
      const store = await world.vectors();
      const [object] = (await store.list(place, { limit: 1, includeVectors: true })).objects;
      // The deletion had been there already when the killed process stored this.
      const deleted = randomUUID();
      const left = { ...object!, id: randomUUID(), properties: { documentId: deleted }, vectors: object!.vectors! };
      await store.upsert(place, [left]);
      await world.blobs.put(textBlobOf(deleted), Buffer.from(TEXT), { maxBytes: 1_000 });
      await leaveJob(kind, deleted, me);
      expect(await textsOf(place.tenant, deleted)).toEqual([]);
      expect(await textsOf(place.tenant, other)).toHaveLength(3);
      expect(await world.blobs.head(textBlobOf(deleted))).toBeUndefined();
    },
  );

  it('is never PROCESSING for ever: what was read in its pictures is lost, and it is read again', async () => {
    const me = user();
    const id = await add(me);
    const [problem, problemCode] = ['An earlier problem.', 'FAILED'];
    await world.db.document.update({
      where: { id },
      data: { status: 'PROCESSING', done: 0, total: 0, problem, problemCode },
    });
    await leaveJob('recognise-pages', id, me);
    const ready = { status: 'READY', done: 3, problem: null, problemCode: null };
    expect(await world.db.document.findUnique({ where: { id } })).toMatchObject(ready);
  });

  it('is never PROCESSING for ever: the file itself is lost, and its owner is told', async () => {
    const me = user();
    const id = await add(me);
    await world.db.document.update({ where: { id }, data: { status: 'PROCESSING', done: 0, total: 0 } });
    const pages = Buffer.from(JSON.stringify({ pages: [1], texts: {} }));
    await world.blobs.put(originalOf(id).replace(/original$/, 'recognised'), pages, { maxBytes: 1_000 });
    await world.blobs.delete(originalOf(id));
    await leaveJob('recognise-pages', id, me);
    const failed = { status: 'FAILED', problem: 'The uploaded file is gone: upload it again.' };
    expect(await world.db.document.findUnique({ where: { id } })).toMatchObject(failed);
  });

  it('is read with the text that its pages have where their pictures cannot be read, and FAILED where one has none', async () => {
    const me = user();
    const unread = async (stamped: readonly number[]) => {
      const id = await add(me);
      await world.db.document.update({ where: { id }, data: { status: 'PROCESSING', done: 0, total: 0 } });
      const pages = Buffer.from(JSON.stringify({ pages: [1, 2], stamped, texts: { 2: 'Known.' } }));
      await world.blobs.put(originalOf(id).replace(/original$/, 'recognised'), pages, { maxBytes: 1_000 });
      return id;
    };
    // It is not a PDF: its pages cannot be drawn.
    const [whole, lacking] = [await unread([1]), await unread([])];
    await leaveJob('recognise-pages', whole, me);
    await leaveJob('recognise-pages', lacking, me);
    expect(await world.db.document.findUnique({ where: { id: whole } })).toMatchObject({ status: 'READY', done: 3 });
    expect(await world.db.document.findUnique({ where: { id: lacking } })).toMatchObject({ status: 'FAILED' });
    // Given up again and again, as where vision fails lastingly.
    const queued: unknown[] = [];
    const slow = { enqueue: async (_: unknown, ...job: unknown[]) => queued.push(job) };
    const { parked } = recognisePages({ blobs: world.blobs, db: world.db, slow } as never);
    const payload = { documentId: await unread([1]), ownerId: me.userId };
    await parked!(payload, '', undefined as never);
    expect(queued).toEqual([['ingest-document', payload, { key: payload.documentId, userId: me.userId }]]);
  });
});
