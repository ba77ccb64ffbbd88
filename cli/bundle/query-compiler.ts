import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'esbuild';

const COMPILER = '@prisma/client/runtime/query_compiler_fast_bg.postgresql.wasm-base64.mjs';
const CLIENT = /\/prisma\/[^/]+\/client\/internal\/class\.ts$/;
const DECODES = /const \{ wasm \} = await import\("([^"]+)"\)\s+return await decodeBase64AsWasm\(wasm\)/;
const FILE = 'query-compiler.wasm';

/**
 * Takes the query compiler out of Prisma's clients. They carry it, WebAssembly, as a text in a module: nine megabytes
 * that stay in memory. Here it is a file that the clients of one process read once.
 */
export async function queryCompiler(folder: string): Promise<Plugin> {
  const { wasm } = (await import(COMPILER)) as { wasm: string };
  await writeFile(path.join(folder, FILE), Buffer.from(wasm, 'base64'));
  return {
    name: 'query compiler',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: CLIENT }, async ({ path: file }) => {
        const text = await readFile(file, 'utf8');
        const found = DECODES.exec(text);
        if (found?.[1] !== COMPILER) throw new Error(`${file} does not load ${COMPILER} as it did.`);
        const contents = text.replace(DECODES, 'return (await import("query compiler")).compiled()');
        return { contents, loader: 'ts' };
      });
      onResolve({ filter: /^query compiler$/ }, () => ({ path: FILE, namespace: 'query compiler' }));
      onLoad({ filter: /./, namespace: 'query compiler' }, () => ({
        contents: `import { readFile } from 'node:fs/promises';
          let compiling;
          export const compiled = () => (compiling ??= readFile(new URL('./${FILE}', import.meta.url)).then((bytes) => WebAssembly.compile(bytes)));`,
        resolveDir: folder,
      }));
    },
  };
}
