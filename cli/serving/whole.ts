import path from 'node:path';
import { startGateway } from '#gateway/gateway.ts';
import { REST_OPERATIONS } from '#gateway/rest/rest.ts';
import type { Database } from '#platform/data/database/database.ts';
import type { EventBus } from '#platform/data/outbox/event-bus.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { type OpenPlatform, openPlatform } from '#platform/host/open.ts';
import type { SharedStores } from '#platform/host/stores.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { subgraphAddresses, supergraphFile } from './addresses.ts';
import { CONSOLE } from './console.ts';
import { engineOf } from './engine.ts';
import { ACCOUNT, EXAMPLES } from './explorer.ts';
import { asService, gatewayFile, healthOfRedis, POLL_ONE_MACHINE_MS, WELL_KNOWN } from './gateway.ts';
import type { Process } from './process.ts';
import { reportProcess } from './process-report.ts';
import { loadDefinition } from './subgraphs.ts';
import { versionOf } from './version.ts';
import { memoryStores } from './workers/shared-stores.ts';
import { workersOf } from './workers.ts';

const POLL_MS = 1_000;
/** Where subgraphs are served to workers alone. */
const LOOPBACK = '127.0.0.1';

interface Whole {
  readonly url: string;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  /** To be started when everything is. */
  readonly events: EventBus;
}

/**
 * Serves the gateway and all subgraphs of the supergraph on a database that may still be opening: all in this process,
 * or the gateway in as many as WORKERS says, which reach the subgraphs here over HTTP.
 */
export async function serveWhole(root: string, process: Process, database: Database): Promise<Whole> {
  const { config, log, metrics, lifecycle } = process;
  const names = (await subgraphAddresses(config)).map(({ name }) => name);
  const workers = workersOf(config);
  const shared = workers > 1 && config.redisUrl === undefined ? memoryStores(metrics) : undefined;
  const transports = new Map<string, SubgraphTransport>();
  const platform = await openPlatform({
    config,
    log,
    metrics,
    lifecycle,
    database,
    shared,
    transportOf: (name) => transports.get(name),
  });
  const subgraphs = names.map(async (name) => {
    const definition = await loadDefinition(root, name);
    const subgraph = await createSubgraph(definition, platform.of(name, new AsyncDisposableStack()));
    lifecycle.use(subgraph);
    return subgraph;
  });
  const started = await Promise.allSettled(subgraphs);
  const hosted: HostedSubgraph[] = [];
  for (const one of started) {
    if (one.status === 'fulfilled') {
      transports.set(one.value.name, one.value.transport);
      hosted.push(one.value);
    } else {
      // Where the database cannot be opened, that is the cause of what others say.
      await database.opened;
      throw one.reason;
    }
  }
  const version = versionOf(root);
  const health = async () => ({ redis: await healthOfRedis(platform.stores), ...(await platform.health()) });
  if (workers > 1) {
    // A worker cannot see that the database is still opening: none may say before that it is ready.
    await database.opened;
    const stores = shared ?? memoryStores(metrics);
    const url = await serveByWorkers(process, { workers, platform, hosted, version, stores });
    await reportProcess(process, platform.topics, { service: 'sextant', runs: names, version, health });
    return { url, transports, events: platform.events };
  }
  const authenticator = lifecycle.use(
    new TokenVerifier({
      fetch: (request) => asService(transports.get('auth'), request),
      topics: platform.topics,
      log,
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
      appIssuer: config.publicUrl,
      pollMs: config.redisUrl === undefined ? POLL_ONE_MACHINE_MS : POLL_MS,
      falseCredentials: { limiter: platform.limiter, perMinute: config.FALSE_CREDENTIALS_PER_MINUTE },
    }),
  );
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

/** Serves subgraphs of this process to its workers, which are gateways, on ports of this machine that ask who calls. */
async function serveByWorkers(
  { config, log, metrics, lifecycle }: Process,
  {
    workers,
    platform,
    hosted,
    version,
    stores,
  }: {
    readonly workers: number;
    readonly platform: OpenPlatform;
    readonly hosted: readonly HostedSubgraph[];
    readonly version: string;
    readonly stores: SharedStores;
  },
): Promise<string> {
  const { serveSubgraph } = await import('#platform/host/server.ts');
  const { startWorkers } = await import('./workers/supervisor.ts');
  const subgraphs: Record<string, string> = {};
  for (const one of hosted) {
    const server = await serveSubgraph(one, {
      config: {
        HOST: LOOPBACK,
        SHUTDOWN_TIMEOUT_MS: config.SHUTDOWN_TIMEOUT_MS,
        MAX_BODY_BYTES: config.MAX_BODY_BYTES,
        MAX_DOOR_BODY_BYTES: config.MAX_DOOR_BODY_BYTES,
      },
      port: 0,
      metrics,
      assertions: platform.assertions,
      health: () => platform.health(),
      version,
    });
    lifecycle.use(server);
    subgraphs[one.name] = server.url;
  }
  const { topics } = platform;
  return startWorkers({
    ...{ config, log, metrics, lifecycle, stores, topics, subgraphs },
    count: workers,
    command: ['gateway'],
  });
}
