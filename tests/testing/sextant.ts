import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { PostgresForTests } from '#platform/data/database/testing/test-database.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** The command that the suites start: that of the sources, or of the bundle whose `cli/sextant.js` is named here. */
const programUnderTest = (): string =>
  path.resolve(process.env['SEXTANT_TEST_PROGRAM'] || path.join(root, 'cli', 'sextant.ts'));
export const SUBGRAPHS = ['auth', 'chat', 'memory', 'vision', 'vector', 'analytics'] as const;
export type SubgraphName = (typeof SUBGRAPHS)[number];

/** Nothing of the developer's own environment reaches the product under test. */
const BARE_ENVIRONMENT = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  LOG_FORMAT: 'json',
  LLM_DISCOVERY: 'false',
  EMBEDDED_FSYNC: 'false',
};

/** Sources are compiled into the folder that `npm start` keeps for that. A bundle has a folder of its own. */
const compiledOf = (program: string): { NODE_COMPILE_CACHE?: string } =>
  program.endsWith('.ts')
    ? { NODE_COMPILE_CACHE: path.join(root, 'node_modules', '.cache', 'sextant', 'compiled') }
    : {};

/** A `sextant` process of the product, as a user would start it. */
export class SextantProcess {
  readonly output: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit').then(([code]) => code as number | null);
  }

  /**
   * Starts a command and waits for its "ready". @throws with all that it printed when it ends before.
   *
   * @param program the command's file.
   */
  static async start(
    args: readonly string[],
    env: Record<string, string>,
    program = programUnderTest(),
  ): Promise<ServingProcess> {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: path.resolve(program, '../..'),
      env: { ...BARE_ENVIRONMENT, ...compiledOf(program), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new SextantProcess(child);
    const ready = Promise.withResolvers<string>();
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        running.output.push(line);
        const entry = parse(line);
        // What a process of the product calls an error is worth reading beside the test that saw its effect.
        if ((entry?.level ?? 0) >= 50) console.error(line);
        if (entry?.msg === 'ready' && entry.url !== undefined) ready.resolve(entry.url);
      });
    }
    const url = await Promise.race([
      ready.promise,
      running.#exited.then((code) => {
        throw new Error(`sextant ${args.join(' ')} ended with ${code}:\n${running.output.join('\n')}`);
      }),
    ]);
    return Object.assign(running, { url: url.replace(/\/graphql$/, '') });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.#exited;
  }

  /** SIGKILL: the process gets no chance to clean up. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** A process with the address that it said to be ready at, without a path. */
export type ServingProcess = SextantProcess & { readonly url: string };

/** The whole graph behind one URL, however many processes that takes. */
export interface RunningGraph extends AsyncDisposable {
  /** Of the gateway, without a path. */
  readonly url: string;
  /** Another process of a subgraph on the same data, on a port of its own. Distributed only. */
  processes: ReadonlyMap<string, ServingProcess>;
  /**
   * Starts a subgraph (or the gateway) again after it was stopped or killed, under its old address.
   *
   * @param change settings that are other ones from then on.
   */
  restart(name: string, change?: Record<string, string>): Promise<void>;
}

