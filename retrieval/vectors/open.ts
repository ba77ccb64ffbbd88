import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Config } from '#platform/base/config/config.ts';
import { EmbeddedVectorStore } from './embedded/embedded-vector-store.ts';
import { refuseNetworkFolder } from './embedded/network-folder.ts';
import type { VectorStore } from './vector-store.ts';

export type VectorSettings = Pick<
  Config,
  | 'dataDir'
  | 'weaviateUrl'
  | 'WEAVIATE_GRPC_URL'
  | 'WEAVIATE_API_KEY'
  | 'WEAVIATE_PREFIX'
  | 'VECTOR_MEMORY_MB'
  | 'VECTOR_READERS'
>;

/** More threads than that wait for memory, not for processors. */
const MAX_READERS = 4;

/** Opens the vector store that the configuration names. Nothing is connected to before the first call. */
export async function openVectorStore(settings: VectorSettings): Promise<VectorStore> {
  const { weaviateUrl: url, WEAVIATE_GRPC_URL: grpcUrl, WEAVIATE_API_KEY: apiKey, WEAVIATE_PREFIX: prefix } = settings;
  if (url !== undefined) {
    // Loaded only where it is used: the client takes a third of a second.
    const { WeaviateVectorStore } = await import('./weaviate/weaviate-vector-store.ts');
    return new WeaviateVectorStore({ url, grpcUrl, apiKey, prefix });
  }
  const folder = path.join(settings.dataDir, 'vectors');
  await refuseNetworkFolder(folder);
  return new EmbeddedVectorStore({
    folder,
    memoryBytes: settings.VECTOR_MEMORY_MB * 1024 ** 2,
    readers: settings.VECTOR_READERS ?? Math.min(MAX_READERS, Math.max(1, Math.floor(availableParallelism() / 2))),
  });
}
