import type pg from 'pg';
import type { Config } from '../../base/config/config.ts';
import { OWNERS, type Owner, roleOf } from '../../contracts/owners.ts';
import { DatabaseError } from './error.ts';
import { AFTER_BREAKING_OFF, brokenRestore, lockRestore, openAgain } from './fence.ts';
import { migrate, settleMigration } from './migrate.ts';
import { migrationsOf } from './migrations.ts';
import { connectAdmin, ownerClient, ownerPasswords, refusalOf } from './owner-session.ts';
import { dropStaging } from './staging.ts';

/**
 * Creates schemas and roles and applies all migrations to the Postgres of DATABASE_URL, whose user must own the
 * database and may create roles. Any number may run at once: each migration is applied once.
 *
 * @param options.opens whether it is opened also where a restore broke off that had begun to replace what is there.
 * @returns the names of the migrations that were applied, by owner.
 * @throws {DatabaseError} a restore is under way, or has broken off.
 */
export async function migratePostgres(
  config: Config,
  url: string,
  { opens = false }: { readonly opens?: boolean | undefined } = {},
): Promise<Partial<Record<Owner, string[]>>> {
  const admin = await connectAdmin(url);
  try {
    // As long as this connection lives: a restore that began in between would be let in upon, and its tables changed.
    await lockRestore(admin, 'other');
    await openPostgres(admin, opens);
    await preparePostgres(config, url);
    const applied: Partial<Record<Owner, string[]>> = {};
    for (const owner of OWNERS) {
      const client = ownerClient(config, url, owner);
      await client.connect().catch((error: unknown) => {
        throw new DatabaseError(refusalOf(error, owner), { cause: error });
      });
      try {
        applied[owner] = await migrate(client, migrationsOf(config.root, owner));
      } catch (error) {
        if (error instanceof DatabaseError) throw error;
        throw new DatabaseError(`The migrations of ${owner} cannot be applied: ${(error as Error).message}.`, {
          cause: error,
        });
      } finally {
        await client.end();
      }
    }
    return applied;
  } finally {
    await admin.end();
  }
}

/**
 * Settles a migration whose end is not known, for the owners that have one of that name.
 *
 * @returns the owners.
 */
export async function settlePostgresMigration(
  config: Config,
  url: string,
  name: string,
  outcome: 'applied' | 'rolled-back',
): Promise<Owner[]> {
  const settled: Owner[] = [];
  for (const owner of OWNERS) {
    const client = ownerClient(config, url, owner);
    try {
      await client.connect();
      if (await settleMigration(client, name, outcome)) settled.push(owner);
    } catch (error) {
      throw new DatabaseError(refusalOf(error, owner), { cause: error });
    } finally {
      await client.end().catch(() => {});
    }
  }
  return settled;
}

/**
 * Creates the schemas and roles of all owners where they are missing, and gives the roles their passwords. Whom a
 * restore keeps out stays out.
 */
export async function preparePostgres(config: Config, url: string): Promise<void> {
  const admin = await connectAdmin(url);
  try {
    await admin.query(PREPARE);
    await admin.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    const { rows } = await admin.query<{ name: string }>('SELECT current_database() AS name');
    const isOpen = (await brokenRestore(admin)) === undefined;
    for (const owner of OWNERS)
      await withRetries(() => createOwner(admin, rows[0]!.name, owner, ownerPasswords(config, owner)[0], isOpen));
  } finally {
    await admin.end();
  }
}

/** Waits until no other process prepares the database. */
const PREPARE = 'SELECT pg_advisory_lock(72707370)';
const PREPARED = 'SELECT pg_advisory_unlock(72707370)';

/** Lets the owners in where a restore broke off, and removes what is left of it. */
async function openPostgres(admin: pg.Client, opens: boolean): Promise<void> {
  await admin.query(PREPARE);
  const step = await brokenRestore(admin);
  if (step !== undefined && step !== 'closed' && !opens)
    throw new DatabaseError(`A restore of this database broke off. ${AFTER_BREAKING_OFF[step]}`);
  await dropStaging(admin);
  if (step !== undefined) await openAgain(admin);
  await admin.query(PREPARED);
}

/** Tries to change a role that others change at the same time. */
const MAX_ROLE_TRIES = 10;

/** Roles are the server's, and the lock is the database's: two databases of one server may change a role at a time. */
async function withRetries(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const isRace = code === '23505' || code === '42710' || /tuple concurrently updated/.test(message);
      if (!isRace || tries >= MAX_ROLE_TRIES) throw error;
    }
  }
}

async function createOwner(
  admin: pg.Client,
  database: string,
  owner: Owner,
  password: string,
  isOpen: boolean,
): Promise<void> {
  const role = admin.escapeIdentifier(roleOf(owner));
  const exists = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [roleOf(owner)]);
  await admin.query(
    `${exists.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN PASSWORD ${admin.escapeLiteral(password)}`,
  );
  if (isOpen) await admin.query(`GRANT CONNECT ON DATABASE ${admin.escapeIdentifier(database)} TO ${role}`);
  // Managed servers let their administrator hand a schema to a role only as a member of that role.
  await admin.query(`GRANT ${role} TO CURRENT_USER`);
  await admin.query(`CREATE SCHEMA IF NOT EXISTS ${admin.escapeIdentifier(owner)} AUTHORIZATION ${role}`);
  await admin.query(`ALTER ROLE ${role} SET search_path = ${admin.escapeIdentifier(owner)}`);
}
