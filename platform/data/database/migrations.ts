import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { OWNERS } from '../../contracts/owners.ts';

/** Returns a hash of the migrations of all owners: databases of equal hashes have the same tables. */
export async function hashOfMigrations(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const owner of OWNERS) {
    const directory = path.join(root, 'prisma', owner, 'migrations');
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
