import type pg from 'pg';
import { Counter, type Registry } from 'prom-client';

interface Totals {
  readonly transactions: number;
  readonly bytes: number;
}

const TOTALS = `SELECT (SELECT sum(xact_commit + xact_rollback)::float8 FROM pg_stat_database) AS transactions,
  pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes`;

/**
 * Registers counters of what the embedded database has done so far. Postgres counts by itself: it is asked when the
 * metrics are read, and nothing is paid otherwise.
 *
 * @param admin a pool of the administrator.
 * @param syncs tells how often the log was made durable. Postgres counts only how often it asked for that.
 */
export function observeEmbedded(admin: Pick<pg.Pool, 'query'>, syncs: () => number, metrics: Registry): void {
  let reading: Promise<Totals | undefined> | undefined;
  /** One reading serves both counters, which are collected at the same time. */
  const read = (): Promise<Totals | undefined> => {
    reading ??= totals(admin).finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const counter = (name: string, help: string, of: keyof Totals) =>
    new Counter({
      name: `sextant_embedded_database_${name}_total`,
      help,
      registers: [metrics],
      async collect() {
        const now = await read();
        if (now === undefined) return;
        this.reset();
        this.inc(now[of]);
      },
    });
  counter('transactions', 'Transactions of the embedded database, those that only read included.', 'transactions');
  counter('log_bytes', 'Bytes that the embedded database has written to its log.', 'bytes');
  new Counter({
    name: 'sextant_embedded_database_log_syncs_total',
    help: 'How often the embedded database made its log durable.',
    registers: [metrics],
    collect() {
      this.reset();
      this.inc(syncs());
    },
  });
}

/** Undefined while the database does not answer: the other metrics are told all the same. */
async function totals(admin: Pick<pg.Pool, 'query'>): Promise<Totals | undefined> {
  try {
    await admin.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await admin.query<Totals>(TOTALS);
    return rows[0];
  } catch {
    return undefined;
  }
}
