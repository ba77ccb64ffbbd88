import type pg from 'pg';
import { pino } from 'pino';
import type { Config } from '../../base/config/config.ts';
import { OWNERS, type Owner } from '../../contracts/owners.ts';
import { openEmbedded } from './embedded.ts';
import { connectOwner } from './owner-session.ts';
import { speakPlainly } from './tables.ts';

/** The tables of all owners as they were at one moment, whatever is written meanwhile. */
export interface Moment extends AsyncDisposable {
  /** Reads what an owner has. The connection is in a transaction. One reader at a time. */
  read<Item>(owner: Owner, work: (client: pg.ClientBase) => AsyncGenerator<Item>): AsyncGenerator<Item>;
}

/** Holds a moment of Postgres: a transaction for each owner's role, all of which see the same snapshot. */
export async function openPostgresMoment(config: Config, url: string): Promise<Moment> {
  const clients = new Map<Owner, pg.Client>();
  const close = async (): Promise<void> => {
    await Promise.all([...clients.values()].map((client) => client.end().catch(() => {})));
  };
  try {
    let snapshot: string | undefined;
    for (const owner of OWNERS) {
      const client = await connectOwner(config, url, owner);
      clients.set(owner, client);
      await speakPlainly(client);
      // The copy takes as long as it takes.
      await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0');
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      if (snapshot === undefined) {
        const { rows } = await client.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
        snapshot = rows[0]!.snapshot;
      } else await client.query(`SET TRANSACTION SNAPSHOT ${client.escapeLiteral(snapshot)}`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { read: (owner, work) => work(clients.get(owner)!), [Symbol.asyncDispose]: close };
}

/**
 * Opens a folder of the embedded database that no process writes to: a stopped product's, or a copy.
 *
 * @param root the folder that holds prisma/<owner>/migrations.
 */
export async function openEmbeddedMoment(root: string, directory: string): Promise<Moment> {
  const embedded = openEmbedded({ root, directory, durable: true, log: pino({ level: 'silent' }) });
  try {
    await embedded.opened;
  } catch (error) {
    await embedded[Symbol.asyncDispose]();
    throw error;
  }
  return {
    async *read(owner, work) {
      const client = await embedded.pool(owner).connect();
      try {
        await speakPlainly(client);
        await client.query('BEGIN READ ONLY');
        yield* work(client);
        await client.query('COMMIT');
      } finally {
        client.release(true);
      }
    },
    [Symbol.asyncDispose]: () => embedded[Symbol.asyncDispose](),
  };
}
