import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import {
  ConversationEventsDocument,
  CreateConversationDocument,
  ReadConversationDocument,
  SendMessageDocument,
} from './client/generated/graphql.ts';
import { type GraphqlAnswer, TestUser } from './testing/client.ts';
import { Follower, Load, type Outcome } from './testing/load.ts';
import { DISTRIBUTED_SKIPPED } from './testing/postgres.ts';
import { MemoryWatch } from './testing/process-metrics.ts';
import { SERVERS_SKIPPED, type StoppableServer, startPostgres, startRedis } from './testing/servers.ts';
import { type RunningGraph, startDistributed } from './testing/sextant.ts';

/** Long enough that on a busy machine nothing reaches it but what hangs. */
const SUBGRAPH_TIMEOUT_MS = 5_000;
/** No request may take longer, whatever is broken: two fetches after one another, and a loaded machine. */
const MAX_MS = 2 * SUBGRAPH_TIMEOUT_MS + 4_000;
const PER_SECOND = 50;
const CONVERSATIONS = 5;
const DEVICES = 40; // each follows all conversations
const SUBSCRIPTIONS = DEVICES * CONVERSATIONS;
/** What the gateway may grow by while something is broken: much less than a leak, much more than noise. */
const MAX_MB = 80;

const LOOK = `query Look($c: ID!) { me { id usage { calls } } conversation(id: $c) { id title } }`;
interface Look {
  readonly me: { readonly id: string; readonly usage: { readonly calls: number } | null } | null;
  readonly conversation: { readonly id: string } | null;
}
type LookOutcome = Outcome<GraphqlAnswer<Look>>;

