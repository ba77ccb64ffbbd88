import { loadConfig } from '#platform/base/config/config.ts';
import { createLog } from '#platform/base/log/log.ts';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';
import { type ClientClass, openDatabase } from '#platform/data/database/database.ts';
import type { SqlClient } from '#platform/data/outbox/outbox.ts';
import { type ParkedItem, ParkedWork } from '#platform/data/parked-work.ts';
import { CommandError } from '../report.ts';

/** Prints what jobs and events of all owners have failed too often. */
export async function listParked(root: string): Promise<void> {
  await withParked(root, async (parked) => {
    let count = 0;
    for (const [owner, work] of parked) {
      for await (const item of work.all()) {
        console.log(lineOf(owner, item));
        count++;
      }
    }
    if (count === 0) console.log('Nothing is parked.');
  });
}

/** Gives parked work another round of attempts, or gives it up. @param ids `all`: everything that is parked. */
export async function changeParked(root: string, change: 'retry' | 'drop', ids: readonly string[]): Promise<void> {
  await withParked(root, async (parked) => {
    const unknown = new Set(ids.filter((id) => id !== 'all'));
    let count = 0;
    for (const [, work] of parked) {
      for await (const id of ids.includes('all') ? idsOf(work) : ids) {
        if (!(await work[change](id))) continue;
        unknown.delete(id);
        count++;
      }
    }
    if (change === 'retry') console.log(`${count} will be tried again within a minute of a running process.`);
    else console.log(`${count} dropped.`);
    if (unknown.size > 0)
      throw new CommandError(
        `Nothing is parked under ${[...unknown].join(', ')}; \`sextant parked list\` names what is.`,
      );
  });
}

async function* idsOf(work: ParkedWork): AsyncGenerator<string> {
  for await (const { id } of work.all()) yield id;
}

async function withParked(
  root: string,
  work: (parked: readonly (readonly [Owner, ParkedWork])[]) => Promise<void>,
): Promise<void> {
  const config = loadConfig(process.env, root);
  await using database = await openDatabase(config, createLog(config, 'parked'));
  await database.opened;
  const parked: (readonly [Owner, ParkedWork])[] = [];
  for (const owner of OWNERS) {
    const { PrismaClient } = await CLIENTS[owner]();
    const client = await database.client(owner, PrismaClient as unknown as ClientClass<SqlClient>);
    parked.push([owner, new ParkedWork(client)]);
  }
  await work(parked);
}

/** Named one by one, so that the bundle has them. */
const CLIENTS: Record<Owner, () => Promise<{ PrismaClient: unknown }>> = {
  auth: () => import('#prisma/auth/client/client.ts'),
  chat: () => import('#prisma/chat/client/client.ts'),
  memory: () => import('#prisma/memory/client/client.ts'),
  vision: () => import('#prisma/vision/client/client.ts'),
  vector: () => import('#prisma/vector/client/client.ts'),
  analytics: () => import('#prisma/analytics/client/client.ts'),
};

const lineOf = (owner: Owner, { id, of, kind, attempts, problem, parkedAt }: ParkedItem): string =>
  [id, owner, of.toLowerCase(), kind, `${attempts} attempts`, parkedAt.toISOString(), problem ?? ''].join('\t');