/** `sextant up` on a folder of its own. */
export async function startEmbedded(env: Record<string, string> = {}): Promise<RunningGraph> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-graph-'));
  const port = await freePort();
  const start = (change: Record<string, string> = {}) =>
    SextantProcess.start(['up', '--no-banner'], { SEXTANT_DIR: directory, PORT: String(port), ...env, ...change });
  const first = await start();
  const processes = new Map<string, ServingProcess>([['sextant', first]]);
  return {
    url: first.url,
    processes,
    async restart(_name, change) {
      processes.set('sextant', await start(change));
    },
    async [Symbol.asyncDispose]() {
      await processes.get('sextant')!.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Gateway and six subgraphs as processes of their own, on a fresh Postgres database and a Redis.
 *
 * @param doubled subgraphs that have a second process, called `<name>-2`.
 * @param settingsOf what one process alone has in its environment, by its name.
 * @param gateways how many; the second is called `gateway-2`. With MTLS_* in `env` they ask subgraphs over TLS.
 */
export async function startDistributed(
  {
    postgres,
    redisUrl,
    doubled = [],
    gateways = 1,
    settingsOf = () => ({}),
  }: {
    postgres: PostgresForTests;
    redisUrl: string;
    doubled?: readonly SubgraphName[];
    gateways?: 1 | 2;
    settingsOf?: (name: string) => Readonly<Record<string, string>>;
  },
  env: Record<string, string> = {},
): Promise<RunningGraph> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-graph-'));
  const replicas = [...SUBGRAPHS, ...doubled.map((name) => `${name}-2`)];
  const doors = ['gateway', 'gateway-2'].slice(0, gateways);
  const ports = new Map(
    await Promise.all([...replicas, ...doors].map(async (name) => [name, await freePort()] as const)),
  );
  const supergraph = path.join(directory, 'supergraph.yaml');
  await writeFile(supergraph, supergraphYaml(ports, env['MTLS_CERT_FILE'] === undefined ? 'http' : 'https'));
  const shared = {
    SEXTANT_DIR: path.join(directory, 'data'),
    DATABASE_URL: postgres.url,
    DATABASE_POOL: '5',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `test-${process.pid}-${ports.get('gateway')}:`,
    JWT_SECRET: 'a secret for tests that has more than 32 characters',
    SUPERGRAPH_FILE: supergraph,
    PUBLIC_URL: `http://localhost:${ports.get('gateway')}`,
    ...env,
  };
  await runToEnd(['migrate'], shared);
  const start = (name: string, change: Record<string, string> = {}) =>
    doors.includes(name)
      ? SextantProcess.start(['gateway'], { ...shared, ...settingsOf(name), ...change, PORT: String(ports.get(name)) })
      : SextantProcess.start(['serve', name.replace(/-\d$/, '')], {
          ...shared,
          ...settingsOf(name),
          ...change,
          SUBGRAPH_PORT: String(ports.get(name)),
        });
  const processes = new Map<string, ServingProcess>();
  try {
    // Two at a time: the reference machine has two cores.
    for (let i = 0; i < replicas.length; i += 2) {
      await Promise.all(replicas.slice(i, i + 2).map(async (name) => processes.set(name, await start(name))));
    }
    for (const name of doors) processes.set(name, await start(name));
    return {
      url: processes.get('gateway')!.url,
      processes,
      async restart(name, change) {
        processes.set(name, await start(name, change));
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([...processes.values()].map((process) => process.stop()));
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await Promise.all([...processes.values()].map((process) => process.kill()));
    throw error;
  }
}

/**
 * Runs a command that ends by itself. @throws with what it printed when its exit code is not 0.
 *
 * @param killed kills it, without a chance to clean up.
 */
export async function runToEnd(
  args: readonly string[],
  env: Record<string, string>,
  program = programUnderTest(),
  killed?: AbortSignal,
): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], {
    ...(killed && { signal: killed, killSignal: 'SIGKILL' as const }),
    cwd: path.resolve(program, '../..'),
    env: { ...BARE_ENVIRONMENT, ...compiledOf(program), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => output.push(data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`sextant ${args.join(' ')} ended with ${code}: ${output.join('')}`);
  return output.join('');
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Below those that systems give to connections: one of these would be taken between this look and the start. */
const FIRST_PORT = 12_000;
const PORTS = 20_000;

const supergraphYaml = (ports: ReadonlyMap<string, number>, scheme: 'http' | 'https'): string =>
  [
    'federation_version: =2.14.0',
    'subgraphs:',
    ...SUBGRAPHS.flatMap((name) => {
      const replicas = [...ports].filter(([replica]) => replica === name || replica === `${name}-2`);
      return [
        `  ${name}:`,
        `    routing_url: [${replicas.map(([, port]) => `${scheme}://127.0.0.1:${port}/graphql`).join(', ')}]`,
        '    schema:',
        `      file: ${path.resolve(programUnderTest(), '../../subgraphs', name, 'schema.graphql')}`,
      ];
    }),
  ].join('\n');

function parse(line: string): { level?: number; msg?: string; url?: string } | undefined {
  try {
    return JSON.parse(line) as { level?: number; msg?: string; url?: string };
  } catch {
    return undefined;
  }
}