/** Codes that say: not the fault of the request, and it will pass. */
const PASSING = new Set(['SUBGRAPH_UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'TIMEOUT']);

const skipped = DISTRIBUTED_SKIPPED || SERVERS_SKIPPED;

describe.skipIf(skipped)(`what breaks, breaks alone${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let postgres: StoppableServer;
  let redis: StoppableServer;
  let graph: RunningGraph;
  let user: TestUser;
  let conversations: string[];
  /** They follow all conversations all the time, whatever breaks. */
  let who: Follower[];
  let memory: MemoryWatch;

  beforeAll(async () => {
    postgres = lifecycle.use(await startPostgres());
    redis = lifecycle.use(await startRedis());
    const model = lifecycle.use(await FaultServer.start(answer(['Land', ' ho!'])));
    graph = lifecycle.use(
      await startDistributed(
        { postgres, redisUrl: redis.url },
        {
          SUBGRAPH_TIMEOUT_MS: String(SUBGRAPH_TIMEOUT_MS),
          RATE_LIMIT_IDENTITY: '0',
          NEW_OPERATIONS_MS: '0',
          CHAT_SENDS_PER_MINUTE: '100000',
          CHAT_REPLIES_PER_USER: '10000',
          CHAT_TITLES: 'false',
          OPENAI_API_KEY: 'sk-test',
          OPENAI_BASE_URL: model.url,
          OPENAI_MODEL: 'test-model',
        },
      ),
    );
    user = await TestUser.signUp(graph.url);
    conversations = await Promise.all(
      Array.from({ length: CONVERSATIONS }, async (_, i) => {
        const { createConversation } = await user.run(CreateConversationDocument, { input: { title: `Leg ${i}` } });
        return createConversation!.conversation.id;
      }),
    );
    who = Array.from({ length: DEVICES }, () => lifecycle.use(new Follower(user, conversations)));
    memory = lifecycle.use(new MemoryWatch(graph.url));
    await allHear();
  }, 120_000);
  beforeEach(() => {
    for (const one of who) one.forget();
  });
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  const look = (n: number): Promise<GraphqlAnswer<Look>> =>
    user.send<Look, { c: string }>(LOOK, { c: conversations[n % CONVERSATIONS]! });
  const isWhole = ({ data, errors }: GraphqlAnswer<Look>): boolean =>
    !errors && data?.me?.usage != null && data.conversation !== null;
  const answers = (outcomes: readonly LookOutcome[]) =>
    outcomes.map((outcome) => {
      if (outcome.answer === undefined) throw new Error('a request failed', { cause: outcome.error });
      return outcome.answer;
    });
  const longest = (outcomes: readonly Outcome<unknown>[]): number => Math.max(...outcomes.map(({ ms }) => ms));
  const codes = (all: readonly GraphqlAnswer<unknown>[]) => [
    ...new Set(all.flatMap(({ errors }) => errors?.map(({ extensions }) => String(extensions?.['code'])) ?? [])),
  ];
  const say = async (conversationId: string, text: string, reply = true) => {
    const input = { conversationId, clientMessageId: randomUUID(), text, reply };
    return user.send(SendMessageDocument, { input });
  };
  /**
   * Says something in every conversation until all who follow it have heard of it; rejects when they do not in time.
   */
  const allHear = async (withinMs = 30_000): Promise<void> => {
    const said = new Map(conversations.map((id) => [id, [] as string[]]));
    const deaf = () =>
      who.flatMap(({ heard }) => [...heard].filter(([id, texts]) => !said.get(id)!.some((text) => texts.has(text))));
    const deadline = Date.now() + withinMs;
    let refused: GraphqlAnswer<unknown>[] = [];
    do {
      const sent = await Promise.all(
        conversations.map((id) => {
          const text = `Is anybody there? ${randomUUID()}`;
          said.get(id)!.push(text);
          return say(id, text, false);
        }),
      );
      refused = sent.filter(({ errors }) => errors);
      for (let i = 0; i < 30 && deaf().length > 0; i++) await sleep(100);
    } while (deaf().length > 0 && Date.now() < deadline);
    expect(deaf().length, `subscriptions that hear nothing; refused: ${JSON.stringify(refused)}`).toBe(0);
  };
  const whenWhole = async (load: Load<GraphqlAnswer<Look>>) => {
    const from = performance.now();
    await expect
      .poll(() => load.since(from).filter(({ answer: got }) => got && isWhole(got)).length, { timeout: 40_000 })
      .toBeGreaterThan(PER_SECOND / 2);
  };
  /** Something breaks under load, while the gateway's memory is watched; all requests, once all is well again. */
  const underLoad = async (happening: (load: Load<GraphqlAnswer<Look>>) => Promise<void>): Promise<LookOutcome[]> => {
    using load = new Load(PER_SECOND, look);
    await whenWhole(load);
    const before = memory.takePeak();
    await happening(load);
    await whenWhole(load);
    const outcomes = await load.stop();
    expect(memory.takePeak() - before, 'megabytes that the gateway grew by').toBeLessThan(MAX_MB);
    expect(longest(outcomes)).toBeLessThan(MAX_MS);
    return outcomes;
  };

  it('a killed subgraph takes its own fields with it and nothing else, until it is back', async () => {
    const outcomes = await underLoad(async (load) => {
      const killed = performance.now();
      await graph.processes.get('analytics')!.kill();
      // Operations wait for a restart, three seconds: then they are answered without it.
      const without = ({ answer: got }: LookOutcome) => got && !isWhole(got);
      const answered = () => load.since(killed).filter(without).length;
      await expect.poll(answered, { timeout: 30_000 }).toBeGreaterThan(PER_SECOND / 2);
      await graph.restart('analytics');
    });
    const all = answers(outcomes);
    for (const { status, data, errors } of all) {
      expect(status).toBe(200);
      expect(data?.me?.id).toBe(user.id);
      for (const error of errors ?? [])
        expect([error.path, error.message]).toEqual([['me', 'usage'], expect.any(String)]);
      expect(data?.conversation).not.toBeNull();
    }
    expect(codes(all)).toContain('SUBGRAPH_UNAVAILABLE');
    expect(codes(all).filter((code) => !PASSING.has(code))).toEqual([]);
    // No other subgraph notices.
    expect(who.flatMap((one) => [...one.codes, ...one.closes])).toEqual([]);
  }, 120_000);

  it(`a subgraph that hangs costs no request more than its time limit, and its ${SUBSCRIPTIONS} subscriptions go on`, async () => {
    const { pid } = graph.processes.get('chat')!;
    const outcomes = await underLoad(async (load) => {
      process.kill(pid, 'SIGSTOP');
      const stopped = performance.now();
      try {
        // They are answered while it hangs: without a time limit they would wait until it goes on.
        let answered = 0;
        const asked = Promise.all(conversations.map((_, n) => look(n).finally(() => answered++)));
        await expect.poll(() => answered, { timeout: 30_000 }).toBe(CONVERSATIONS);
        await asked;
        // Once it is known to hang, it is not waited for.
        const spared = ({ ms, answer: got }: LookOutcome) => ms < SUBGRAPH_TIMEOUT_MS / 2 && got && !isWhole(got);
        await expect.poll(() => load.since(stopped).filter(spared).length, { timeout: 30_000 }).toBeGreaterThan(0);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
    const all = answers(outcomes);
    for (const { status, data, errors } of all) {
      expect(status).toBe(200);
      for (const error of errors ?? [])
        expect([error.path, error.message]).toEqual([['conversation'], expect.any(String)]);
      expect(data?.me?.usage).not.toBeNull();
    }
    expect(codes(all).filter((code) => !PASSING.has(code))).toEqual([]);
    await allHear();
  }, 120_000);

  it(`${SUBSCRIPTIONS} subscriptions outlive the subgraph that they come from`, async () => {
    const outcomes = await underLoad(async () => {
      await graph.processes.get('chat')!.kill();
      await expect.poll(() => who.every((one) => one.codes.length >= CONVERSATIONS), { timeout: 20_000 }).toBe(true);
      await graph.restart('chat');
    });
    await allHear();
    for (const { data } of answers(outcomes)) expect(data?.me?.id).toBe(user.id);
    // Told one by one, each on its own operation: 1000 is the client, who has none left for the moment.
    expect([...new Set(who.flatMap((one) => one.codes))]).toEqual(['SUBGRAPH_UNAVAILABLE']);
    expect([...new Set(who.flatMap((one) => one.closes))].filter((code) => code !== 1000)).toEqual([]);
  }, 120_000);

  it(`a gateway that is told to stop answers every request that reached it, and tells ${SUBSCRIPTIONS} subscriptions to resume`, async () => {
    using load = new Load(PER_SECOND, look);
    await whenWhole(load);
    const streams = await Promise.all(
      conversations.map((id) => user.stream(ConversationEventsDocument, { conversationId: id })),
    );
    const told = performance.now();
    expect(await graph.processes.get('gateway')!.stop()).toBe(0);
    const gone = performance.now();
    // 1012: come back and resume. No client was cut off (1006), and none was left without a word.
    expect(who.map(({ closes }) => closes[0])).toEqual(Array(DEVICES).fill(1012));
    for (const text of await Promise.all(streams.map((stream) => stream.text()))) {
      expect(text).toMatch(/"code":"RESUBSCRIBE".*\n\nevent: complete\ndata:\n\n$/);
    }
    await graph.restart('gateway');
    await whenWhole(load);
    const all = await load.stop();
    await allHear();
    // No gateway serves between the two: that is what a second replica is for. Whatever was accepted is answered whole.
    const outcomes = all.filter(({ at }) => at < gone);
    expect(outcomes.filter(({ at, answer: got }) => at > told && got).length).toBeGreaterThan(0);
    const lost = outcomes.filter(({ error }) => error !== undefined && !isRefusedConnection(error));
    expect(lost.map(({ error }) => error)).toEqual([]);
    const partial = outcomes.flatMap(({ answer: got }) => (got && !isWhole(got) ? [got] : []));
    expect(partial).toEqual([]);
  }, 120_000);

  it('without Redis requests are answered or refused with a code, nothing acknowledged is lost, and all comes back', async () => {
    using load = new Load(PER_SECOND, look);
    await redis.stop();
    const acknowledged: string[] = [];
    const sends = Array.from({ length: 6 }, async (_, i) => {
      await sleep(i * 300);
      const text = `Said without Redis ${i}`;
      const { data } = await say(conversations[0]!, text);
      if (data?.sendMessage) acknowledged.push(text);
    });
    await sleep(2_500);
    await redis.start();
    await whenWhole(load);
    await Promise.all(sends);
    await allHear();
    const outcomes = await load.stop();
    expect(longest(outcomes)).toBeLessThan(MAX_MS);
    expect(codes(answers(outcomes)).filter((code) => !PASSING.has(code))).toEqual([]);
    const read = await user.run(ReadConversationDocument, { id: conversations[0]!, last: 100 });
    const texts = read.conversation!.messages!.nodes.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(acknowledged));
  }, 120_000);

  it('without Postgres requests are answered or refused in time, and all comes back by itself', async () => {
    using load = new Load(20, look);
    await sleep(500);
    await postgres.stop();
    await sleep(2_000);
    const sent = await say(conversations[1]!, 'Said without Postgres');
    expect(sent.errors?.[0]?.extensions?.['code']).toEqual(expect.any(String));
    expect(JSON.stringify(sent.errors)).not.toMatch(/ECONN|prisma|127\.0\.0\.1/i);
    await postgres.start();
    await whenWhole(load);
    const outcomes = await load.stop();
    // Whatever failed says that it is not the request's fault and will pass.
    const seen = codes(answers(outcomes));
    expect(seen).toContain('SERVICE_UNAVAILABLE');
    expect(seen.filter((code) => !PASSING.has(code))).toEqual([]);
    expect(longest(outcomes)).toBeLessThan(MAX_MS);
    expect((await say(conversations[1]!, 'Said after it')).errors).toBeUndefined();
  }, 120_000);

  it.each(['auth', 'chat', 'memory', 'vision', 'vector', 'analytics'])(
    "%s refuses a client that reaches its port without the gateway's identity",
    async (name) => {
      const { url } = graph.processes.get(name)!;
      const post = async (headers: Record<string, string>) => {
        const body = JSON.stringify({ query: '{ __typename _service { sdl } }' });
        const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
        const response = await fetch(`${url}/graphql`, init);
        return [response.status, JSON.stringify(await response.json())] as const;
      };
      // Neither nothing, nor the credentials of a user, nor an assertion that a stranger made up.
      const forged = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from(
        JSON.stringify({ kind: 'service', service: 'gateway', aud: name, exp: 4e9 }),
      ).toString('base64url')}.c2lnbmF0dXJl`;
      for (const headers of [{}, { authorization: `Bearer ${user.accessToken}` }, { 'x-sextant-identity': forged }]) {
        const [status, body] = await post(headers as Record<string, string>);
        expect(status).toBe(401);
        expect(body).not.toContain('__typename');
      }
      expect((await fetch(`${url}/anything`)).status).toBe(401);
      const said = await new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
        socket.on('error', reject);
        socket.on('open', () => socket.send('{"type":"connection_init"}'));
        socket.on('close', (code) => resolve(`closed ${code}`));
        socket.on('message', (data) => {
          const message = JSON.parse(String(data)) as { type: string };
          if (message.type === 'connection_ack')
            socket.send('{"id":"1","type":"subscribe","payload":{"query":"subscription { __typename }"}}');
          else {
            resolve(String(data));
            socket.terminate();
          }
        });
      });
      expect(said).toContain('UNAUTHENTICATED');
    },
  );

  it('a deleted account is deleted in every subgraph', async () => {
    const gone = await TestUser.signUp(graph.url);
    const { createConversation } = await gone.run(CreateConversationDocument, { input: {} });
    const input = { conversationId: createConversation!.conversation.id, clientMessageId: randomUUID(), text: 'Hello' };
    await gone.run(SendMessageDocument, { input });
    await gone.run(`mutation {
      remember(input: { memories: [{ text: "I collect brass sextants." }] }) { memories { id } }
      createVectorCollection(input: { name: "charts" }) { collection { id } }
      createImageUpload(input: { fileName: "a.png", contentType: "image/png", size: 9 }) { image { id } } }`);
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      await expect
        .poll(async () => [...(await owning(client, gone.id)).keys()].toSorted(), { timeout: 15_000 })
        .toEqual(['analytics', 'auth', 'chat', 'memory', 'vector', 'vision']);
      await gone.run('mutation ($password: String!) { deleteAccount(input: { password: $password }) { deletedId } }', {
        password: gone.password,
      });
      await expect.poll(async () => Object.fromEntries(await owning(client, gone.id)), { timeout: 15_000 }).toEqual({});
    } finally {
      await client.end();
    }
  }, 120_000);
});

/**
 * What is kept for some time, by design: that an event, a job or a sign-out was, by ids. What the account held is gone.
 */
const KEPT = new Set(['outbox_events', 'inbox_events', 'audit_events', 'revocations', 'jobs']);

/** Tables whose rows hold the id anywhere, by schema. */
async function owning(client: pg.Client, id: string): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ table_schema: string; table_name: string }>(
    `SELECT table_schema, table_name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const found = new Map<string, string[]>();
  for (const { table_schema: schema, table_name: table } of rows) {
    if (KEPT.has(table)) continue;
    const hit = await client.query(`SELECT 1 FROM "${schema}"."${table}" AS t WHERE t::text LIKE $1 LIMIT 1`, [
      `%${id}%`,
    ]);
    if (hit.rows.length > 0) found.set(schema, [...(found.get(schema) ?? []), table]);
  }
  return found;
}

/** The request never left: no server listened, or the system ended what was not taken in when the server closed. */
function isRefusedConnection(error: unknown): boolean {
  const { code, syscall } = (error as { cause?: { code?: string; syscall?: string } }).cause ?? {};
  return syscall === 'connect' && (code === 'ECONNREFUSED' || code === 'ECONNRESET');
}
