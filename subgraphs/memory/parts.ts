import type { Models } from '#llm/models.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { HeavyWork } from '#platform/base/thread/heavy-work.ts';
import type { BlobStore } from '#platform/data/blobs/blob-store.ts';
import type { Jobs } from '#platform/data/jobs/jobs.ts';
import type { Peers } from '#platform/host/peers.ts';
import type { UrlSigner } from '#platform/identity/signed-urls/url-signer.ts';
import type { Topics } from '#platform/realtime/topics/topics.ts';
import type { Prisma, PrismaClient } from '#prisma/memory/client/client.ts';
import type { Indexes } from './indexes.ts';
import type { MemoryMetrics } from './metrics.ts';
import type { MemoryQuotas } from './quota.ts';
import type { DocumentReader } from './reader/document-reader.ts';
import type { Transcripts } from './transcripts.ts';
import type { Uses } from './uses.ts';

export type Database = PrismaClient;
/**
 * The client inside a transaction. On the embedded database nothing else may be asked meanwhile: always use this one.
 */
export type Transaction = Prisma.TransactionClient;

/** The parts that memory works with. */
export interface MemoryParts {
  readonly db: Database;
  readonly indexes: Indexes;
  /** Short work that a user may be waiting for. */
  readonly quick: Jobs<Transaction>;
  /** Long work: documents, changes of model. */
  readonly slow: Jobs<Transaction>;
  /** What is learned from each finished reply. */
  readonly learning: Jobs<Transaction>;
  readonly transcripts: Transcripts;
  readonly uses: Uses;
  readonly models: Models;
  readonly blobs: BlobStore;
  readonly urls: UrlSigner;
  readonly topics: Topics;
  /** Reads the pages of documents that are pictures. */
  readonly peers: Peers;
  readonly quotas: MemoryQuotas;
  readonly reader: DocumentReader;
  readonly heavy: HeavyWork;
  readonly extraction: 'auto' | 'rules' | 'off';
  /** Most bytes of an uploaded document. */
  readonly maxDocumentBytes: number;
  readonly metrics: MemoryMetrics;
  readonly log: Logger;
}
