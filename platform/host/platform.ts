import type { Registry } from 'prom-client';
import type { Config } from '../base/config/config.ts';
import type { Logger } from '../base/log/log.ts';
import type { Secrets } from '../base/secrets/secrets.ts';
import type { HeavyWork } from '../base/thread/heavy-work.ts';
import type { BlobStore } from '../data/blobs/blob-store.ts';
import type { Database } from '../data/database/database.ts';
import type { EventBus } from '../data/outbox/event-bus.ts';
import type { IdentityAssertions } from '../identity/authenticator.ts';
import type { RateLimiter } from '../identity/limits/rate-limiter.ts';
import type { UrlSigner } from '../identity/signed-urls/url-signer.ts';
import type { Cache } from '../realtime/cache/cache.ts';
import type { Places } from '../realtime/places/places.ts';
import type { Presence } from '../realtime/presence/presence.ts';
import type { StreamLog } from '../realtime/streams/stream-log.ts';
import type { Topics } from '../realtime/topics/topics.ts';
import type { Peers } from './peers.ts';

/**
 * The ground on which every subgraph stands. In one process all subgraphs share it, but for the log and the life cycle,
 * which are separate for each; as separate processes each has its own, meeting in Postgres, Redis and Weaviate.
 */
export interface Platform {
  readonly config: Config;
  /** Names the subgraph in every line. */
  readonly log: Logger;
  readonly metrics: Registry;
  /** Register what must be closed when the subgraph stops; the last registered is closed first. */
  readonly lifecycle: AsyncDisposableStack;
  readonly database: Database;
  readonly streams: StreamLog;
  readonly presence: Presence;
  readonly topics: Topics;
  readonly cache: Cache;
  readonly limiter: RateLimiter;
  readonly places: Places;
  /** Carries outbox events; createOutbox and consumeEvents in platform/data/outbox take it. */
  readonly events: EventBus;
  readonly peers: Peers;
  readonly assertions: IdentityAssertions;
  readonly secrets: Secrets;
  readonly blobs: BlobStore;
  /** Signs links to plain routes, for uploads and downloads. */
  readonly urls: UrlSigner;
  /** Gives turns to work that takes much memory, where the process has little. */
  readonly heavy: HeavyWork;
  /**
   * A part of a higher layer that the subgraphs of one process share, such as the language models: made by the first
   * who asks for it, closed with the process.
   */
  share<Part extends AsyncDisposable>(name: string, create: (lifetime: SharedLifetime) => Promise<Part>): Promise<Part>;
}

/** The parts that outlive a single subgraph: the log and metrics of the process. */
export interface SharedLifetime {
  readonly log: Logger;
  readonly metrics: Registry;
}
