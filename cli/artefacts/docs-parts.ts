import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { keepCompressed } from './compressed.ts';

const require = createRequire(import.meta.url);

/** The files of Swagger UI that the page at /docs loads, by the name that they have there. */
const FILES = { 'viewer.js': 'swagger-ui-bundle.js', 'viewer.css': 'swagger-ui.css' };

/** Takes what the page at /docs is made with out of its package. Committed, compressed, as the explorer's parts are. */
export async function buildDocsParts(root: string): Promise<void> {
  const built = path.resolve(root, 'gateway', 'rest', 'docs', 'built');
  await mkdir(built, { recursive: true });
  await Promise.all(
    Object.entries(FILES).map(async ([name, source]) => {
      const text = await readFile(require.resolve(`swagger-ui-dist/${source}`), 'utf8');
      // The map of the sources is not served.
      const contents = Buffer.from(text.replace(/\/[/*]# sourceMappingURL=.*$/m, ''));
      await keepCompressed(path.join(built, `${name}.br`), contents);
    }),
  );
}
