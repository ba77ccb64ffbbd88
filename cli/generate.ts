// What is made at install and not committed: the Prisma clients of all owners, the template of the embedded
// database and the explorer's page.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { buildExplorer } from '#gateway/explorer/build.ts';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';
import { buildTemplate } from '#platform/data/database/template.ts';

const root = path.dirname(import.meta.dirname);

/**
 * `prisma generate` for one owner, in its own process because prisma.config.ts reads the owner from the environment.
 */
function generateClient(owner: Owner): Promise<void> {
  const prisma = path.join(root, 'node_modules', 'prisma', 'build', 'index.js');
  const child = spawn(process.execPath, [prisma, 'generate', '--no-hints'], {
    cwd: root,
    env: { ...process.env, SUBGRAPH: owner },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => output.push(data));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`prisma generate for ${owner}: ${Buffer.concat(output)}`)),
    );
  });
}

for (let i = 0; i < OWNERS.length; i += 2) await Promise.all(OWNERS.slice(i, i + 2).map(generateClient));
await buildTemplate(root);
await buildExplorer();
