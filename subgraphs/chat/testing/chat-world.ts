import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionResult } from 'graphql';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { FaultServer } from '#llm/testing/fault-server.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import type { Owner } from '#platform/contracts/owners.ts';
import type { ClientClass } from '#platform/data/database/database.ts';
import { buildTemplate } from '#platform/data/database/template.ts';
import { MemoryEventBus } from '#platform/data/outbox/memory-event-bus.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { type OpenPlatform, openPlatform } from '#platform/host/open.ts';
import type { Platform } from '#platform/host/platform.ts';
import { ROLE_SCOPES, type UserIdentity } from '#platform/identity/identity.ts';
import { OperationFailed, type SubgraphTransport } from '#platform/net/transport/transport.ts';
import { PrismaClient } from '#prisma/chat/client/client.ts';
import type { ReplyEvent } from '../replies/follow.ts';
import { chat } from '../subgraph.ts';

export interface Answer<Data> {
  readonly data: Data | null;
  /** Code of the first error. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

export interface WorldOptions {
  readonly env?: Record<string, string>;
  readonly log?: Logger;
  /** Of an earlier world, whose data this one takes over. */
  readonly directory?: string;
  /** Content of llm.yaml; by default there is none, and one model. */
  readonly catalogue?: (providerUrl: string) => object;
  /** Called for every statement that chat has Prisma run. */
  readonly onQuery?: () => void;
  /** How other subgraphs are reached; by default there are none. */
  readonly transportOf?: (subgraph: string) => SubgraphTransport | undefined;
}

/** Chat on a database of its own, a language-model server over HTTP, and what a gateway does in front of them. */
export class ChatWorld implements AsyncDisposable {
  readonly provider: FaultServer;
  readonly platform: OpenPlatform;
  readonly metrics: Registry;
  readonly db: PrismaClient;
  /** The replicas, sharing database and stores. */
  readonly replicas: HostedSubgraph[] = [];
  readonly directory: string;
  readonly #lifecycle: AsyncDisposableStack;
  readonly #onQuery: (() => void) | undefined;

  private constructor(parts: {
    provider: FaultServer;
    platform: OpenPlatform;
    metrics: Registry;
    db: PrismaClient;
    directory: string;
    lifecycle: AsyncDisposableStack;
    onQuery: (() => void) | undefined;
  }) {
    this.provider = parts.provider;
    this.platform = parts.platform;
    this.metrics = parts.metrics;
    this.db = parts.db;
    this.directory = parts.directory;
    this.#lifecycle = parts.lifecycle;
    this.#onQuery = parts.onQuery;
  }

  static async open({
    env = {},
    log = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
    directory,
    catalogue,
    onQuery,
    transportOf,
  }: WorldOptions = {}): Promise<ChatWorld> {
    const root = path.resolve(import.meta.dirname, '../../..');
    const lifecycle = new AsyncDisposableStack();
    const home = directory ?? (await mkdtemp(path.join(tmpdir(), 'sextant-chat-')));
    if (directory === undefined) lifecycle.defer(() => rm(home, { recursive: true, force: true }));
    await buildTemplate(root);
    const provider = lifecycle.use(await FaultServer.start());
    const llmConfig = path.join(home, 'llm.yaml');
    if (catalogue) await writeFile(llmConfig, JSON.stringify(catalogue(provider.url)));
    const settings = {
      NODE_ENV: 'test',
      SEXTANT_DIR: home,
      EMBEDDED_FSYNC: 'false',
      LLM_DISCOVERY: 'false',
      LLM_CONFIG: llmConfig,
      LOCAL_LLM_ENDPOINT: provider.url,
      LOCAL_LLM_MODEL: 'test-model',
      CHAT_TITLES: 'false',
      CHAT_SENDS_PER_MINUTE: '100000',
      CHAT_REPLIES_PER_USER: '10000',
      ...env,
    };
    const metrics = new Registry();
    const platform = await openPlatform({
      config: loadConfig(settings, root),
      log,
      metrics,
      lifecycle,
      transportOf: transportOf ?? (() => undefined),
    });
    // A busy machine may take longer to open it than the first transaction waits.
    await platform.database.opened;
    const db = await platform.database.client('chat', PrismaClient);
    const world = new ChatWorld({ provider, platform, metrics, db, directory: home, lifecycle, onQuery });
    await world.addReplica();
    platform.events.start();
    return world;
  }

