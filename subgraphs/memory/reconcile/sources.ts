import type { StoredObject } from '#retrieval/vectors/vector-store.ts';
import { INGEST_DOCUMENT, indexedText } from '../documents/ingest.ts';
import { tenantOfDocument } from '../documents/places.ts';
import { type IndexName, SHARED_TENANT } from '../indexes.ts';
import { INDEX_MEMORIES, propertiesOf } from '../memories/index-memories.ts';
import type { Database, MemoryParts } from '../parts.ts';

/** A tenant of an index, and whose it is; undefined for what everybody may read. */
export interface Part {
  readonly tenant: string;
  readonly userId: string | undefined;
}

/** A row that must be findable. */
export interface Row {
  /** What is indexed as a whole: the id of a memory, a document or a message. */
  readonly unit: string;
  /** An object of the index that is there when the row is indexed. */
  readonly objectId: string;
  /** The place of the row in the order of its table. */
  readonly cursor: string;
}

export interface Comparison {
  /** Ids of objects that have no row in this part. */
  readonly strangers: readonly string[];
  /** Units whose objects say something else than their rows. */
  readonly outdated: readonly string[];
}

/** The rows that an index is made of. */
export interface Source {
  /** Whether a part of it belongs to everybody. */
  readonly isShared: boolean;
  /** Users who have rows. */
  owners(db: Database): Promise<string[]>;
  /** The next rows of a part, at most `limit`, after a cursor. */
  rows(db: Database, part: Part, after: string | undefined, limit: number): Promise<Row[]>;
  compare(db: Database, part: Part, objects: readonly StoredObject[]): Promise<Comparison>;
  /** Queues units to be indexed again. Returns how many. */
  queue(memory: MemoryParts, part: Part, units: readonly string[]): Promise<number>;
}

const behind = (after: string | undefined) => (after === undefined ? {} : { id: { gt: after } });

const memories: Source = {
  isShared: false,
  owners: async (db) => (await db.memory.groupBy({ by: ['userId'] })).map(({ userId }) => userId),
  async rows(db, { userId }, after, take) {
    const where = { userId: userId!, ...behind(after) };
    const found = await db.memory.findMany({ where, orderBy: { id: 'asc' }, take, select: { id: true } });
    return found.map(({ id }) => ({ unit: id, objectId: id, cursor: id }));
  },
  async compare(db, { userId }, objects) {
    const ids = objects.map(({ id }) => id);
    const rows = new Map(
      (await db.memory.findMany({ where: { userId: userId!, id: { in: ids } } })).map((row) => [row.id, row]),
    );
    return {
      strangers: ids.filter((id) => !rows.has(id)),
      outdated: objects.flatMap(({ id, text, properties }) => {
        const row = rows.get(id);
        if (!row) return [];
        const { about, valid } = propertiesOf(row);
        const isSame = row.text === text && about === properties['about'] && valid === properties['valid'];
        return isSame ? [] : [id];
      }),
    };
  },
  async queue({ db, quick }, { userId }, ids) {
    if (ids.length === 0) return 0;
    await db.$transaction((tx) => quick.enqueue(tx, INDEX_MEMORIES, { userId: userId!, ids: [...ids] }, { userId }));
    return ids.length;
  },
};

const inPart = ({ tenant, userId }: Part) =>
  tenant === SHARED_TENANT ? { access: 'SHARED' } : { access: 'PRIVATE', ownerId: userId! };

const knowledge: Source = {
  isShared: true,
  owners: async (db) => (await db.document.groupBy({ by: ['ownerId'] })).map(({ ownerId }) => ownerId),
  async rows(db, part, after, take) {
    // What is not ready has a job of its own, or has failed.
    const where = { document: { ...inPart(part), status: 'READY' }, ...behind(after) };
    const select = { id: true, documentId: true };
    const found = await db.passage.findMany({ where, orderBy: { id: 'asc' }, take, select });
    return found.map(({ id, documentId }) => ({ unit: documentId, objectId: id, cursor: id }));
  },
  async compare(db, { tenant }, objects) {
    const ids = objects.map(({ id }) => id);
    const found = await db.passage.findMany({ where: { id: { in: ids } }, include: { document: true } });
    const passages = new Map(found.map((row) => [row.id, row]));
    const outdated = new Set<string>();
    const strangers: string[] = [];
    for (const { id, text } of objects) {
      const passage = passages.get(id);
      // What failed in the middle is not searched: its passages are put again when it is tried again.
      const isFound = passage !== undefined && passage.document.status !== 'FAILED';
      if (!isFound || tenantOfDocument(passage.document) !== tenant) strangers.push(id);
      else if (indexedText(passage.document.title, passage.section, passage.text) !== text)
        outdated.add(passage.documentId);
    }
    return { strangers, outdated: [...outdated] };
  },
  async queue({ db, slow }, _part, documentIds) {
    const documents = await db.document.findMany({ where: { id: { in: [...documentIds] }, status: 'READY' } });
    for (const { id: documentId, ownerId } of documents)
      await db.$transaction((tx) =>
        slow.enqueue(tx, INGEST_DOCUMENT, { documentId, ownerId }, { key: documentId, userId: ownerId }),
      );
    return documents.length;
  },
};

const messages: Source = {
  isShared: false,
  owners: async (db) => (await db.transcriptMessage.groupBy({ by: ['userId'] })).map(({ userId }) => userId),
  async rows(db, { userId }, after, take) {
    // What is not in the index yet is put there when a recall asks for it.
    const where = { userId: userId!, indexed: true, ...behind(after) };
    const found = await db.transcriptMessage.findMany({ where, orderBy: { id: 'asc' }, take, select: { id: true } });
    return found.map(({ id }) => ({ unit: id, objectId: `${id}.0`, cursor: id }));
  },
  async compare(db, { userId }, objects) {
    const idOf = ({ properties }: StoredObject): string => String(properties['messageId']);
    const ids = [...new Set(objects.map(idOf))];
    const rows = await db.transcriptMessage.findMany({
      where: { userId: userId!, id: { in: ids } },
      select: { id: true },
    });
    const known = new Set(rows.map(({ id }) => id));
    return { strangers: objects.filter((one) => !known.has(idOf(one))).map(({ id }) => id), outdated: [] };
  },
  async queue({ db }, _part, ids) {
    const { count } = await db.transcriptMessage.updateMany({
      where: { id: { in: [...ids] } },
      data: { indexed: false },
    });
    return count;
  },
};

export const SOURCES: Readonly<Record<IndexName, Source>> = { memories, knowledge, messages };
