import path from 'node:path';
import { hiveRegistry, type SupergraphRegistry, uplinkRegistry, webRegistry } from '#gateway/supergraph/remote.ts';
import type { SupergraphSource } from '#gateway/supergraph/supergraph.ts';
import type { Config } from '#platform/base/config/config.ts';
import { CommandError } from '../report.ts';

/**
 * Returns the source that `--supergraph` names: a file, a URL, `uplink` or `hive`.
 *
 * @throws {CommandError} where a setting that it needs is missing.
 */
export function supergraphSource(given: string, config: Config): SupergraphSource {
  const cache = path.join(config.dataDir, 'cache');
  const remote = (registry: SupergraphRegistry) => ({ registry, pollMs: config.SUPERGRAPH_POLL_MS, cache });
  if (given === 'uplink') {
    const { APOLLO_KEY, APOLLO_GRAPH_REF, APOLLO_UPLINK_ENDPOINTS } = config;
    if (!APOLLO_KEY || !APOLLO_GRAPH_REF)
      throw new CommandError('`--supergraph uplink` needs APOLLO_KEY and APOLLO_GRAPH_REF.');
    return remote(uplinkRegistry(APOLLO_UPLINK_ENDPOINTS, APOLLO_KEY, APOLLO_GRAPH_REF));
  }
  if (given === 'hive') {
    const { HIVE_CDN_ENDPOINT, HIVE_CDN_KEY } = config;
    if (HIVE_CDN_ENDPOINT.length === 0 || !HIVE_CDN_KEY)
      throw new CommandError('`--supergraph hive` needs HIVE_CDN_ENDPOINT and HIVE_CDN_KEY.');
    return remote(hiveRegistry(HIVE_CDN_ENDPOINT, HIVE_CDN_KEY));
  }
  if (/^https?:\/\//.test(given)) {
    const { SUPERGRAPH_TOKEN } = config;
    return remote(webRegistry([given], SUPERGRAPH_TOKEN ? { authorization: `Bearer ${SUPERGRAPH_TOKEN}` } : {}));
  }
  return { file: path.resolve(given), cache };
}
