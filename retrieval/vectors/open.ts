import { availableParallelism } from 'node:os';
import path from 'node:path';
import { hasLittleMemory } from '#platform/base/config/available-memory.ts';
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
  | 'memoryMb'
>;

/** More threads than that wait for memory, not for processors. */
const MAX_READERS = 4;

const MIB = 1024 ** 2;
const MAX_MEMORY_MB = 1_024;

const defaultMemoryMb = ({ memoryMb }: Pick<Config, 'memoryMb'>): number =>
  Math.floor(hasLittleMemory(memoryMb) ? memoryMb / 8 : Math.min(MAX_MEMORY_MB, memoryMb / 2));

const defaultReaders = ({ memoryMb }: Pick<Config, 'memoryMb'>): number =>
  hasLittleMemory(memoryMb) ? 1 : Math.min(MAX_READERS, Math.max(1, Math.floor(availableParallelism() / 2)));

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
    memoryBytes: (settings.VECTOR_MEMORY_MB ?? defaultMemoryMb(settings)) * MIB,
    readers: settings.VECTOR_READERS ?? defaultReaders(settings),
  });
}
