import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answer, FaultServer } from '../../llm/testing/fault-server.ts';
import { randomToken } from '../../platform/base/secrets/tokens.ts';
import { Authority } from '../../platform/net/http/testing/certificates.ts';
import { type StoppableServer, startPostgres, startRedis } from '../../tests/testing/servers.ts';
import { freePort, type RunningGraph, SUBGRAPHS, startDistributed } from '../../tests/testing/sextant.ts';

const ADMIN = { ADMIN_EMAIL: 'admin@example.org', ADMIN_PASSWORD: 'a star above the horizon 7' };
/** Megabytes of the disk that gets full. */
const DISK_MB = 400;

export interface WorldOptions {
  /** Seconds that the vector store is away. */
  readonly storeAwayS: number;
  /** Minutes that everything is used. */
  readonly soakMinutes: number;
}

/** Everything that can go wrong, and how to make it go wrong. */
export class World implements AsyncDisposable {
  readonly postgres: StoppableServer;
  readonly redis: StoppableServer;
  readonly model: FaultServer;
  readonly authority: Authority;
  readonly graph: RunningGraph;
  readonly options: WorldOptions;
  readonly dataDir: string;
  /** Of Postgres, where this user may mount one of a size. */
  readonly disk: string | undefined;
  /** Between the product and Weaviate, where there is one. */
  readonly weaviate: readonly Gate[];
  readonly admin = ADMIN;
  secret: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Omit<World, 'admin' | 'secret' | typeof Symbol.asyncDispose>,
    secret: string,
    stack: AsyncDisposableStack,
  ) {
    this.postgres = parts.postgres;
    this.redis = parts.redis;
    this.model = parts.model;
    this.authority = parts.authority;
    this.graph = parts.graph;
    this.options = parts.options;
    this.dataDir = parts.dataDir;
    this.disk = parts.disk;
    this.weaviate = parts.weaviate;
    this.secret = secret;
    this.#stack = stack;
  }

  static async start(options: WorldOptions): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const disk = await smallDisk(stack);
    const postgres = stack.use(await startPostgres({ passwords: true, ...(disk !== undefined && { within: disk }) }));
    const redis = stack.use(await startRedis());
    const model = stack.use(await FaultServer.start(answer(['Land', ' ho!'])));
    const authority = new Authority();
    const secret = randomToken();
    const dataDir = await mkdtemp(path.join(tmpdir(), 'sextant-faults-'));
    stack.defer(() => rm(dataDir, { recursive: true, force: true }));
    const weaviate = await gatesOf(process.env['WEAVIATE_URL'], process.env['WEAVIATE_GRPC_URL'], stack);
    const graph = stack.use(
      await startDistributed(
        { postgres, redisUrl: redis.url, doubled: SUBGRAPHS, gateways: 2 },
        {
          ...ADMIN,
          ...authority.issue(),
          // As in the image: without, the halves of new objects double until they are 64 MB, which looks like a leak.
          NODE_OPTIONS: '--max-semi-space-size=8',
          MALLOC_ARENA_MAX: '2',
          JWT_SECRET: secret,
          SEXTANT_DIR: dataDir,
          RATE_LIMIT_IDENTITY: '0',
          RATE_LIMIT_ADDRESS: '0',
          NEW_OPERATIONS_MS: '0',
          LOGINS_PER_MINUTE: '10000',
          WS_MAX_SOCKETS_ADDRESS: '10000',
          CHAT_TITLES: 'false',
          MEMORY_EXTRACTION: 'off',
          OPENAI_API_KEY: 'sk-test',
          OPENAI_BASE_URL: model.url,
          OPENAI_MODEL: 'test-model',
          ...(weaviate.length > 0 && {
            WEAVIATE_URL: `http://127.0.0.1:${weaviate[0]!.port}`,
            WEAVIATE_GRPC_URL: `127.0.0.1:${weaviate[1]!.port}`,
          }),
        },
      ),
    );
    const parts = { postgres, redis, model, authority, graph, options, dataDir, disk, weaviate };
    return new World(parts, secret, stack.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** A file system of a few hundred megabytes; undefined where this user may not mount one. */
async function smallDisk(stack: AsyncDisposableStack): Promise<string | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sextant-disk-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m,mode=0755`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  stack.defer(() => void execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' }));
  return folder;
}

/** A door before a server on this machine: what goes through it can be cut off without touching the server. */
export class Gate implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async open(host: string, target: number): Promise<Gate> {
    const port = await freePort();
    const server = createServer();
    const gate = new Gate(server, port);
    server.on('connection', (socket) => {
      const upstream = connect(target, host);
      for (const one of [socket, upstream]) {
        gate.#sockets.add(one);
        one.on('error', () => {}).on('close', () => gate.#sockets.delete(one));
      }
      socket.pipe(upstream).pipe(socket);
    });
    await gate.reopen();
    return gate;
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  reopen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.cut();
  }
}

async function gatesOf(url: string | undefined, grpcUrl: string | undefined, stack: AsyncDisposableStack) {
  if (!url) return [];
  const { hostname, port } = new URL(url);
  const grpc = new URL(`http://${grpcUrl ?? `${hostname}:50051`}`);
  return [
    stack.use(await Gate.open(hostname, Number(port || 80))),
    stack.use(await Gate.open(grpc.hostname, Number(grpc.port))),
  ];
}
