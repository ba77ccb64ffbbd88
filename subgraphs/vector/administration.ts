import { notFound } from '#platform/base/errors/errors.ts';
import { VECTORS_RESTORED_TOPIC } from '#platform/contracts/topics.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { PrismaClient } from '#prisma/vector/client/client.ts';
import type { Backup, VectorStore } from '#retrieval/vectors/vector-store.ts';
import type { Agreement } from './agreement.ts';
import { idOfSpace } from './collections.ts';
import { expectAgain, expectNothing } from './expectation.ts';
import { deleteOrphans } from './reconcile.ts';

/** The part of the store that administrators see and work with. */
export class Administration {
  readonly #store: () => Promise<VectorStore>;
  readonly #db: PrismaClient;
  readonly #topics: Topics;
  readonly #agreement: Agreement;

  constructor(store: () => Promise<VectorStore>, db: PrismaClient, topics: Topics, agreement: Agreement) {
    this.#store = store;
    this.#db = db;
    this.#topics = topics;
    this.#agreement = agreement;
  }

  async describe() {
    const store = await this.#store();
    const { status, kind, version, detail } = await store.health();
    return {
      status: status.toUpperCase(),
      kind: kind.toUpperCase(),
      version,
      detail,
      stats: status === 'up' ? await totals(store) : null,
    };
  }

  async backup(id: string): Promise<Backup | undefined> {
    return (await this.#store()).backups.get(id);
  }

  async backups(): Promise<readonly Backup[]> {
    return (await this.#store()).backups.list();
  }

  async createBackup(id: string | null | undefined): Promise<Backup> {
    return (await this.#store()).backups.create(id ?? nameOf(new Date()));
  }

  async restore(id: string): Promise<Backup> {
    const store = await this.#store();
    const known = await store.backups.get(id);
    if (known === undefined) throw notFound(`The backup ${id.slice(0, 64)}`);
    // What was stored since goes because an administrator wants it. What was lost before stays so until it is back.
    const ids = known.spaces.flatMap((name) => idOfSpace(name) ?? []);
    const letOff = await expectNothing(this.#db, ids);
    let backup: Backup;
    try {
      backup = await store.backups.restore(id);
    } catch (error) {
      // What it has removed already is lost.
      await expectAgain(this.#db, letOff);
      await this.#agreement.queue();
      throw error;
    }
    await deleteOrphans(this.#db, store);
    await this.#agreement.queue();
    // What memory keeps in the store is compared with its rows: what was forgotten since must not be found again.
    await this.#topics.publish(VECTORS_RESTORED_TOPIC, { backup: id });
    return backup;
  }
}

async function totals(store: VectorStore) {
  const { spaces, diskBytes, memoryBytes } = await store.stats();
  const sum = (count: (space: (typeof spaces)[number]) => number) =>
    spaces.reduce((total, space) => total + count(space), 0);
  return {
    spaces: spaces.length,
    objects: sum((space) => space.objects),
    vectors: sum((space) => Object.values(space.vectors).reduce((total, count) => total + count, 0)),
    diskBytes,
    memoryBytes,
  };
}

/** `2026-01-31t09-30-05-123z`. */
const nameOf = (at: Date): string => at.toISOString().toLowerCase().replace(/[:.]/g, '-');
