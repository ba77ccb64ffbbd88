import path from 'node:path';
import { startGateway } from '#gateway/gateway.ts';
import { REST_OPERATIONS } from '#gateway/rest/rest.ts';
import { checkAddresses } from '#gateway/supergraph/addresses.ts';
import type { Config } from '#platform/base/config/config.ts';
import { loadSecrets } from '#platform/base/secrets/secrets.ts';
import { openStores, type Stores } from '#platform/host/stores.ts';
import { OAUTH_PATHS } from '#platform/identity/app-access.ts';
import { createAssertions } from '#platform/identity/assertions.ts';
import { AUTH_ROUTES } from '#platform/identity/revocations.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import { readMutualTls } from '#platform/net/http/tls.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { CommandError } from '../report.ts';
import { subgraphAddresses, supergraphFile } from './addresses.ts';
import { CONSOLE } from './console.ts';
import { engineOf } from './engine.ts';
import { ACCOUNT, EXAMPLES } from './explorer.ts';
import { type Process, runProcess } from './process.ts';
import { reportProcess } from './process-report.ts';
import { onReloadSignal } from './stop-signals.ts';
import { supergraphSource } from './supergraph-source.ts';
import { versionOf } from './version.ts';
import { linkToSupervisor, type WorkerLink } from './workers/worker.ts';

/** Documents that live at the gateway by convention and are made by a subgraph. */
export const WELL_KNOWN: Readonly<Record<string, readonly [subgraph: string, path: string]>> = {
  '/.well-known/jwks.json': ['auth', AUTH_ROUTES.jwks],
  ...Object.fromEntries(Object.values(OAUTH_PATHS).map((path) => [path, ['auth', path] as const])),
};
const POLL_MS = 1_000;
export const POLL_ONE_MACHINE_MS = 60_000;

/** Calls a plain route of a subgraph on the gateway's own behalf. */
export function asService(transport: SubgraphTransport | undefined, request: Request): Promise<Response> {
  if (transport === undefined)
    return Promise.reject(new CommandError('The supergraph has no subgraph auth: no user could sign in.'));
  return transport.fetch(request, { kind: 'service', service: 'gateway' });
}

/** Runs the gateway as a process of its own: of this installation, or of any supergraph whose file is given. */
export async function gateway(
  root: string,
  { supergraph, settings }: { readonly supergraph?: string | undefined; readonly settings?: string | undefined },
): Promise<void> {
  await runProcess(root, 'gateway', async (process) => {
    const file = settings ?? gatewayFile(process.config);
    const link = await linkToSupervisor(process);
    if (link) process.lifecycle.defer(() => link.leave());
    const started = Promise.withResolvers<void>();
    const parts = { settings: file, link, started: started.promise };
    const serve = () =>
      supergraph === undefined ? ownGateway(process, parts) : anyGateway(process, supergraph, parts);
    const served = await serve().catch((error: unknown) => {
      link?.release();
      throw error;
    });
    onReloadSignal(() => {
      process.log.info('told to read the files again');
      void served.reload();
    });
    if (link) await link.ready(served);
    process.log.info({ url: served.url }, link ? 'a worker is ready' : 'ready');
    started.resolve();
  });
}

/** What makes a gateway one of several behind one port. */
const asWorker = (link: WorkerLink | undefined) =>
  link && { sharesPort: true, readMetrics: link.readMetrics, relayCallback: link.relayCallback };

/** Returns the absolute path of GATEWAY_FILE. */
export const gatewayFile = ({ home, GATEWAY_FILE }: Config): string | undefined =>
  GATEWAY_FILE === undefined ? undefined : path.resolve(home, GATEWAY_FILE);

interface GatewayParts {
  /** Absolute path of a gateway.yaml. */
  readonly settings: string | undefined;
  readonly link: WorkerLink | undefined;
  /** When it serves. */
  readonly started: Promise<void>;
}

async function ownGateway(process: Process, { settings, link, started }: GatewayParts) {
  const { config, log, metrics, lifecycle } = process;
  const version = versionOf(config.root);
  // Those of a supervisor that serves them to its workers, as `sextant up` does.
  const subgraphs = await link?.subgraphs();
  if (config.redisUrl === undefined && subgraphs === undefined) {
    throw new CommandError(
      'REDIS_URL is not set. A gateway apart from its subgraphs needs Redis; `sextant up` needs nothing.',
    );
  }
  const stores = await openStores({ config, log, metrics, lifecycle, shared: link?.stores });
  const topics = link && config.redisUrl === undefined ? link.topics : stores.topics;
  const assertions = createAssertions(loadSecrets(config));
  const addresses = subgraphs
    ? Object.entries(subgraphs).map(([name, url]) => ({ name, urls: [url] }))
    : await subgraphAddresses(config);
  checkAddresses(addresses);
  const auth = addresses.find(({ name }) => name === 'auth');
  // Not at the top: `sextant up` reads this file too and needs no HTTP client.
  const { createHttpTransport } = await import('#platform/net/transport/http.ts');
  const transport =
    auth &&
    lifecycle.use(
      createHttpTransport({ subgraph: 'auth', urls: auth.urls, assertions, tls: readMutualTls(config, log), log }),
    );
  const authenticator = lifecycle.use(
    new TokenVerifier({
      fetch: (request) => asService(transport, request),
      topics,
      log,
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
      appIssuer: config.publicUrl,
      // What the supervisor tells is not lost.
      pollMs: subgraphs && config.redisUrl === undefined ? POLL_ONE_MACHINE_MS : POLL_MS,
      falseCredentials: { limiter: stores.limiter, perMinute: config.FALSE_CREDENTIALS_PER_MINUTE },
    }),
  );
  const health = async () => ({ redis: await healthOfRedis(stores), ...(await link?.health()) });
  const served = lifecycle.use(
    await startGateway({
      config,
      log,
      metrics,
      version,
      supergraph: { file: supergraphFile(config), cache: path.join(config.dataDir, 'cache') },
      file: settings,
      compile: engineOf({ config, log, metrics }, true, started),
      addresses: subgraphs,
      authenticator,
      assertions,
      limiter: stores.limiter,
      cache: stores.cache,
      wellKnown: WELL_KNOWN,
      rest: REST_OPERATIONS,
      doors: true,
      stores: health,
      examples: path.join(config.root, EXAMPLES),
      account: ACCOUNT,
      frontPage: config.CONSOLE ? path.join(config.root, CONSOLE) : undefined,
      ...asWorker(link),
    }),
  );
  await reportProcess(process, topics, { service: 'gateway', runs: ['gateway'], version, health });
  return served;
}

/** Returns whether Redis answers. Without REDIS_URL its part is done in memory, which is there. */
export const healthOfRedis = async ({ redis, health }: Pick<Stores, 'redis' | 'health'>) =>
  redis ? health() : ({ status: 'up', detail: 'in memory' } as const);

/** A gateway for subgraphs that are not ours: credentials of clients are passed on, for the subgraphs to check. */
async function anyGateway(
  { config, log, metrics, lifecycle }: Process,
  supergraph: string,
  { settings, link, started }: GatewayParts,
) {
  const { limiter, cache } = await openStores({ config, log, metrics, lifecycle, shared: link?.stores });
  return lifecycle.use(
    await startGateway({
      config,
      log,
      metrics,
      supergraph: supergraphSource(supergraph, config),
      file: settings,
      compile: engineOf({ config, log, metrics }, false, started),
      limiter,
      cache,
      stores: link && (() => link.health()),
      ...asWorker(link),
    }),
  );
}
