import path from 'node:path';
import { startGateway } from '#gateway/gateway.ts';
import { REST_OPERATIONS } from '#gateway/rest/rest.ts';
import type { Database } from '#platform/data/database/database.ts';
import type { EventBus } from '#platform/data/outbox/event-bus.ts';
import { createSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { subgraphAddresses, supergraphFile } from './addresses.ts';
import { CONSOLE } from './console.ts';
import { engineOf } from './engine.ts';
import { ACCOUNT, EXAMPLES } from './explorer.ts';
import { asService, gatewayFile, WELL_KNOWN } from './gateway.ts';
import type { Process } from './process.ts';
import { reportProcess } from './process-report.ts';
import { loadDefinition } from './subgraphs.ts';
import { versionOf } from './version.ts';

/** In one process nothing that a topic tells is lost, so the poll for revocations is a safety net. */
const POLL_ONE_PROCESS_MS = 60_000;
const POLL_MS = 1_000;
/** Without REDIS_URL its part is done in memory, which is there. */
const IN_MEMORY = { status: 'up', detail: 'in memory' } as const;

interface Whole {
  readonly url: string;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  /** To be started when everything is. */
  readonly events: EventBus;
}

/** Serves the gateway and all subgraphs of the supergraph on a database that may still be opening. */
export async function serveWhole(root: string, process: Process, database: Database): Promise<Whole> {
  const { config, log, metrics, lifecycle } = process;
  const names = (await subgraphAddresses(config)).map(({ name }) => name);
  const transports = new Map<string, SubgraphTransport>();
  const platform = await openPlatform({
    config,
    log,
    metrics,
    lifecycle,
    database,
    transportOf: (name) => transports.get(name),
  });
  const subgraphs = names.map(async (name) => {
    const definition = await loadDefinition(root, name);
    const subgraph = await createSubgraph(definition, platform.of(name, new AsyncDisposableStack()));
    lifecycle.use(subgraph);
    return subgraph;
  });
  const started = await Promise.allSettled(subgraphs);
  for (const one of started) {
    if (one.status === 'fulfilled') transports.set(one.value.name, one.value.transport);
    else {
      // Where the database cannot be opened, that is the cause of what others say.
      await database.opened;
      throw one.reason;
    }
  }
  const authenticator = lifecycle.use(
    new TokenVerifier({
      fetch: (request) => asService(transports.get('auth'), request),
      topics: platform.topics,
      log,
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
      pollMs: config.redisUrl === undefined ? POLL_ONE_PROCESS_MS : POLL_MS,
      falseCredentials: { limiter: platform.limiter, perMinute: config.FALSE_CREDENTIALS_PER_MINUTE },
    }),
  );
  const version = versionOf(root);
  const health = async () => ({ redis: IN_MEMORY, ...(await platform.health()) });
  const gateway = lifecycle.use(
    await startGateway({
      config,
      log: log.child({ part: 'gateway' }),
      metrics,
      supergraph: { file: supergraphFile(config), cache: path.join(config.dataDir, 'cache') },
      file: gatewayFile(config),
      compile: engineOf({ config, log, metrics }, true, database.opened),
      transports,
      authenticator,
      assertions: platform.assertions,
      limiter: platform.limiter,
      cache: platform.cache,
      wellKnown: WELL_KNOWN,
      rest: REST_OPERATIONS,
      doors: true,
      examples: path.join(root, EXAMPLES),
      account: ACCOUNT,
      frontPage: config.CONSOLE ? path.join(root, CONSOLE) : undefined,
      stores: health,
      version,
      also: database.opened,
    }),
  );
  const runs = ['gateway', ...names];
  await reportProcess(process, platform.topics, { service: 'sextant', runs, version, health });
  return { url: gateway.url, transports, events: platform.events };
}
