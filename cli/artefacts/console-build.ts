import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';
import { CONSOLE } from '../serving/console.ts';
import { keepCompressed } from './compressed.ts';

/**
 * Builds the console into the files that browsers load. They are committed, compressed: a start neither waits for them
 * nor needs the tools that make them.
 */
export async function buildConsole(root: string): Promise<void> {
  const folder = path.resolve(root, CONSOLE);
  const made = await build({
    configFile: path.join(folder, 'vite.config.ts'),
    mode: 'production',
    logLevel: 'error',
    build: { write: false },
  });
  if (!('output' in made)) throw new Error('Vite made more than one build of the console, or none.');
  const built = path.join(folder, 'built');
  await mkdir(built, { recursive: true });
  const names = new Set(made.output.map(({ fileName }) => `${path.basename(fileName)}.br`));
  const old = (await readdir(built)).filter((name) => !names.has(name));
  await Promise.all([
    ...old.map((name) => rm(path.join(built, name))),
    ...made.output.map((file) => {
      const contents = file.type === 'chunk' ? file.code : file.source;
      return keepCompressed(path.join(built, `${path.basename(file.fileName)}.br`), Buffer.from(contents));
    }),
  ]);
}
