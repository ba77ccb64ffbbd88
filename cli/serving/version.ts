import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Returns the version of the product, out of the package.json beside it. */
export const versionOf = (root: string): string =>
  (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version;
