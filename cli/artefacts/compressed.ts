import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';

/**
 * Writes a file, compressed with Brotli, unless it holds the same already: another version of the compressor writes
 * other bytes.
 */
export async function keepCompressed(file: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(file).then(promisify(brotliDecompress), () => undefined);
  if (before?.equals(contents)) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  await writeFile(file, await promisify(brotliCompress)(contents, { params }));
}
