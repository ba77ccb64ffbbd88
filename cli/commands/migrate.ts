import { loadConfig } from '#platform/base/config/config.ts';
import { migratePostgres, settlePostgresMigration } from '#platform/data/database/migrate-postgres.ts';
import { CommandError } from '../report.ts';

export interface MigrateOptions {
  /** Name of a migration whose end is not known: it has been applied. */
  readonly applied?: string | undefined;
  /** The same: it has not. */
  readonly rolledBack?: string | undefined;
  /** Whether the database is opened where a restore broke off in the middle. */
  readonly open?: boolean | undefined;
}

/** Applies the migrations of all owners to the database of DATABASE_URL. */
export async function migrateDatabase(root: string, { applied, rolledBack, open }: MigrateOptions): Promise<void> {
  const config = loadConfig(process.env, root);
  if (config.DATABASE_URL === undefined) {
    throw new CommandError('DATABASE_URL is not set. The embedded database is migrated by itself at each start.');
  }
  const name = applied ?? rolledBack;
  if (name !== undefined) {
    const outcome = applied === undefined ? 'rolled-back' : 'applied';
    const owners = await settlePostgresMigration(config, config.DATABASE_URL, name, outcome);
    if (owners.length === 0) throw new CommandError(`No migration ${name} was begun whose end is not known.`);
    console.log(`${owners.join(', ')}: ${name} is noted as ${outcome}. Run \`sextant migrate\` to go on.`);
    return;
  }
  for (const [owner, applied] of Object.entries(await migratePostgres(config, config.DATABASE_URL, { opens: open }))) {
    console.log(`${owner}: ${applied.length > 0 ? `applied ${applied.join(', ')}` : 'up to date'}`);
  }
}
