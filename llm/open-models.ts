import type { Platform } from '#platform/platform.ts';
import { ModelsCore } from './create-models.ts';
import type { Models, ModelsOptions } from './models.ts';

/**
 * The language models for a subgraph. The subgraphs of one process share the catalogue, what is known of deployments,
 * and above all the budgets; with Redis all processes share those.
 */
export async function openModels(
  platform: Pick<Platform, 'config' | 'log' | 'cache' | 'embedders' | 'share'>,
  options: Pick<ModelsOptions, 'onRecord'> = {},
): Promise<Models> {
  const { config, cache, embedders } = platform;
  const core = await platform.share('llm', async ({ log, metrics }) => {
    const lifecycle = new AsyncDisposableStack();
    const url = config.redisUrl;
    const redis =
      url === undefined
        ? undefined
        : await (await import('#platform/redis/redis.ts')).openRedis({
            url,
            prefix: `${config.REDIS_PREFIX}llm:`,
            log,
            metrics,
            lifecycle,
          });
    const embedForCache = async (texts: readonly string[]) => (await embedders.get()).embed(texts);
    const opened = lifecycle.use(
      new ModelsCore({ config, log, metrics, cache, embedForCache, ...(redis && { redis }) }),
    );
    return { opened, [Symbol.asyncDispose]: () => lifecycle.disposeAsync() };
  });
  return core.opened.models(options.onRecord, platform.log);
}
