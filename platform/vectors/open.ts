import path from 'node:path';
import type { Config } from '../config/config.ts';
import { EmbeddedVectorStore } from './embedded/embedded-vector-store.ts';
import type { VectorStore } from './vector-store.ts';

export type VectorSettings = Pick<
  Config,
  'dataDir' | 'weaviateUrl' | 'WEAVIATE_GRPC_URL' | 'WEAVIATE_API_KEY' | 'VECTOR_MEMORY_MB'
>;

/** The vector store that the configuration names. */
export async function openVectorStore(settings: VectorSettings): Promise<VectorStore> {
  return new EmbeddedVectorStore({
    folder: path.join(settings.dataDir, 'vectors'),
    memoryBytes: settings.VECTOR_MEMORY_MB * 1024 ** 2,
  });
}