  /** Another process of chat, as far as one process can be two. */
  async addReplica(): Promise<HostedSubgraph> {
    const own = new AsyncDisposableStack();
    const platform = this.platform.of('chat', own);
    // In one process a group of the event bus has one member; the others record, and the first one hands on and
    // consumes.
    const events =
      this.replicas.length === 0 ? platform.events : new MemoryEventBus({ metrics: this.metrics, lifecycle: own });
    const replica = await createSubgraph(chat, { ...platform, events, database: this.#watched(platform.database) });
    this.#lifecycle.use(replica);
    this.replicas.push(replica);
    return replica;
  }

  #watched(database: Platform['database']): Platform['database'] {
    const onQuery = this.#onQuery;
    if (!onQuery) return database;
    return {
      ...database,
      async client<Client>(owner: Owner, Client: ClientClass<Client>): Promise<Client> {
        const client = (await database.client(owner, Client)) as PrismaClient;
        return client.$extends({
          query: {
            $allOperations({ args, query }) {
              onQuery();
              return query(args);
            },
          },
        }) as unknown as Client;
      },
    };
  }

  /** Asks a replica as the gateway would. */
  async ask<Data = Record<string, never>>(
    identity: UserIdentity,
    query: string,
    variables: Record<string, unknown> = {},
    replica = 0,
  ): Promise<Answer<Data>> {
    const { transport } = this.replicas[replica]!;
    const { result } = await transport.execute({ query, variables, identity, requestId: randomUUID() });
    const { data, errors } = JSON.parse(JSON.stringify(result)) as ExecutionResult<Data>;
    const extensions = errors?.[0]?.extensions;
    return { data: data ?? null, code: extensions?.['code'] as string, message: errors?.[0]?.message, extensions };
  }

  /** Subscribes at a replica; leaving the loop unsubscribes. Throws what the subscription refuses. */
  async *subscribe<Data>(
    identity: UserIdentity,
    query: string,
    variables: Record<string, unknown>,
    replica = 0,
  ): AsyncGenerator<Data, void> {
    const queue: { event?: ExecutionResult; end?: true; error?: Error }[] = [];
    let wake: (() => void) | undefined;
    const push = (item: (typeof queue)[number]): void => {
      queue.push(item);
      wake?.();
    };
    const leave = this.replicas[replica]!.transport.subscribe(
      { query, variables, identity, requestId: randomUUID() },
      { next: (event) => push({ event }), complete: () => push({ end: true }), error: (error) => push({ error }) },
    );
    try {
      for (;;) {
        const item = queue.shift();
        if (item === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const failed = item.error instanceof OperationFailed ? item.error : undefined;
        if (item.error && !failed) throw item.error;
        if (item.end) return;
        const { data, errors } = JSON.parse(JSON.stringify(failed ?? item.event)) as ExecutionResult<Data>;
        if (errors?.length)
          throw Object.assign(new Error(errors[0]!.message), { code: errors[0]!.extensions?.['code'] });
        yield data as Data;
      }
    } finally {
      leave();
    }
  }

  /** Follows a reply from `after` on. */
  async *follow(identity: UserIdentity, messageId: string, after = 0, replica = 0): AsyncGenerator<ReplyEvent, void> {
    const events = this.subscribe<{ messageStream: ReplyEvent }>(
      identity,
      MESSAGE_STREAM,
      { id: messageId, after },
      replica,
    );
    for await (const { messageStream } of events) yield messageStream;
  }

  /** The reply's text and end, read through the subscription. */
  async readReply(identity: UserIdentity, messageId: string, replica = 0): Promise<{ text: string; end: ReplyEnd }> {
    let text = '';
    for await (const event of this.follow(identity, messageId, 0, replica)) {
      if (event.__typename === 'ReplyText') text = apply(text, event);
      if (event.__typename === 'ReplyEnd') return { text, end: event };
    }
    throw new Error('the stream ended without an end');
  }

  async conversation(identity: UserIdentity, input: Record<string, unknown> = {}): Promise<string> {
    const { data, message } = await this.ask<{ createConversation: { conversation: { id: string } } | null }>(
      identity,
      'mutation($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
      { input },
    );
    if (!data?.createConversation) throw new Error(message);
    return data.createConversation.conversation.id;
  }

  /** Has people invited to a conversation and has them accept. */
  async share(owner: UserIdentity, conversationId: string, ...others: readonly UserIdentity[]): Promise<void> {
    for (const other of others) {
      const invited = await this.ask(owner, INVITE, { input: { id: conversationId, userId: other.userId } });
      const accepted = await this.ask(other, ACCEPT, { input: { id: conversationId } });
      if (accepted.code) throw new Error(invited.message ?? accepted.message);
    }
  }

  send(identity: UserIdentity, input: { conversationId: string } & Record<string, unknown>, replica = 0) {
    return this.ask<Sent>(
      identity,
      SEND,
      { input: { clientMessageId: randomUUID(), text: 'Hello', ...input } },
      replica,
    );
  }

  /** Sends and waits for the reply. */
  async exchange(identity: UserIdentity, input: { conversationId: string } & Record<string, unknown>) {
    const { data, message } = await this.send(identity, input);
    if (!data?.sendMessage.reply) throw new Error(message ?? 'no reply');
    const { reply } = data.sendMessage;
    return { messageId: data.sendMessage.message.id, replyId: reply.id, ...(await this.readReply(identity, reply.id)) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.disposeAsync();
  }
}

export type ReplyEnd = Extract<ReplyEvent, { __typename: 'ReplyEnd' }>;
export type ReplyTextEvent = Extract<ReplyEvent, { __typename: 'ReplyText' }>;

export interface Sent {
  readonly sendMessage: {
    readonly message: { readonly id: string; readonly text: string; readonly status: string };
    readonly reply: { readonly id: string; readonly status: string } | null;
  };
}

/** What the schema tells clients to do with every piece of text. */
export const apply = (text: string, { text: piece, firstSeq }: ReplyTextEvent): string =>
  text.slice(0, firstSeq - 1) + piece;

/** Everything that an iteration gives. */
export async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const event of events) list.push(event);
  return list;
}

export const person = (scopes: readonly string[] = ROLE_SCOPES['user']!): UserIdentity => ({
  kind: 'user',
  userId: randomUUID(),
  roles: ['user'],
  scopes,
  expiresAt: Math.floor(Date.now() / 1000) + 600,
});

export const INVITE = `mutation($input: InviteToConversationInput!) {
  inviteToConversation(input: $input) { invitation { conversationId } participant { userId role } }
}`;

export const ACCEPT = `mutation($input: AcceptConversationInvitationInput!) {
  acceptConversationInvitation(input: $input) { conversation { id title viewerRole } }
}`;

export const SEND = `mutation($input: SendMessageInput!) {
  sendMessage(input: $input) { message { id text status } reply { id status } conversation { id } }
}`;

export const MESSAGE_STREAM = `subscription($id: ID!, $after: Int!) {
  messageStream(id: $id, after: $after) {
    __typename
    ... on ReplyText { snapshot text firstSeq lastSeq }
    ... on ReplyReasoning { text firstSeq lastSeq }
    ... on ReplyToolCall { toolCall { id: callId name arguments runsOn round textOffset } }
    ... on ReplyToolResult { callId result { status content } }
    ... on ReplyCitations {
      citations { index kind sourceId text score memory { id } document { id } title url quotes { text textOffset } }
    }
    ... on ReplyQuote { index quote { text textOffset } }
    ... on ReplyEnd { status lastSeq error { code message } usage { inputTokens outputTokens estimated } }
  }
}`;
