import { checkAddresses } from '#gateway/supergraph/addresses.ts';
import { createSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import { serveSubgraph } from '#platform/host/server.ts';
import { AUTH_ROUTES } from '#platform/identity/revocations.ts';
import { readMutualTls } from '#platform/net/http/tls.ts';
import { createHttpTransport } from '#platform/net/transport/http.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { CommandError } from '../report.ts';
import { portOf, subgraphAddresses } from './addresses.ts';
import { firstAdminLink } from './first-admin.ts';
import { runProcess } from './process.ts';
import { reportProcess } from './process-report.ts';
import { loadDefinition } from './subgraphs.ts';
import { versionOf } from './version.ts';

/** Runs one subgraph as a process of its own. It meets the others in Postgres and Redis, and asks them over HTTP. */
export async function serve(root: string, name: string): Promise<void> {
  await runProcess(root, name, async (process) => {
    const { config, log, metrics, lifecycle } = process;
    const version = versionOf(root);
    const addresses = await subgraphAddresses(config);
    const address = addresses.find((one) => one.name === name);
    if (address === undefined) {
      throw new CommandError(
        `${config.SUPERGRAPH_FILE} has no subgraph ${name}; it has ${addresses.map((one) => one.name).join(', ')}.`,
      );
    }
    if (config.DATABASE_URL === undefined) {
      throw new CommandError(
        'DATABASE_URL is not set. Subgraphs as separate processes need Postgres; `sextant up` needs nothing.',
      );
    }
    if (config.redisUrl === undefined) {
      throw new CommandError(
        'REDIS_URL is not set. Subgraphs as separate processes need Redis; `sextant up` needs nothing.',
      );
    }
    checkAddresses(addresses);
    const definition = await loadDefinition(root, name);
    const tls = readMutualTls(config, log);
    const transports = new Map<string, SubgraphTransport>();
    const platform = await openPlatform({
      config,
      log,
      metrics,
      lifecycle,
      transportOf: (peer) => transports.get(peer),
    });
    for (const peer of addresses) {
      if (peer.name === name) continue;
      transports.set(
        peer.name,
        lifecycle.use(
          createHttpTransport({ subgraph: peer.name, urls: peer.urls, assertions: platform.assertions, tls, log }),
        ),
      );
    }
    const subgraph = lifecycle.use(await createSubgraph(definition, platform.of(name, new AsyncDisposableStack())));
    platform.events.start();
    const server = lifecycle.use(
      await serveSubgraph(subgraph, {
        config,
        port: portOf(config, address),
        metrics,
        assertions: platform.assertions,
        health: () => platform.health(),
        version,
      }),
    );
    const health = async () => ({ ...(await subgraph.health()), ...(await platform.health()) });
    await reportProcess(process, platform.topics, { service: name, runs: [name], version, health });
    log.info({ url: server.url }, 'ready');
    if (subgraph.routes.some(({ path }) => path === AUTH_ROUTES.firstAdminLink)) {
      const link = await firstAdminLink(subgraph.transport);
      if (link) log.warn({ link }, 'there is no administrator yet: this link makes the first one, once');
    }
  });
}
