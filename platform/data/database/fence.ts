import type pg from 'pg';
import { OWNERS, roleOf } from '../../contracts/owners.ts';

const ROLES = OWNERS.map(roleOf);

/**
 * Keeps the processes of the product out of their database: no role of an owner may connect, and the connections that
 * are there end. Postgres itself holds the fence, so a process that knows nothing of it is kept out as well; each
 * answers SERVICE_UNAVAILABLE until it is opened. It outlives this process: `sextant migrate` opens it too.
 *
 * @param admin a connection of the database's owner.
 * @returns what opens it.
 */
export async function closeDatabase(admin: pg.Client): Promise<() => Promise<void>> {
  const { rows } = await admin.query<{ name: string; all: boolean }>(
    `SELECT datname AS name, has_database_privilege('public', datname, 'CONNECT') AS all
     FROM pg_database WHERE datname = current_database()`,
  );
  const { name, all } = rows[0]!;
  const database = admin.escapeIdentifier(name);
  await admin.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC, ${ROLES.join(', ')}`);
  await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = ANY($1)',
    [ROLES],
  );
  return async () => {
    await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${[...(all ? ['PUBLIC'] : []), ...ROLES].join(', ')}`);
  };
}
