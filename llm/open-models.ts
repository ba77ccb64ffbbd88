import type { Platform } from '#platform/host/platform.ts';
import type { EmbeddingCaller, RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import { ModelsCore } from './create-models.ts';
import type { Models, ModelsOptions } from './models.ts';
import type { CallContext } from './requests.ts';

/**
 * Opens the language models for a subgraph. The subgraphs of one process share the catalogue, what is known of
 * deployments, and above all the budgets; with Redis all processes share those.
 *
 * @param options.embedders the subgraph's, for the semantic cache, which is off without them.
 */
export async function openModels(
  platform: Pick<Platform, 'config' | 'log' | 'cache' | 'share'>,
  options: Pick<ModelsOptions, 'onRecord'> & { readonly embedders?: RecordedEmbedders } = {},
): Promise<Models> {
  const { config, cache } = platform;
  const core = await platform.share('llm', async ({ log, metrics }) => {
    const lifecycle = new AsyncDisposableStack();
    const url = config.redisUrl;
    const redis =
      url === undefined
        ? undefined
        : await (await import('#platform/realtime/redis/redis.ts')).openRedis({
            url,
            prefix: `${config.REDIS_PREFIX}llm:`,
            log,
            metrics,
            lifecycle,
          });
    const opened = lifecycle.use(new ModelsCore({ config, log, metrics, cache, ...(redis && { redis }) }));
    return { opened, [Symbol.asyncDispose]: () => lifecycle.disposeAsync() };
  });
  const { onRecord, embedders } = options;
  const own = {
    ...(onRecord && { onRecord }),
    ...(embedders && {
      embedForCache: (texts: readonly string[], call: CallContext) =>
        embedders.embed(undefined, texts, callerOf(call), { use: 'query' }),
    }),
  };
  return core.opened.models(own, platform.log);
}

const callerOf = ({ identity }: CallContext): EmbeddingCaller => ({
  userId: identity.kind === 'user' ? identity.userId : undefined,
  apiKeyId: identity.kind === 'user' ? identity.apiKeyId : undefined,
  purpose: 'semantic-cache',
});
