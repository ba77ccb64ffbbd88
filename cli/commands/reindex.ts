import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { loadConfig } from '#platform/base/config/config.ts';
import { createSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import { ROLE_SCOPES, type UserIdentity } from '#platform/identity/identity.ts';
import { CommandError } from '../report.ts';
import { loadDefinition } from '../serving/subgraphs.ts';

const LOOK_EVERY_MS = 500;
const STATUS = '{ memoryStatus { jobs { kind state count } indexes { name } } }';

interface Status {
  readonly memoryStatus: { readonly jobs: readonly { kind: string; state: string; count: number }[] };
}

/**
 * Compares the indexes of memory with its rows and waits until they agree: after a vector store was lost, or a restore.
 * Works beside running processes on Postgres. The embedded database belongs to one process: a running product is told
 * by the mutation `reindexMemory`.
 *
 * @throws {CommandError} when work on the indexes was parked because it failed too often.
 */
export async function reindex(root: string): Promise<void> {
  const config = loadConfig(process.env, root);
  await using lifecycle = new AsyncDisposableStack();
  const platform = await openPlatform({
    config,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    lifecycle,
    transportOf: () => undefined,
  });
  const definition = await loadDefinition(root, 'memory');
  const { transport } = lifecycle.use(
    await createSubgraph(definition, platform.of('memory', new AsyncDisposableStack())),
  );
  platform.events.start();
  const ask = async <Data>(query: string): Promise<Data> => {
    const { result } = await transport.execute({ query, identity: administrator(), requestId: randomUUID() });
    if (result.errors?.[0]) throw new CommandError(result.errors[0].message);
    return result.data as Data;
  };
  await ask('mutation { reindexMemory { status { indexes { name } } } }');
  for (let said = ''; ; await sleep(LOOK_EVERY_MS)) {
    const { jobs } = (await ask<Status>(STATUS)).memoryStatus;
    const left = jobs.filter(({ state }) => state === 'WAITING' || state === 'RUNNING');
    const line = left.map(({ kind, state, count }) => `${kind} ${state.toLowerCase()} ${count}`).join(', ');
    if (line !== said && line !== '') console.log(line);
    said = line;
    if (left.length > 0) continue;
    const parked = jobs.filter(({ state }) => state === 'PARKED');
    if (parked.length === 0) break;
    const what = parked.map(({ kind, count }) => `${count} of ${kind}`).join(', ');
    throw new CommandError(`Work was given up after it had failed too often: ${what}. The log of memory says why.`);
  }
  console.log('The indexes of memory agree with what is stored.');
}

/** Who may see and change everything, on the command line of the machine that holds the data. */
const administrator = (): UserIdentity => ({
  kind: 'user',
  userId: randomUUID(),
  roles: ['admin'],
  scopes: ROLE_SCOPES['admin']!,
  expiresAt: Math.floor(Date.now() / 1000) + 3_600,
});
