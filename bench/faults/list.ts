import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, failure } from '../../llm/testing/fault-server.ts';
import { randomToken } from '../../platform/base/secrets/tokens.ts';
import { CreateConversationDocument, SendMessageDocument } from '../../tests/client/generated/graphql.ts';
import { TestUser } from '../../tests/testing/client.ts';
import { type RunningGraph, runToEnd, SUBGRAPHS } from '../../tests/testing/sextant.ts';
import type { Person } from './person.ts';
import { soak } from './soak.ts';
import type { World } from './world.ts';

export interface Fault {
  readonly name: string;
  /** What is left to answer: where nothing is, requests may fail, and say why. */
  readonly leaves: 'a replica' | 'nothing';
  /** Why it cannot be tried here. */
  lacks?(world: World): string | undefined;
  /** Whether it is tried only where it is named: it takes long. */
  readonly isLong?: boolean;
  /** Makes it go wrong and right again; the load runs meanwhile. */
  happen(world: World, person: Person): Promise<void>;
}

const AWAY_MS = 10_000;
const RETURN_MS = 5_000;
const REPLY_MS = 60_000;
const STORM_CLIENTS = path.join(import.meta.dirname, 'storm-clients.ts');

async function frozen({ graph }: World, name: string): Promise<void> {
  const { pid } = graph.processes.get(name)!;
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(AWAY_MS);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function killed({ graph }: World, name: string): Promise<void> {
  await graph.processes.get(name)!.kill();
  await sleep(3_000);
  await graph.restart(name);
}

/** Writes until nothing more fits. */
async function fill(name: string): Promise<void> {
  await using file = await open(name, 'w');
  const piece = Buffer.alloc(64 * 1024);
  try {
    for (;;) await file.write(piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/** Restarts one process after the other. */
async function rolling({ graph }: World, names: readonly string[], change?: Record<string, string>): Promise<void> {
  for (const name of names) await again(graph, name, change);
}

async function again(graph: RunningGraph, name: string, change?: Record<string, string>): Promise<void> {
  await graph.processes.get(name)!.stop();
  await graph.restart(name, change);
}

/** Restarts all of them, two subgraphs at a time: one after the other it takes minutes on a busy machine. */
async function rollingInPairs(world: World, change: Record<string, string>): Promise<void> {
  for (let i = 0; i < SUBGRAPHS.length; i += 2) {
    const pair = SUBGRAPHS.slice(i, i + 2);
    await Promise.all(pair.map((name) => rolling(world, [name, `${name}-2`], change)));
  }
  await rolling(world, ['gateway', 'gateway-2'], change);
}

/** Sends a message; the reply comes later. @throws where it is not accepted. */
async function ask(user: TestUser, conversationId: string): Promise<string> {
  const input = { conversationId, clientMessageId: randomUUID(), text: 'Is there land?' };
  return (await user.run(SendMessageDocument, { input })).sendMessage!.reply!.id;
}

async function statusOf(user: TestUser, id: string): Promise<string> {
  const { message } = await user.run<{ message: { status: string } | null }, object>(
    'query ($id: ID!) { message(id: $id) { status } }',
    { id },
  );
  return message?.status ?? 'MISSING';
}

async function ended(user: TestUser, id: string): Promise<string> {
  const deadline = performance.now() + REPLY_MS;
  for (;;) {
    const status = await statusOf(user, id);
    if ((status !== 'PENDING' && status !== 'STREAMING') || performance.now() > deadline) return status;
    await sleep(200);
  }
}

export const FAULTS: readonly Fault[] = [
  { name: 'nothing', leaves: 'a replica', happen: () => sleep(5_000) },
  { name: 'chat-frozen', leaves: 'a replica', happen: (world) => frozen(world, 'chat-2') },
  { name: 'auth-frozen', leaves: 'a replica', happen: (world) => frozen(world, 'auth') },
  { name: 'chat-killed', leaves: 'a replica', happen: (world) => killed(world, 'chat') },
  { name: 'memory-killed', leaves: 'a replica', happen: (world) => killed(world, 'memory-2') },
  { name: 'gateway-killed', leaves: 'nothing', happen: (world) => killed(world, 'gateway-2') },
  {
    name: 'rolling-restart',
    leaves: 'a replica',
    happen: (world) =>
      rolling(
        world,
        SUBGRAPHS.flatMap((subgraph) => [subgraph, `${subgraph}-2`]),
      ),
  },
  {
    name: 'redis-lost',
    leaves: 'nothing',
    async happen({ redis }) {
      await redis.stop();
      await sleep(AWAY_MS);
      await redis.start();
      await sleep(RETURN_MS);
    },
  },
  {
    name: 'postgres-lost',
    leaves: 'nothing',
    async happen({ postgres }) {
      await postgres.stop();
      await sleep(AWAY_MS);
      await postgres.start();
      await sleep(RETURN_MS);
    },
  },
  {
    // Weaviate cannot be reached; without one the embedded store's file is gone, and memory has to make it again.
    name: 'store-lost',
    leaves: 'nothing',
    async happen(world) {
      if (world.weaviate.length > 0) {
        for (const gate of world.weaviate) await gate.cut();
        await sleep(world.options.storeAwayS * 1_000);
        for (const gate of world.weaviate) await gate.reopen();
        return;
      }
      const users = ['memory', 'memory-2', 'vector', 'vector-2'];
      for (const name of users) await world.graph.processes.get(name)!.stop();
      await rm(path.join(world.dataDir, 'vectors'), { recursive: true, force: true });
      await sleep(1_000);
      for (const name of users) await world.graph.restart(name);
      await sleep(RETURN_MS);
    },
  },
  {
    name: 'disk-full',
    leaves: 'nothing',
    lacks: ({ disk }) => (disk === undefined ? 'a disk of a size can be mounted by root alone' : undefined),
    async happen({ disk, postgres }) {
      const filler = path.join(disk!, 'filler');
      await fill(filler);
      await sleep(AWAY_MS);
      await rm(filler);
      // Postgres ends where its log did not fit.
      await postgres.start();
      await sleep(RETURN_MS);
    },
  },
  {
    name: 'provider-lost',
    leaves: 'a replica',
    async happen({ model }, { user }) {
      const { createConversation } = await user.run(CreateConversationDocument, { input: { title: 'Land' } });
      const { id } = createConversation!.conversation;
      model.behave(failure(503, 'server_error'));
      const refused = await ended(user, await ask(user, id));
      if (refused !== 'FAILED') throw new Error(`a reply without a provider is ${refused}, not FAILED`);
      await sleep(AWAY_MS);
      model.behave(answer(['Land', ' ho!']));
      const deadline = performance.now() + REPLY_MS;
      // The circuit to the provider is tried again after a while.
      while ((await ended(user, await ask(user, id))) !== 'COMPLETE')
        if (performance.now() > deadline) throw new Error('no reply is complete after the provider is back');
    },
  },
  {
    name: 'storm',
    leaves: 'a replica',
    async happen({ graph }) {
      const clients = fork(STORM_CLIENTS, [graph.url, '2000']);
      clients.once('message', () => clients.send('go'));
      const [code] = await once(clients, 'close');
      if (code !== 0) throw new Error(`the clients of the storm ended with ${code}`);
    },
  },
  {
    name: 'certificate-rotated',
    leaves: 'a replica',
    async happen({ authority, graph }) {
      authority.issue();
      await sleep(3_000);
      // What is connected from now on shows the new one.
      for (const name of ['chat', 'gateway-2']) {
        await graph.processes.get(name)!.stop();
        await graph.restart(name);
      }
      await sleep(3_000);
    },
  },
  {
    name: 'key-rotated',
    leaves: 'a replica',
    async happen({ graph, admin }, { user }) {
      const administrator = new TestUser(graph.url, admin.ADMIN_EMAIL, admin.ADMIN_PASSWORD);
      await administrator.signIn();
      await administrator.run('mutation { rotateSigningKey { __typename } }');
      for (let i = 0; i < 10; i++) {
        const fresh = new TestUser(graph.url, user.email, user.password);
        await fresh.signIn();
        await fresh.run('{ me { id } }');
        await sleep(300);
      }
    },
  },
  {
    name: 'secret-rotated',
    leaves: 'a replica',
    async happen(world) {
      const [old, next] = [world.secret, randomToken()];
      await rollingInPairs(world, { JWT_SECRET: old, JWT_SECRET_PREVIOUS: next });
      const env = { DATABASE_URL: world.postgres.url, JWT_SECRET: next, JWT_SECRET_PREVIOUS: old };
      await runToEnd(['migrate'], env);
      await rollingInPairs(world, { JWT_SECRET: next, JWT_SECRET_PREVIOUS: old });
      world.secret = next;
    },
  },
  {
    name: 'soak',
    leaves: 'a replica',
    isLong: true,
    happen: (world) => soak(world, world.options.soakMinutes),
  },
];
