import path from 'node:path';
import { startGateway } from '#gateway/gateway.ts';
import { REST_OPERATIONS } from '#gateway/rest/rest.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import { openPlatform } from '#platform/open.ts';
import { createSubgraph } from '#platform/subgraph/host.ts';
import type { SubgraphTransport } from '#platform/transport/transport.ts';
import { subgraphAddresses, supergraphFile } from './addresses.ts';
import { printBanner } from './banner.ts';
import { engineOf } from './engine.ts';
import { firstAdminLink } from './first-admin.ts';
import { asService, EXAMPLES, SIGN_IN, WELL_KNOWN } from './gateway.ts';
import { runProcess } from './process.ts';
import { loadDefinition } from './subgraphs.ts';

/** In one process nothing that a topic tells is lost, so the poll for revocations is a safety net. */
const POLL_ONE_PROCESS_MS = 60_000;
const POLL_MS = 1_000;

/** Gateway and all subgraphs in one process. */
export async function up(root: string, { banner }: { banner: boolean }): Promise<void> {
  const started = performance.now();
  await runProcess(root, 'sextant', async ({ config, log, metrics, lifecycle }) => {
    const names = (await subgraphAddresses(config)).map(({ name }) => name);
    const transports = new Map<string, SubgraphTransport>();
    // The definitions are read while the database opens: both take their time.
    const definitions = Promise.all(names.map((name) => loadDefinition(root, name)));
    definitions.catch(() => {});
    const platform = await openPlatform({
      config,
      log,
      metrics,
      lifecycle,
      transportOf: (name) => transports.get(name),
    });
    const subgraphs = await Promise.all(
      (await definitions).map(async (definition) => {
        const subgraph = await createSubgraph(definition, platform.of(definition.name, new AsyncDisposableStack()));
        lifecycle.use(subgraph);
        transports.set(subgraph.name, subgraph.transport);
        return subgraph;
      }),
    );
    const authenticator = lifecycle.use(
      new TokenVerifier({
        fetch: (request) => asService(transports.get('auth'), request),
        topics: platform.topics,
        log,
        issuer: config.JWT_ISSUER,
        audience: config.JWT_AUDIENCE,
        pollMs: config.redisUrl === undefined ? POLL_ONE_PROCESS_MS : POLL_MS,
      }),
    );
    const gateway = lifecycle.use(
      await startGateway({
        config,
        log: log.child({ part: 'gateway' }),
        metrics,
        supergraph: { file: supergraphFile(config), cache: path.join(config.dataDir, 'cache') },
        compile: engineOf(config, log, true),
        transports,
        authenticator,
        assertions: platform.assertions,
        limiter: platform.limiter,
        cache: platform.cache,
        wellKnown: WELL_KNOWN,
        rest: REST_OPERATIONS,
        examples: path.join(root, EXAMPLES),
        signIn: SIGN_IN,
      }),
    );
    log.info(
      { url: gateway.url, subgraphs: subgraphs.map(({ name }) => name), ms: Math.round(performance.now() - started) },
      'ready',
    );
    // What has waited since the last stop, and what is only told, need not delay whoever waits for the start.
    platform.events.start();
    if (!banner) return;
    const auth = transports.get('auth');
    const adminLink = auth ? await firstAdminLink(auth) : null;
    await printBanner({ config, url: gateway.url, adminLink, models: transports.get('chat') });
  });
}
