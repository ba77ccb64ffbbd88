import type { Outbox } from '#platform/data/outbox/outbox.ts';
import type { Platform } from '#platform/host/platform.ts';
import { type RecordedEmbedders, recordEmbeddings } from './embeddings/recorded-embedders.ts';
import { createEmbedders } from './embeddings/registry.ts';
import { openVectorStore } from './vectors/open.ts';
import type { VectorStore } from './vectors/vector-store.ts';

/** The search by meaning and words, as one subgraph uses it. */
export interface Retrieval {
  /** The embedding models. Each call is recorded in the outbox of the subgraph. */
  readonly embedders: RecordedEmbedders;
  /** Returns the vector store, opened at the first call. */
  vectors(): Promise<VectorStore>;
}

type Shared = Pick<Platform, 'config' | 'share'>;

/** Opens embedding models and the vector store for a subgraph. The subgraphs of one process share both. */
export async function openRetrieval(
  platform: Shared & Pick<Platform, 'log' | 'metrics' | 'lifecycle'>,
  { outbox }: { readonly outbox: Outbox },
): Promise<Retrieval> {
  const { embedders, vectors } = await shared(platform);
  return {
    embedders: recordEmbeddings({ ...platform, outbox, embedders }),
    vectors,
  };
}

const shared = ({ config, share }: Shared) =>
  share('retrieval', async () => {
    const embedders = createEmbedders(config);
    let opening: Promise<VectorStore> | undefined;
    return {
      embedders,
      vectors(): Promise<VectorStore> {
        opening ??= openVectorStore(config);
        // A store that could not be opened is tried again at the next call.
        opening.catch(() => {
          opening = undefined;
        });
        return opening;
      },
      async [Symbol.asyncDispose]() {
        await (await opening?.catch(() => undefined))?.[Symbol.asyncDispose]();
        await embedders[Symbol.asyncDispose]();
      },
    };
  });
