import { createHmac } from 'node:crypto';
import pg from 'pg';
import type { Config } from '../../base/config/config.ts';
import { type Owner, roleOf } from '../../contracts/owners.ts';
import { DatabaseError } from './error.ts';

/**
 * Returns the URL with which a subgraph signs in: its own role, whose password follows from JWT_SECRET, so that
 * DATABASE_URL of the subgraphs need not hold the administrator's.
 */
export function ownerUrl(url: string, owner: Owner, password: string): string {
  const target = new URL(url);
  target.username = roleOf(owner);
  target.password = password;
  return target.href;
}

/** Returns what is set for each session of an owner. */
export const sessionOf = (owner: Owner): pg.ClientConfig => ({
  // What is asked here takes milliseconds; to compile it takes a hundred.
  options: `-c search_path=${owner} -c jit=off`,
  application_name: `sextant-${owner}`,
});

/** Returns the password of a role, and that of JWT_SECRET_PREVIOUS where there is one. */
export function ownerPasswords(config: Config, owner: Owner): [string, ...string[]] {
  const { JWT_SECRET: secret, JWT_SECRET_PREVIOUS: previous } = config;
  if (secret === undefined) throw new DatabaseError('JWT_SECRET is not set; with DATABASE_URL it is needed.');
  const passwordOf = (one: string): string =>
    createHmac('sha256', one).update(`database role ${owner}`).digest('base64url');
  return previous === undefined ? [passwordOf(secret)] : [passwordOf(secret), passwordOf(previous)];
}

/**
 * Connects as an owner's role, with the password of either secret.
 *
 * @throws {DatabaseError} what stands in the way, in one line.
 */
export async function connectOwner(config: Config, url: string, owner: Owner): Promise<pg.Client> {
  let refusal: unknown;
  for (const password of ownerPasswords(config, owner)) {
    const client = new pg.Client({ ...sessionOf(owner), connectionString: ownerUrl(url, owner, password) });
    // What asks it next is told that it broke.
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      refusal = error;
      if ((error as { code?: string }).code !== '28P01') break;
    }
  }
  throw new DatabaseError(refusalOf(refusal, owner), { cause: refusal });
}

/** Returns a connection of its own as an owner's role, to be connected and ended by the caller. */
export const ownerClient = (config: Config, url: string, owner: Owner): pg.Client =>
  new pg.Client({ ...sessionOf(owner), connectionString: ownerUrl(url, owner, ownerPasswords(config, owner)[0]) });

/**
 * Connects as the user of DATABASE_URL, who owns the database.
 *
 * @throws {DatabaseError} what stands in the way, in one line.
 */
export async function connectAdmin(url: string): Promise<pg.Client> {
  const admin = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  admin.on('error', () => {});
  try {
    await admin.connect();
    return admin;
  } catch (error) {
    throw new DatabaseError(refusalOf(error, undefined), { cause: error });
  }
}

/**
 * Returns why Postgres did not let a connection in, and what to do, in one line.
 *
 * @param owner undefined: it is the user of DATABASE_URL who connects.
 */
export function refusalOf(error: unknown, owner: Owner | undefined): string {
  const { code, message } = error as { code?: string; message?: string };
  if (owner === undefined) {
    if (code === '28P01' || code === '28000')
      return `Postgres refuses the user of DATABASE_URL (${message}): this command needs the name and the password of the database's owner.`;
    if (code === '3D000') return 'The database of DATABASE_URL does not exist: create it first.';
    return `The database of DATABASE_URL cannot be reached (${message || code || String(error)}).`;
  }
  if (code === '28P01' || code === '28000')
    return `Postgres refuses the role ${roleOf(owner)}: run \`sextant migrate\` first, with the same JWT_SECRET.`;
  if (code === '42501')
    return `Postgres does not let the role ${roleOf(owner)} in: a restore is under way, or has broken off. \`sextant migrate\` says how far it is, and opens the database where nothing was replaced yet.`;
  if (code === '3D000') return 'The database of DATABASE_URL does not exist: create it, then run `sextant migrate`.';
  return `The database of DATABASE_URL cannot be reached (${message || code || String(error)}).`;
}
