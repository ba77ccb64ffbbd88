import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Returns what `make` gives, kept in a folder under the hash of everything it was made of. A folder that takes no files
 * is not an error, and without a folder it is made each time.
 *
 * @param name end of the file's name, e.g. `supergraph.graphql`.
 */
export async function kept(
  folder: string | undefined,
  name: string,
  of: unknown,
  make: () => Promise<string>,
): Promise<string> {
  if (folder === undefined) return make();
  const hash = createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 32);
  const file = path.join(folder, `${hash}.${name}`);
  const found = await readFile(file, 'utf8').catch(() => undefined);
  if (found !== undefined) return found;
  const made = await make();
  const partial = `${file}.${process.pid}`;
  await mkdir(folder, { recursive: true })
    .then(() => writeFile(partial, made))
    .then(() => rename(partial, file))
    .catch(() => {});
  return made;
}
