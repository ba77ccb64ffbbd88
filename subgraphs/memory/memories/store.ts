import { v7 as uuidv7 } from 'uuid';
import { badInput, notFound } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import { idConnection, keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, MAX_COUNT } from '#platform/data/paging/paging.ts';
import { type Memory as MemoryRow, Prisma } from '#prisma/memory/client/client.ts';
import { awaitIndex } from '../indexing/await-index.ts';
import { countInput, foreignId, numberInput, textInput } from '../input.ts';
import { PAGES } from '../pages.ts';
import type { MemoryParts, Transaction } from '../parts.ts';
import { deleteMemories } from './delete-memories.ts';
import { fingerprint } from './fingerprint.ts';
import { INDEX_MEMORIES } from './index-memories.ts';

export type { MemoryRow };
export type MemoryKind = 'FACT' | 'PREFERENCE' | 'EVENT' | 'INSTRUCTION';

export interface MemoryInput {
  readonly text: string;
  readonly kind: MemoryKind;
  readonly conversationId?: string | null;
  readonly importance: number;
  readonly pinned: boolean;
  readonly validFrom?: Date | null;
  readonly supersedesId?: string | null;
}

export interface MemoryFilter {
  readonly conversationId?: string | null;
  readonly kinds?: readonly MemoryKind[] | null;
  readonly pinned?: boolean | null;
  readonly origin?: 'MANUAL' | 'EXTRACTED' | null;
  readonly includeSuperseded?: boolean;
}

/** The memories that are to be forgotten: those of one of the three. */
export interface Forgotten {
  readonly ids?: readonly string[];
  readonly conversationId?: string;
  readonly everything?: boolean;
}

export const MAX_MEMORY = 2_000;
const MAX_AT_ONCE = 200;

/** A user's memories. Every method is on behalf of that user: those of others are neither seen nor touched. */
export class MemoryStore {
  readonly #memory: MemoryParts;

  constructor(memory: MemoryParts) {
    this.#memory = memory;
  }

  /** Stores memories by hand; what a valid memory says already is not stored again. Results in the order given. */
  async remember(userId: string, inputs: readonly MemoryInput[]): Promise<MemoryRow[]> {
    countInput('input.memories', inputs.length, 1, MAX_AT_ONCE);
    const wanted = inputs.map((input, i) => checked(userId, input, `input.memories.${i}`));
    const { rows, job } = await this.#memory.db.$transaction(
      async (tx) => {
        await this.#memory.quotas.holdMemories(tx, userId, () => countNew(tx, userId, wanted));
        const rows: MemoryRow[] = [];
        const changed: string[] = [];
        for (const [i, data] of wanted.entries()) {
          const { row, created } = await insertOnce(tx, data);
          rows.push(row);
          if (created) changed.push(row.id);
          const supersedesId = inputs[i]!.supersedesId;
          if (supersedesId && supersedesId !== row.id) {
            if (!(await supersede(tx, userId, supersedesId, row)))
              throw badInput(`input.memories.${i}.supersedesId`, 'names no valid memory of yours.');
            changed.push(supersedesId);
          }
        }
        const job = changed.length > 0 ? await this.#enqueueIndex(tx, userId, changed) : undefined;
        return { rows, job };
      },
      { timeout: 20_000 },
    );
    await awaitIndex(this.#memory.quick, job);
    return rows;
  }

  /** @throws {CodedError} NOT_FOUND, BAD_USER_INPUT. */
  async edit(
    userId: string,
    id: string,
    change: {
      readonly text?: string | null;
      readonly kind?: MemoryKind | null;
      readonly importance?: number | null;
      readonly validUntil?: Date | null;
    },
  ): Promise<MemoryRow> {
    const data: Prisma.MemoryUpdateInput = {};
    if (change.text != null) {
      data.text = textInput('input.text', change.text, MAX_MEMORY);
      data.fingerprint = fingerprint(data.text);
    }
    if (change.kind != null) data.kind = change.kind;
    if (change.importance != null) data.importance = numberInput('input.importance', change.importance, 0, 1);
    if (change.validUntil != null) data.validUntil = change.validUntil;
    return this.#update(userId, id, data);
  }

  async pin(userId: string, id: string, pinned: boolean): Promise<MemoryRow> {
    return this.#update(userId, id, { pinned });
  }

  /**
   * Deletes memories for good: none is found from now on. The index lets go of them within moments of being there.
   *
   * @returns the ids that are gone, and whether the index has still to be told.
   */
  async forget(
    userId: string,
    which: Forgotten,
    withHistory: boolean,
  ): Promise<{ readonly ids: readonly string[]; readonly pending: boolean }> {
    const { quick, db } = this.#memory;
    const { ids, jobs } = await db.$transaction(
      (tx) => deleteMemories(tx, quick, chosen(userId, which), { withHistory }),
      {
        timeout: 20_000,
      },
    );
    const told = await Promise.all(jobs.map((job) => awaitIndex(quick, job)));
    return { ids, pending: told.includes(false) };
  }

  async get(userId: string, id: string): Promise<MemoryRow | null> {
    return isUuid(id) ? this.#memory.db.memory.findFirst({ where: { id, userId } }) : null;
  }

