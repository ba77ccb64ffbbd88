import type { Registry } from 'prom-client';
import type { Config } from '../base/config/config.ts';
import type { Logger } from '../base/log/log.ts';
import { outsideRequests } from '../base/log/request-log.ts';
import { loadSecrets } from '../base/secrets/secrets.ts';
import { HeavyWork } from '../base/thread/heavy-work.ts';
import { openBlobs } from '../data/blobs/open-blobs.ts';
import { type Database, openDatabase } from '../data/database/database.ts';
import { createAssertions } from '../identity/assertions.ts';
import { UrlSigner } from '../identity/signed-urls/url-signer.ts';
import type { SubgraphTransport } from '../net/transport/transport.ts';
import { createPeers } from './peers.ts';
import type { Platform, SharedLifetime } from './platform.ts';
import { openStores, type SharedStores, type Stores } from './stores.ts';

export interface PlatformOptions {
  readonly config: Config;
  /** The log of the process; each subgraph gets a child of it. */
  readonly log: Logger;
  readonly metrics: Registry;
  /** The life of the process: what is opened here is closed with it, in the reverse order. */
  readonly lifecycle: AsyncDisposableStack;
  /** The database, where it was opened before; it must be registered with `lifecycle`. Default: it is opened. */
  readonly database?: Database;
  /** Where this process and others that have no Redis count and keep things together. Default: in its own memory. */
  readonly shared?: SharedStores | undefined;
  /** How subgraphs reach one another; asked at each call. */
  readonly transportOf: (subgraph: string) => SubgraphTransport | undefined;
}

/** The ground on which one process stands, and the view of it that each of its subgraphs gets. */
export interface OpenPlatform extends Pick<Platform, 'topics' | 'limiter' | 'cache' | 'assertions' | 'events'> {
  readonly database: Database;
  readonly stores: Stores;
  /** The platform as one subgraph sees it; its life ends with `lifecycle`. */
  of(subgraph: string, lifecycle: AsyncDisposableStack): Platform;
  /** Whether database and Redis answer, and what waits for memory, in the shape of /health. */
  health(): Promise<Record<string, { status: 'up' | 'down'; detail?: string }>>;
}

/**
 * Opens what every subgraph of this process stands on. What few need, such as the vector store, waits for the first
 * use.
 */
export async function openPlatform(options: PlatformOptions): Promise<OpenPlatform> {
  const { config, log, metrics, lifecycle } = options;
  const database = options.database ?? lifecycle.use(await openDatabase(config, log));
  database.observe(metrics);
  const stores = await openStores({ config, log, metrics, lifecycle, shared: options.shared });
  const secrets = loadSecrets(config);
  const assertions = createAssertions(secrets);
  const blobs = lifecycle.use(await openBlobs(config, log));
  const urlSecrets = secrets.deriveAll('signed urls').map((key) => key.toString('base64url'));
  const urls = new UrlSigner(urlSecrets, config.publicUrl);
  const peers = createPeers(options.transportOf);
  const heavy = new HeavyWork({ memoryMb: config.memoryMb, log, metrics });
  const lifetime: SharedLifetime = { log, metrics };
  const shared = new Map<string, Promise<AsyncDisposable>>();

  lifecycle.defer(async () => {
    const parts = await Promise.allSettled(shared.values());
    for (const part of parts) if (part.status === 'fulfilled') await part.value[Symbol.asyncDispose]();
  });

  return {
    ...stores,
    stores,
    database,
    assertions,
    of: (subgraph, ownLifecycle) => ({
      ...stores,
      config,
      log: log.child({ subgraph }),
      metrics,
      lifecycle: ownLifecycle,
      database,
      peers,
      assertions,
      secrets,
      blobs,
      urls,
      heavy,
      share<Part extends AsyncDisposable>(
        name: string,
        create: (lifetime: SharedLifetime) => Promise<Part>,
      ): Promise<Part> {
        const part = shared.get(name) ?? outsideRequests(() => create(lifetime));
        shared.set(name, part);
        part.catch(() => shared.delete(name));
        return part as Promise<Part>;
      },
    }),
    async health() {
      const [postgres, redis] = await Promise.all([database.health(), stores.health()]);
      const { problem } = heavy;
      return {
        database: postgres,
        ...(stores.redis && { redis }),
        // It waits and goes on by itself: no reason to begin the process again.
        ...(problem !== undefined && { heavyWork: { status: 'up' as const, detail: problem } }),
      };
    },
  };
}
