import { readdir } from 'node:fs/promises';
import type pg from 'pg';
import { OWNERS, type Owner, roleOf } from '../../contracts/owners.ts';
import { migrate } from './migrate.ts';
import {
  dropForeignKeys,
  type SequenceState,
  setSequence,
  speakPlainly,
  type TableShape,
  writeRows,
} from './tables.ts';

/** The things that a copy says of an owner before its rows come. */
export interface OwnerHeader {
  /** The migrations that its tables have had. */
  readonly migrations: readonly string[];
  readonly tables: readonly TableShape[];
  readonly sequences: readonly SequenceState[];
}

const stagingOf = (owner: Owner): string => `${owner}_restoring`;

/** Removes what a restore has made that did not come to its end. */
export async function dropStaging(admin: pg.ClientBase): Promise<void> {
  for (const owner of OWNERS) await admin.query(`DROP SCHEMA IF EXISTS ${stagingOf(owner)} CASCADE`);
}

/**
 * The tables that a restore makes beside those that are in use: schemas of their own, which take the place of the
 * owners' in one transaction. Until then nothing that is there is touched, and it can be begun again.
 */
export class Staging {
  readonly #admin: pg.ClientBase;
  readonly #migrationsOf: (owner: Owner) => string;
  readonly #foreignKeys = new Map<Owner, readonly string[]>();
  readonly #headers = new Map<Owner, OwnerHeader>();

  /** @param admin a connection that is a member of every owner's role. */
  constructor(admin: pg.ClientBase, migrationsOf: (owner: Owner) => string) {
    this.#admin = admin;
    this.#migrationsOf = migrationsOf;
  }

  /** Returns migrations of an owner that this release does not have: the copy was made by a newer one. */
  async unknownMigrations(owner: Owner, migrations: readonly string[]): Promise<string[]> {
    const known = new Set(await readdir(this.#migrationsOf(owner)));
    return migrations.filter((name) => !known.has(name));
  }

  /** Makes the tables of an owner as they were when the copy was made. */
  async begin(owner: Owner, header: OwnerHeader): Promise<void> {
    const schema = stagingOf(owner);
    await this.#admin.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await this.#admin.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${roleOf(owner)}`);
    await this.#as(owner, async (client) => {
      await migrate(client, this.#migrationsOf(owner), new Set(header.migrations));
      this.#foreignKeys.set(owner, await dropForeignKeys(client, schema));
    });
    this.#headers.set(owner, header);
  }

  /** Stores rows of a table, all or none. Returns how many. */
  async fill(owner: Owner, name: string, rows: AsyncIterable<string>): Promise<number> {
    const table = this.#headers.get(owner)?.tables.find((one) => one.name === name);
    if (table === undefined) throw new Error(`the copy has rows of ${owner}.${name} and does not describe that table`);
    return this.#as(owner, async (client) => {
      await client.query('BEGIN');
      try {
        const count = await writeRows(client, stagingOf(owner), table, rows);
        await client.query('COMMIT');
        return count;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {});
        throw error;
      }
    });
  }

  /** Checks what was stored, and brings the tables up to this release. */
  async finish(owner: Owner): Promise<void> {
    const schema = stagingOf(owner);
    await this.#as(owner, async (client) => {
      for (const statement of this.#foreignKeys.get(owner) ?? []) await client.query(statement);
      for (const sequence of this.#headers.get(owner)?.sequences ?? []) await setSequence(client, schema, sequence);
      await migrate(client, this.#migrationsOf(owner));
      for (const { name } of this.#headers.get(owner)?.tables ?? []) await client.query(`ANALYZE "${name}"`);
    });
  }

  /** Puts what was made in the place of what is there: all owners at one moment, and `also` with them. */
  async swap(also?: () => Promise<void>): Promise<void> {
    await this.#admin.query('BEGIN');
    try {
      for (const owner of OWNERS) {
        await this.#admin.query(`DROP SCHEMA IF EXISTS ${owner} CASCADE`);
        await this.#admin.query(`ALTER SCHEMA ${stagingOf(owner)} RENAME TO ${owner}`);
      }
      await also?.();
      await this.#admin.query('COMMIT');
    } catch (error) {
      await this.#admin.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  /** Removes what was made, where a restore ends before it is complete. */
  drop(): Promise<void> {
    return dropStaging(this.#admin);
  }

  async #as<Result>(owner: Owner, work: (client: pg.ClientBase) => Promise<Result>): Promise<Result> {
    await speakPlainly(this.#admin);
    await this.#admin.query(`SET ROLE ${roleOf(owner)}`);
    await this.#admin.query(`SET search_path = ${stagingOf(owner)}`);
    try {
      return await work(this.#admin);
    } finally {
      await this.#admin.query('RESET ROLE; RESET search_path').catch(() => {});
    }
  }
}
