import type pg from 'pg';
import type { Registry } from 'prom-client';
import type { Owner } from '../../contracts/owners.ts';

/** The database that pools connect to: the embedded one, or Postgres. */
export interface PoolSource extends AsyncDisposable {
  /**
   * Resolves when the database can be used; rejects when it cannot be opened. Queries that come before wait. Postgres
   * is asked with the first `client` instead.
   */
  readonly opened: Promise<void>;
  /** Most statements of an owner that are prepared in a session. */
  readonly mostNamed: number;
  pool(owner: Owner): Promise<pg.Pool>;
  /** Whether the database answers within two seconds. */
  health(): Promise<{ status: 'up' | 'down'; detail?: string }>;
  /** Registers counters of what the embedded database does; Postgres has its own. */
  observe(metrics: Registry): void;
  /**
   * Copies the folder of the embedded database, as it is at one moment, to a folder that does not exist yet; answers
   * wait meanwhile. Undefined for Postgres, which is copied by its own means.
   */
  readonly copyTo: ((folder: string) => Promise<void>) | undefined;
}
