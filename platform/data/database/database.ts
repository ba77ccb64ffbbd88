import { existsSync } from 'node:fs';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Config } from '../../base/config/config.ts';
import { lackOfRoom } from '../../base/files/disk-room.ts';
import type { Logger } from '../../base/log/log.ts';
import type { Owner } from '../../contracts/owners.ts';
import { tellsCommits } from './after-commit.ts';
import { checkDataFolder } from './data-folder.ts';
import { lockDirectory } from './directory-lock.ts';
import { openEmbedded } from './embedded.ts';
import { noteConnections } from './hot-statements.ts';
import type { PoolSource } from './pool-source.ts';
import { openPostgresSource } from './postgres-source.ts';
import { finishRestore } from './restored-folder.ts';
import { StatementNames } from './statement-names.ts';
import { templateDirectory } from './template.ts';

/** Most statements of an owner that are prepared: the embedded database prepares them for all its sessions. */
const MAX_NAMED_EMBEDDED = 40;

/** A generated Prisma client class: `prisma/<owner>/client/client.ts` exports it. */
export type ClientClass<Client> = new (options: {
  adapter: PrismaPg;
  transactionOptions: TransactionOptions;
}) => Client;

interface TransactionOptions {
  readonly maxWait: number;
  readonly timeout: number;
}

/** In milliseconds. A burst waits its turn: Prisma's own 2 s would turn away what the next second could do. */
const TRANSACTIONS: TransactionOptions = { maxWait: 10_000, timeout: 15_000 };

export interface Database extends Pick<PoolSource, 'opened' | 'health' | 'observe' | 'copyTo'>, AsyncDisposable {
  /** The owner's Prisma client, as the owner's role on the owner's schema. One a process: call it once and keep it. */
  client<Client>(owner: Owner, Client: ClientClass<Client>): Promise<Client>;
}

/**
 * Opens Postgres where DATABASE_URL is set, the embedded database otherwise. Connections to Postgres are made on
 * demand; the embedded database goes on opening in its thread.
 */
export async function openDatabase(config: Config, log: Logger): Promise<Database> {
  const source =
    config.DATABASE_URL === undefined
      ? await openEmbeddedSource(config, log)
      : openPostgresSource(config, config.DATABASE_URL, log);
  const clients: { $disconnect?(): Promise<void> }[] = [];
  const names = new Map<Owner, StatementNames>();
  /** The names of an owner's statements. All clients share them, as they may share connections. */
  const namesOf = (owner: Owner): StatementNames | undefined => {
    if (source.mostNamed > 0 && !names.has(owner)) names.set(owner, new StatementNames(owner, source.mostNamed));
    return names.get(owner);
  };
  return {
    opened: source.opened,
    async client(owner, Client) {
      const pool = await source.pool(owner);
      const named = namesOf(owner);
      const adapter = new PrismaPg(pool, {
        schema: owner,
        ...(named && { statementNameGenerator: ({ sql, args }) => named.of(sql, args.length) }),
      });
      const client = new Client({ adapter, transactionOptions: TRANSACTIONS });
      clients.push(client as { $disconnect?(): Promise<void> });
      noteConnections(client as object, { pool, names: named });
      return tellsCommits(client);
    },
    health: source.health,
    observe: source.observe,
    copyTo: source.copyTo,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.$disconnect?.()));
      await source[Symbol.asyncDispose]();
    },
  };
}

async function openEmbeddedSource(config: Config, log: Logger): Promise<PoolSource> {
  const lock = lockDirectory(config.dataDir);
  try {
    await finishRestore(config.dataDir);
    checkDataFolder(config.dataDir);
    const directory = path.join(config.dataDir, 'postgres');
    const embedded = openEmbedded({
      directory,
      root: config.root,
      template: existsSync(directory) ? undefined : await templateDirectory(config.root),
      durable: config.EMBEDDED_FSYNC,
      log,
    });
    return {
      opened: embedded.opened,
      mostNamed: MAX_NAMED_EMBEDDED,
      pool: async (owner) => embedded.pool(owner),
      observe: embedded.observe,
      copyTo: embedded.copyTo,
      async health() {
        if (!embedded.alive) return { status: 'down', detail: 'It broke, and starts again with the next query.' };
        const lack = await lackOfRoom(config.dataDir);
        return lack === undefined ? { status: 'up' } : { status: 'down', detail: lack };
      },
      async [Symbol.asyncDispose]() {
        await embedded[Symbol.asyncDispose]();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
