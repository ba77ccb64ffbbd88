import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { loadConfig } from '#platform/base/config/config.ts';
import { exportArchive, importArchive } from '#retrieval/vectors/archive.ts';
import { openVectorStore } from '#retrieval/vectors/open.ts';
import { CommandError } from '../report.ts';

/** Writes all spaces of the configured vector store into one archive; it appears under its name when it is complete. */
export async function exportVectors(root: string, target: string, spaces: readonly string[]): Promise<void> {
  if (existsSync(target)) throw new CommandError(`${target} exists already; choose another name.`);
  await using store = await openVectorStore(loadConfig(process.env, root));
  const known = (await store.spaces()).map(({ name }) => name);
  const unknown = spaces.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new CommandError(`There is no space ${unknown}; there are ${known.join(', ') || 'none'}.`);
  const partial = `${target}.partial`;
  let objects = 0;
  async function* lines() {
    const archive = exportArchive(store, spaces.length > 0 ? spaces : undefined);
    for (let next = await archive.next(); ; next = await archive.next()) {
      if (next.done) {
        objects = next.value.objects;
        return;
      }
      yield next.value;
    }
  }
  try {
    await pipeline(Readable.from(lines()), createGzip(), createWriteStream(partial));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  console.log(`${target} holds ${objects} objects of the ${store.kind} vector store.`);
}

/** Stores what an archive holds in the configured vector store, replacing objects with the same id. */
export async function importVectors(root: string, source: string): Promise<void> {
  if (!existsSync(source)) throw new CommandError(`${source} does not exist.`);
  await using store = await openVectorStore(loadConfig(process.env, root));
  const unzipped = createGunzip();
  const file = createReadStream(source);
  file.on('error', (error) => unzipped.destroy(error));
  try {
    const summary = await importArchive(
      store,
      createInterface({ input: file.pipe(unzipped), crlfDelay: Number.POSITIVE_INFINITY }),
    );
    console.log(`${summary.objects} objects in ${summary.spaces} spaces are in the ${store.kind} vector store.`);
  } catch (error) {
    throw new CommandError(`${source} was not imported whole: ${(error as Error).message}`, { cause: error });
  }
}
