import type { EventEmitter } from 'node:events';
import pg from 'pg';
import { outageOf } from '../../base/errors/outage.ts';
import { repeated } from './repeated.ts';
import { type SilenceOptions, SilentConnections } from './silent-connections.ts';

/** What Postgres says to a wrong password. */
const WRONG_PASSWORD = '28P01';
/** How long a write that was refused says that there is something wrong with the server, in milliseconds. */
const REFUSED_MS = 60_000;

/** The connections of one role. */
export interface OwnerPool {
  readonly pool: pg.Pool;
  /** Why the server refused a write within the last minute because it is full or read-only, for /health. */
  refusal(): string | undefined;
}

/**
 * Creates the connections of one role, whose password follows from a secret that may be on its way to be changed. What
 * the server refuses with one password is tried with the next, so a process goes on when `sextant migrate` gives the
 * role the password of the new secret.
 *
 * @param urls of the database, with each password that may be right; the likeliest first.
 */
export function createOwnerPool(
  config: pg.PoolConfig,
  urls: readonly string[],
  silence: Omit<SilenceOptions, 'probe'>,
): OwnerPool {
  let present = 0;
  const silent = new SilentConnections({ ...silence, probe: () => ({ connectionString: urls[present]! }) });
  let refused: { readonly why: string; readonly at: number } | undefined;
  const look = (error: Error | undefined): void => {
    if (outageOf(error) === 'no-writes') refused = { why: error!.message, at: performance.now() };
  };
  class OwnerClient extends pg.Client {
    constructor(options: pg.ClientConfig = {}) {
      super({ ...options, connectionString: urls[present]! });
      // What the server says to a query passes here before the query is told.
      (this as unknown as { connection: EventEmitter }).connection.on('errorMessage', look);
      silent.watch(this);
    }
  }
  const pool = new pg.Pool({ ...config, Client: OwnerClient });
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
  const connectWithAny = async (): Promise<pg.PoolClient> => {
    for (let tries = 1; ; tries++) {
      const tried = present;
      try {
        return await connect();
      } catch (error) {
        if ((error as { code?: string }).code !== WRONG_PASSWORD || tries >= urls.length) throw error;
        // Others that connect at the same time may have moved on already.
        if (present === tried) present = (present + 1) % urls.length;
      }
    }
  };
  type Connected = (error: Error | undefined, client?: pg.PoolClient, release?: (error?: Error) => void) => void;
  // The pool's own query() calls it with a callback.
  pool.connect = ((connected?: Connected) => {
    const client = connectWithAny();
    if (connected === undefined) return client;
    client.then(
      (found) => connected(undefined, found, (error) => found.release(error)),
      (error: Error) => connected(error),
    );
    return undefined;
  }) as typeof pool.connect;
  // A statement outside of a transaction is one: what was given up has had no effect. Those inside come by `connect`.
  const query = pool.query.bind(pool) as (...given: unknown[]) => Promise<pg.QueryResult>;
  pool.query = ((...given: unknown[]) =>
    typeof given.at(-1) === 'function' ? query(...given) : repeated(() => query(...given))) as typeof pool.query;
  return {
    pool,
    refusal: () => (refused && performance.now() - refused.at < REFUSED_MS ? refused.why : undefined),
  };
}
