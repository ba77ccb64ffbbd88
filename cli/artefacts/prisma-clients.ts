import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';

const run = promisify(execFile);

/** What runs of a client, below prisma/<owner>/client. The rest of it is types. */
export const RUNNING_CLIENT = ['client.ts', 'enums.ts', 'internal/class.ts', 'internal/prismaNamespace.ts'];

/** Generates the Prisma clients of all owners, two at a time: they are processes of their own. */
export async function generateClients(root: string): Promise<void> {
  for (let i = 0; i < OWNERS.length; i += 2) {
    await Promise.all(OWNERS.slice(i, i + 2).map((owner) => generateClient(root, owner)));
  }
}

/** In a process of its own because prisma.config.ts reads the owner from the environment. */
async function generateClient(root: string, owner: Owner): Promise<void> {
  const prisma = path.join(root, 'node_modules', 'prisma-cli', 'build', 'index.js');
  const env = { ...process.env, SUBGRAPH: owner };
  await run(process.execPath, [prisma, 'generate', '--no-hints'], { cwd: root, env }).catch((error) => {
    throw new Error(`prisma generate for ${owner}: ${error.stdout}${error.stderr}`, { cause: error });
  });
}
