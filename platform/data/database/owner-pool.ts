import pg from 'pg';

/** What Postgres says to a wrong password. */
const WRONG_PASSWORD = '28P01';

/**
 * Creates the connections of one role, whose password follows from a secret that may be on its way to be changed. What
 * the server refuses with one password is tried with the next, so a process goes on when `sextant migrate` gives the
 * role the password of the new secret.
 *
 * @param urls of the database, with each password that may be right; the likeliest first.
 */
export function createOwnerPool(config: pg.PoolConfig, urls: readonly string[]): pg.Pool {
  let present = 0;
  class OwnerClient extends pg.Client {
    constructor(options: pg.ClientConfig = {}) {
      super({ ...options, connectionString: urls[present]! });
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
  return pool;
}
