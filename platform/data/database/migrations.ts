import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { OWNERS, type Owner } from '../../contracts/owners.ts';

/** Returns the folder of an owner's migrations. */
export const migrationsOf = (root: string, owner: Owner): string => path.join(root, 'prisma', owner, 'migrations');

/** Returns a hash of the migrations of all owners: databases of equal hashes have the same tables. */
export async function hashOfMigrations(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const owner of OWNERS) {
    const directory = migrationsOf(root, owner);
    for (const entry of (await readdir(directory, { recursive: true })).sort()) {
      if (!entry.endsWith('.sql')) continue;
      hash
        .update(owner)
        .update(entry)
        .update(await readFile(path.join(directory, entry)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