  async list(userId: string, filter: MemoryFilter, args: PageArguments): Promise<CountedConnection<MemoryRow>> {
    const page = keyPage('memories', args, PAGES);
    const where = whereOf(userId, filter);
    const found = await this.#memory.db.memory.findMany({
      where: page.after === undefined ? where : { AND: [where, { id: { lt: page.after } }] },
      orderBy: { id: 'desc' },
      take: page.take + 1,
    });
    return {
      ...idConnection(found, page),
      totalCount: () => this.#memory.db.memory.count({ where, take: MAX_COUNT }),
    };
  }

  async #update(userId: string, id: string, data: Prisma.MemoryUpdateInput): Promise<MemoryRow> {
    const { row, job } = await this.#memory.db.$transaction(async (tx) => {
      const mine = isUuid(id) ? await tx.memory.findFirst({ where: { id, userId } }) : null;
      if (!mine) throw notFound('The memory');
      if (typeof data.fingerprint === 'string' && mine.validUntil === null) {
        const same = await tx.memory.findFirst({
          where: { userId, about: mine.about, fingerprint: data.fingerprint, validUntil: null, id: { not: id } },
        });
        if (same) throw badInput('input.text', `is what another memory says already (${same.id}).`);
      }
      const row = await tx.memory.update({ where: { id }, data: { ...data, updatedAt: new Date() } });
      return { row, job: await this.#enqueueIndex(tx, userId, [id]) };
    });
    await awaitIndex(this.#memory.quick, job);
    return row;
  }

  #enqueueIndex(tx: Transaction, userId: string, ids: readonly string[]): Promise<string> {
    return this.#memory.quick.enqueue(tx, INDEX_MEMORIES, { userId, ids: [...ids] }, { userId });
  }
}

function chosen(userId: string, { ids, conversationId }: Forgotten): Prisma.Sql {
  if (ids) {
    countInput('input.ids', ids.length, 1, MAX_AT_ONCE);
    return Prisma.sql`user_id = ${userId} AND id = ANY(${ids.filter(isUuid)}::uuid[])`;
  }
  if (conversationId !== undefined) return Prisma.sql`user_id = ${userId} AND conversation_id = ${conversationId}`;
  return Prisma.sql`user_id = ${userId}`;
}

/** Returns the conditions of a filter on rows. */
export function whereOf(userId: string, filter: MemoryFilter): Prisma.MemoryWhereInput {
  return {
    userId,
    ...(filter.conversationId != null && { conversationId: filter.conversationId }),
    ...(filter.kinds != null && { kind: { in: [...filter.kinds] } }),
    ...(filter.pinned != null && { pinned: filter.pinned }),
    ...(filter.origin != null && { origin: filter.origin }),
    ...(!filter.includeSuperseded && { OR: [{ validUntil: null }, { validUntil: { gt: new Date() } }] }),
  };
}

/** Counts the memories that no valid one says already. */
async function countNew(tx: Transaction, userId: string, wanted: readonly Prisma.MemoryCreateManyInput[]) {
  const keyOf = ({ about, fingerprint }: Pick<Prisma.MemoryCreateManyInput, 'about' | 'fingerprint'>) =>
    `${fingerprint} ${about}`;
  const said = await tx.memory.findMany({
    where: { userId, fingerprint: { in: wanted.map((data) => data.fingerprint) }, validUntil: null },
    select: { about: true, fingerprint: true },
  });
  const known = new Set(said.map(keyOf));
  return new Set(wanted.map(keyOf).filter((key) => !known.has(key))).size;
}

/** Inserts a memory unless a valid one says the same; then that one is the result. */
export async function insertOnce(
  tx: Transaction,
  data: Prisma.MemoryCreateManyInput,
): Promise<{ row: MemoryRow; created: boolean }> {
  const same = { userId: data.userId, about: data.about ?? '', fingerprint: data.fingerprint, validUntil: null };
  const before = await tx.memory.findFirst({ where: same });
  if (before) return { row: before, created: false };
  // Another call may store the same at this moment: the index memories_said_once decides.
  const { count } = await tx.memory.createMany({ data: [data], skipDuplicates: true });
  return {
    row: await tx.memory.findFirstOrThrow({ where: count === 1 ? { id: data.id } : same }),
    created: count === 1,
  };
}

/** Ends the validity of an older memory; it stays readable. False if there is no such valid memory of the user. */
export async function supersede(tx: Transaction, userId: string, olderId: string, newer: MemoryRow): Promise<boolean> {
  if (!isUuid(olderId)) return false;
  const { count } = await tx.memory.updateMany({
    where: { id: olderId, userId, supersededById: null, validUntil: null },
    data: { supersededById: newer.id, validUntil: newer.validFrom, updatedAt: new Date() },
  });
  return count === 1;
}

function checked(userId: string, input: MemoryInput, at: string): Prisma.MemoryCreateManyInput {
  const text = textInput(`${at}.text`, input.text, MAX_MEMORY);
  const conversationId = foreignId(`${at}.conversationId`, input.conversationId);
  return {
    id: uuidv7(),
    userId,
    conversationId: conversationId ?? null,
    about: conversationId ?? '',
    text,
    fingerprint: fingerprint(text),
    kind: input.kind,
    importance: numberInput(`${at}.importance`, input.importance, 0, 1),
    pinned: input.pinned,
    origin: 'MANUAL',
    validFrom: input.validFrom ?? new Date(),
  };
}
