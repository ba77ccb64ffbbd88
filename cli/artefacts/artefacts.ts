import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gatewayFileSchema } from '#gateway/settings/gateway-file-shape.ts';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';
import { buildConsole } from './console-build.ts';
import { buildDocsParts } from './docs-parts.ts';
import { clientErrorCodes, errorsPage } from './errors-page.ts';
import { buildExplorerParts } from './explorer-parts.ts';
import { possibleTypesFile } from './possible-types.ts';
import { generateClients, RUNNING_CLIENT } from './prisma-clients.ts';
import { settingsPage } from './settings-table.ts';

const run = promisify(execFile);

/** Every committed file that is made from others. */
const ARTEFACTS = [
  'supergraph.graphql',
  'schema.graphql',
  'possible-types.json',
  'docs/configuration.md',
  'docs/errors.md',
  'docs/gateway.schema.json',
  'subgraphs/*/peers/*.types.ts',
  'tests/client/generated/*',
  'clients/typescript/src/generated/*',
  'console/src/*/*.generated.ts',
  'console/built/*.br',
  'gateway/{explorer,rest/docs}/built/*.br',
  ...RUNNING_CLIENT.map((file) => `prisma/*/client/${file}`),
];

/**
 * Makes every artefact again: the Prisma clients, the parts of pages, supergraph.graphql, schema.graphql and
 * possible-types.json, the types of operations and the generated pages.
 */
export async function makeArtefacts(root: string): Promise<void> {
  await Promise.all([generateClients(root), buildDocsParts(root)]);
  await mkdir(path.join(root, 'docs'), { recursive: true });
  await writeFile(path.join(root, 'docs', 'configuration.md'), settingsPage());
  await writeFile(path.join(root, 'docs', 'errors.md'), errorsPage());
  const generated = path.join(root, 'clients', 'typescript', 'src', 'generated');
  await mkdir(generated, { recursive: true });
  await writeFile(path.join(generated, 'error-codes.ts'), clientErrorCodes());
  await writeFile(path.join(root, 'docs', 'gateway.schema.json'), `${JSON.stringify(gatewayFileSchema(), null, 2)}\n`);
  const supergraph = await loadSupergraph({ file: path.join(root, 'supergraph.yaml') });
  await writeFile(path.join(root, 'supergraph.graphql'), `${supergraph.sdl.trimEnd()}\n`);
  await writeFile(path.join(root, 'schema.graphql'), supergraph.apiSdl());
  await writeFile(path.join(root, 'possible-types.json'), possibleTypesFile(supergraph.apiSchema));
  const codegen = path.join(root, 'node_modules', '@graphql-codegen', 'cli', 'cjs', 'bin.js');
  await run(process.execPath, [codegen, '--config', 'codegen.ts'], { cwd: root });
  // Made of the types and texts of operations, which are there now.
  await Promise.all([buildConsole(root), buildExplorerParts(root)]);
}

/**
 * Returns the artefacts that change when they are made again: those that a change forgot. They are up to date
 * afterwards.
 */
export async function staleArtefacts(root: string): Promise<string[]> {
  const before = await readArtefacts(root);
  await makeArtefacts(root);
  const after = await readArtefacts(root);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((file) => before.get(file) !== after.get(file))
    .sort();
}

async function readArtefacts(root: string): Promise<Map<string, string>> {
  const files = globSync(ARTEFACTS, { cwd: root });
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(path.join(root, file), 'latin1')] as const)),
  );
}
