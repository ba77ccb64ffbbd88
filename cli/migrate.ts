import { loadConfig } from '#platform/base/config/config.ts';
import { migratePostgres } from '#platform/data/database/database.ts';
import { CommandError } from './report.ts';

/** Applies the migrations of all owners to the database of DATABASE_URL. */
export async function migrateDatabase(root: string): Promise<void> {
  const config = loadConfig(process.env, root);
  if (config.DATABASE_URL === undefined) {
    throw new CommandError('DATABASE_URL is not set. The embedded database is migrated by itself at each start.');
  }
  for (const [owner, applied] of Object.entries(await migratePostgres(config, config.DATABASE_URL))) {
    console.log(`${owner}: ${applied.length > 0 ? `applied ${applied.join(', ')}` : 'up to date'}`);
  }
}
