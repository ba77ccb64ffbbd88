import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionResult } from 'graphql';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '#platform/base/config/config.ts';
import type { EventInput, EventType } from '#platform/contracts/events.ts';
import { buildTemplate } from '#platform/data/database/template.ts';
import { jobsEnded } from '#platform/data/testing/background-work.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { type OpenPlatform, openPlatform } from '#platform/host/open.ts';
import type { Platform } from '#platform/host/platform.ts';
import { ANONYMOUS, ROLE_SCOPES, type UserIdentity } from '#platform/identity/identity.ts';
import { OperationFailed } from '#platform/net/transport/transport.ts';
import { PrismaClient } from '#prisma/memory/client/client.ts';
import { sharedVectors } from '#retrieval/testing/shared-vectors.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';
import { memory } from '../subgraph.ts';

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever shape their own query asked for
  readonly data: any;
  /** Code and message of the first error. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

/** Memory on a database and a vector store of its own, and what a gateway does in front of it. */
export class MemoryWorld implements AsyncDisposable {
  readonly directory: string;
  readonly db: PrismaClient;
  readonly #platform: OpenPlatform;
  readonly #view: Platform;
  readonly #hosted: HostedSubgraph;
  readonly #lifecycle: AsyncDisposableStack;

  private constructor(
    directory: string,
    db: PrismaClient,
    platform: OpenPlatform,
    view: Platform,
    hosted: HostedSubgraph,
    lifecycle: AsyncDisposableStack,
  ) {
    this.directory = directory;
    this.db = db;
    this.#platform = platform;
    this.#view = view;
    this.#hosted = hosted;
    this.#lifecycle = lifecycle;
  }

  /** @param directory of an earlier world, whose data this one takes over; it is kept. */
  static async open(env: Record<string, string> = {}, directory?: string): Promise<MemoryWorld> {
    const root = path.resolve(import.meta.dirname, '../../..');
    const lifecycle = new AsyncDisposableStack();
    const home = directory ?? (await mkdtemp(path.join(tmpdir(), 'sextant-memory-')));
    if (directory === undefined) lifecycle.defer(() => rm(home, { recursive: true, force: true }));
    await buildTemplate(root);
    const settings = {
      NODE_ENV: 'test',
      SEXTANT_DIR: home,
      EMBEDDED_FSYNC: 'false',
      LLM_DISCOVERY: 'false',
      LLM_CONFIG: path.join(home, 'llm.yaml'),
      ...env,
    };
    const log = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
    const platform = await openPlatform({
      config: loadConfig(settings, root),
      log,
      metrics: new Registry(),
      lifecycle,
      transportOf: () => undefined,
    });
    // A busy machine may take longer to open it than the first transaction waits.
    await platform.database.opened;
    const db = await platform.database.client('memory', PrismaClient);
    const own = new AsyncDisposableStack();
    const view = platform.of('memory', own);
    const hosted = lifecycle.use(await createSubgraph(memory, view));
    platform.events.start();
    return new MemoryWorld(home, db, platform, view, hosted, lifecycle);
  }

  async ask(identity: UserIdentity, query: string, variables: Record<string, unknown> = {}): Promise<Answer> {
    const request = { query, variables, identity, requestId: randomUUID() };
    return answerOf((await this.#hosted.transport.execute(request)).result);
  }

  /** The events of a subscription until it ends. */
  subscribe(identity: UserIdentity, query: string, variables: Record<string, unknown>): Promise<Answer[]> {
    return new Promise((resolve, reject) => {
      const events: Answer[] = [];
      this.#hosted.transport.subscribe(
        { query, variables, identity, requestId: randomUUID() },
        {
          next: (event) => void events.push(answerOf(event)),
          complete: () => resolve(events),
          error: (error) =>
            error instanceof OperationFailed ? resolve([...events, answerOf(error as ExecutionResult)]) : reject(error),
        },
      );
    });
  }

  /** What the gateway does with a request to `/_/memory/…`. */
  fetch(url: string, init?: RequestInit): Promise<Response> {
    const request = new Request(url.replace('/_/memory/', '/'), init);
    return this.#hosted.fetch(request, ANONYMOUS);
  }

  /** Uploads a file as a client would, and gives the document's id and the answer to the upload. */
  async upload(
    identity: UserIdentity,
    file: { name: string; type: string; bytes: Uint8Array; access?: string },
  ): Promise<{ id: string; response: Response }> {
    const created = await this.ask(
      identity,
      `mutation ($input: CreateDocumentUploadInput!) {
        createDocumentUpload(input: $input) { document { id } upload { url method headers { name value } } }
      }`,
      {
        input: {
          fileName: file.name,
          contentType: file.type,
          size: file.bytes.byteLength,
          ...(file.access && { access: file.access }),
        },
      },
    );
    if (created.code) throw new Error(`${created.code}: ${created.message}`);
    const { document, upload } = created.data.createDocumentUpload;
    const headers = upload.headers.map(({ name, value }: { name: string; value: string }) => [name, value]);
    const response = await this.fetch(upload.url, { method: upload.method, headers, body: new Uint8Array(file.bytes) });
    return { id: document.id, response };
  }

  /** Tells memory what another subgraph would tell it. */
  async tell<T extends EventType>(type: T, payload: EventInput<T>): Promise<void> {
    await this.#platform.events.publish('test', [
      {
        id: uuidv7(),
        type,
        version: 1,
        owner: 'test',
        aggregate: randomUUID(),
        payload: payload as never,
        recordedAt: new Date(),
      },
    ]);
  }

  /** Resolves when all background work is done. */
  idle(): Promise<void> {
    return jobsEnded(this.db);
  }

  /** How many objects each index holds, of all tenants. */
  async indexed(): Promise<Record<string, number>> {
    const { spaces } = await (await this.vectors()).stats();
    return Object.fromEntries(spaces.map((space) => [space.name, space.objects]));
  }

  get topics(): Platform['topics'] {
    return this.#view.topics;
  }

  get blobs(): Platform['blobs'] {
    return this.#view.blobs;
  }

  vectors(): Promise<VectorStore> {
    return sharedVectors(this.#view);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.disposeAsync();
  }
}

export const user = (userId: string = randomUUID(), role: 'user' | 'admin' = 'user'): UserIdentity => ({
  kind: 'user',
  userId,
  roles: [role],
  scopes: ROLE_SCOPES[role]!,
  expiresAt: Math.floor(Date.now() / 1000) + 3600,
});

function answerOf({ data, errors }: ExecutionResult): Answer {
  const first = errors?.[0];
  return {
    data,
    code: first?.extensions['code'] as string | undefined,
    message: first?.message,
    extensions: first?.extensions,
  };
}
