import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './sextant.ts';

/** A server of this test run alone, which may be stopped and started again on the same data. */
export interface StoppableServer extends AsyncDisposable {
  readonly url: string;
  /** As if the machine had lost it: Postgres in "immediate" mode, Redis by its signal to end. */
  stop(): Promise<void>;
  /** Resolves when it answers. */
  start(): Promise<void>;
}

const postgresBinaries = globSync('/usr/lib/postgresql/*/bin').toSorted().at(-1);
const redisBinary = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((file) => existsSync(file));

/** Why tests that stop servers do not run here, for their titles; empty when they do. */
export const SERVERS_SKIPPED =
  postgresBinaries && redisBinary ? '' : ' [SKIPPED: install the packages postgresql and redis-server to run it]';

/** Postgres refuses to run as root; its package brings a user for it. */
const postgresUser = (): { uid?: number; gid?: number } => {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
};

/** Passwords for all but the administrator. */
const WITH_PASSWORDS = `host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
`;

/**
 * @param durable whether a commit reaches the disk, which tests do not wait for.
 * @param passwords whether roles have to show theirs.
 * @param within the folder that its own is made in.
 */
export async function startPostgres({
  durable = false,
  passwords = false,
  within = tmpdir(),
} = {}): Promise<StoppableServer> {
  const folder = await mkdtemp(path.join(within, 'sextant-postgres-'));
  const user = postgresUser();
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!);
  const data = path.join(folder, 'data');
  const initialise = ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8'];
  execFileSync(path.join(postgresBinaries!, 'initdb'), initialise, { ...user, cwd: folder, stdio: 'ignore' });
  if (passwords) writeFileSync(path.join(data, 'pg_hba.conf'), WITH_PASSWORDS);
  const port = await freePort();
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const settings = [
    '-c',
    `fsync=${durable ? 'on' : 'off'}`,
    '-c',
    'max_connections=200',
    '-c',
    'listen_addresses=127.0.0.1',
  ];
  return server({
    url,
    folder,
    stopSignal: 'SIGQUIT',
    run: () =>
      spawn(path.join(postgresBinaries!, 'postgres'), ['-D', data, '-p', String(port), '-k', folder, ...settings], {
        ...user,
        cwd: folder,
        stdio: 'ignore',
      }),
    async answers() {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
      client.on('error', () => {});
      await client.connect();
      await client.query('SELECT 1');
      await client.end();
    },
  });
}

export async function startRedis(): Promise<StoppableServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sextant-redis-'));
  const port = await freePort();
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--save',
    '',
  ];
  return server({
    url: `redis://127.0.0.1:${port}`,
    folder,
    stopSignal: 'SIGTERM',
    run: () => spawn(redisBinary!, settings, { stdio: 'ignore' }),
    async answers() {
      const socket = net.connect(port, '127.0.0.1');
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(1_000) });
        socket.write('PING\r\n');
        const [reply] = (await once(socket, 'data', { signal: AbortSignal.timeout(1_000) })) as [Buffer];
        if (!reply.toString().startsWith('+PONG')) throw new Error(reply.toString());
      } finally {
        socket.destroy();
      }
    },
  });
}

const PATIENCE_MS = 20_000;

async function server(options: {
  url: string;
  folder: string;
  stopSignal: NodeJS.Signals;
  run(): ChildProcess;
  answers(): Promise<void>;
}): Promise<StoppableServer> {
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) child = options.run();
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await options.answers();
      } catch (error) {
        if (child.exitCode !== null || Date.now() > deadline) throw error;
        await sleep(50);
      }
    }
  };
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(options.stopSignal);
    await ended;
  };
  await start();
  return {
    url: options.url,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(options.folder, { recursive: true, force: true });
    },
  };
}
