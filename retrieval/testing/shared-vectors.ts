import type { Outbox } from '#platform/data/outbox/outbox.ts';
import type { Platform } from '#platform/host/platform.ts';
import { openRetrieval } from '../open-retrieval.ts';
import type { VectorStore } from '../vectors/vector-store.ts';

/** Nothing is embedded through it, so that nothing is recorded. */
const NO_OUTBOX = {} as Outbox;

/** Returns the vector store that the subgraphs of a platform share. */
export const sharedVectors = async (platform: Platform): Promise<VectorStore> =>
  (await openRetrieval(platform, { outbox: NO_OUTBOX })).vectors();
