import type { Jobs } from '#platform/data/jobs/jobs.ts';
import type { QuotaUse } from '#platform/data/quotas.ts';
import type { Prisma } from '#prisma/vector/client/client.ts';
import type { RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import type { Reranker } from '#retrieval/vectors/reranker.ts';
import type { Administration } from './administration.ts';
import type { Collections } from './collections.ts';
import type { Embedding } from './embedding.ts';
import type { Objects } from './objects.ts';

/** The parts that vector works with. */
export interface VectorParts {
  readonly embedders: RecordedEmbedders;
  readonly embedding: Embedding;
  readonly collections: Collections;
  /** Undefined where the installation can have none. */
  readonly reranker: Reranker | undefined;
  readonly objects: Objects;
  /** What a user has and may have. */
  readonly quotas: (userId: string) => Promise<QuotaUse[]>;
  readonly administration: Administration;
  readonly jobs: Jobs<Prisma.TransactionClient>;
}
