import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { holdToQuotas, type Quota, type QuotaDemand, type QuotaUse, quotaUse } from '#platform/data/quotas.ts';
import type { Prisma, PrismaClient } from '#prisma/memory/client/client.ts';

type Reader = Pick<PrismaClient, 'memory' | 'context' | 'document'>;
type QuotaSettings = Pick<Config, 'QUOTA_MEMORIES' | 'QUOTA_CONTEXTS' | 'QUOTA_DOCUMENTS' | 'QUOTA_DOCUMENT_BYTES'>;

/** The quotas of one user: memories, contexts and documents. An upload takes its declared size from its begin on. */
export class MemoryQuotas {
  readonly #memories: Quota;
  readonly #contexts: Quota;
  readonly #documents: Quota;
  readonly #bytes: Quota;

  constructor({ QUOTA_MEMORIES, QUOTA_CONTEXTS, QUOTA_DOCUMENTS, QUOTA_DOCUMENT_BYTES }: QuotaSettings) {
    this.#memories = {
      name: 'MEMORIES',
      limit: QUOTA_MEMORIES,
      things: 'memories',
      remedy: 'delete some with forget',
    };
    this.#contexts = {
      name: 'CONTEXTS',
      limit: QUOTA_CONTEXTS,
      things: 'context entries',
      remedy: 'delete some with deleteContext, or give them a time to live',
    };
    const remedy = 'delete some with deleteDocument';
    this.#documents = { name: 'DOCUMENTS', limit: QUOTA_DOCUMENTS, things: 'documents', remedy };
    this.#bytes = { name: 'DOCUMENT_BYTES', limit: QUOTA_DOCUMENT_BYTES, things: 'bytes of documents', remedy };
  }

  /** In the transaction that adds memories. @throws {CodedError} QUOTA_EXCEEDED. */
  holdMemories(tx: Prisma.TransactionClient, userId: string, adding: QuotaDemand['adding']): Promise<void> {
    return holdToQuotas(tx, userId, [{ quota: this.#memories, adding, used: () => memoriesOf(tx, userId) }]);
  }

  /** The same without a refusal: a user who has enough learns nothing more. */
  async hasRoomForMemories(tx: Prisma.TransactionClient, userId: string, adding: number): Promise<boolean> {
    try {
      await this.holdMemories(tx, userId, adding);
      return true;
    } catch (error) {
      if (error instanceof CodedError && error.code === 'QUOTA_EXCEEDED') return false;
      throw error;
    }
  }

  /** In the transaction that adds an entry. @throws {CodedError} QUOTA_EXCEEDED. */
  holdContext(tx: Prisma.TransactionClient, userId: string): Promise<void> {
    return holdToQuotas(tx, userId, [{ quota: this.#contexts, adding: 1, used: () => contextsOf(tx, userId) }]);
  }

  /** In the transaction that adds a document. @throws {CodedError} QUOTA_EXCEEDED. */
  holdDocument(tx: Prisma.TransactionClient, userId: string, bytes: number): Promise<void> {
    return holdToQuotas(tx, userId, [
      { quota: this.#documents, adding: 1, used: () => documentsOf(tx, userId) },
      { quota: this.#bytes, adding: bytes, used: () => bytesOf(tx, userId) },
    ]);
  }

  async use(db: Reader, userId: string): Promise<QuotaUse[]> {
    return [
      quotaUse(this.#memories, await memoriesOf(db, userId)),
      quotaUse(this.#contexts, await contextsOf(db, userId)),
      quotaUse(this.#documents, await documentsOf(db, userId)),
      quotaUse(this.#bytes, await bytesOf(db, userId)),
    ];
  }
}

const memoriesOf = (db: Reader, userId: string): Promise<number> => db.memory.count({ where: { userId } });

const contextsOf = (db: Reader, userId: string): Promise<number> => db.context.count({ where: { userId } });

const documentsOf = (db: Reader, ownerId: string): Promise<number> => db.document.count({ where: { ownerId } });

const bytesOf = async (db: Reader, ownerId: string): Promise<number> =>
  Number((await db.document.aggregate({ where: { ownerId }, _sum: { size: true } }))._sum.size ?? 0);
