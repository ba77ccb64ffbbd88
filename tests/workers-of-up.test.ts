import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ConversationEventsDocument,
  CreateConversationDocument,
  SendMessageDocument,
} from './client/generated/graphql.ts';
import { subscribe, TestUser } from './testing/client.ts';
import { metricOf } from './testing/process-metrics.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';

const WORKERS = 2;
/** Enough for the round of new connections to come by every worker. */
const CONNECTIONS = 4 * WORKERS;
const START_MS = 60_000;
const PER_MINUTE = 40;

let graph: RunningGraph;
let user: TestUser;
beforeAll(async () => {
  graph = await startEmbedded({
    WORKERS: String(WORKERS),
    RATE_LIMIT_ADDRESS: String(PER_MINUTE),
    TRUSTED_PROXIES: '1',
  });
  user = await TestUser.signUp(graph.url);
}, 120_000);
afterAll(() => graph[Symbol.asyncDispose]());

const workers = (): Promise<number> => metricOf(graph.url, 'sextant_workers');

/** Process ids of all workers that have ever served. */
const pids = (): number[] =>
  graph.processes
    .get('sextant')!
    .output.filter((line) => line.includes('"a worker is ready"'))
    .map((line) => Number((JSON.parse(line) as { instance: string }).instance.split(':').at(-1)));

/** The statuses or codes of equal requests, each on a connection of its own. */
const askAll = (count: number, of: TestUser, address: string, query = '{ me { id } }'): Promise<unknown[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const headers = { connection: 'close', 'x-forwarded-for': address };
      const answer = await of.send(query, undefined, headers);
      return answer.errors?.[0]?.extensions?.['code'] ?? answer.status;
    }),
  );

describe(`sextant up with ${WORKERS} workers`, () => {
  it('answers through every worker out of one database, and streams', async () => {
    const { createConversation } = await user.run(CreateConversationDocument, { input: { title: 'Across' } });
    const { id: conversationId } = createConversation!.conversation;
    const sockets = Array.from({ length: WORKERS }, () => user.socket());
    const events = sockets.map((socket) => subscribe(socket, ConversationEventsDocument, { conversationId }));
    for (const each of events) await each.next();
    const input = { conversationId, clientMessageId: crypto.randomUUID(), text: 'Is there land?' };
    await user.run(SendMessageDocument, { input });
    for (const each of events) {
      for await (const event of each) if (JSON.stringify(event).includes('Is there land?')) break;
    }
    for (const socket of sockets) await socket.dispose();
    expect(new Set(await askAll(CONNECTIONS, user, '10.0.0.1'))).toEqual(new Set([200]));
  });

  it('counts together, and forgets a session in all of them at once', async () => {
    const answers = await askAll(3 * PER_MINUTE, new TestUser(graph.url), '10.0.0.2', '{ __typename }');
    // The window begins with the first of them.
    expect(answers.filter((one) => one === 200).length).toBeLessThanOrEqual(PER_MINUTE);
    expect(answers).toContain('RATE_LIMITED');

    const other = new TestUser(graph.url, user.email, user.password);
    await other.signIn();
    expect(new Set(await askAll(CONNECTIONS, other, '10.0.0.3'))).toEqual(new Set([200]));
    await other.run('mutation ($token: String!) { logout(input: { refreshToken: $token }) { __typename } }', {
      token: other.refreshToken,
    });
    await expect
      .poll(async () => [...new Set(await askAll(CONNECTIONS, other, '10.0.0.4'))], { interval: 500, timeout: 5_000 })
      .toEqual(['UNAUTHENTICATED']);
  });

  it('has one page of metrics, with the subgraphs, and one word on its health', async () => {
    const name = 'sextant_gateway_operation_duration_seconds_count';
    const before = await metricOf(graph.url, name);
    await askAll(CONNECTIONS, user, '10.0.0.5');
    expect(await metricOf(graph.url, name)).toBe(before + CONNECTIONS);
    expect(await metricOf(graph.url, 'sextant_subgraph_operation_duration_seconds_count')).toBeGreaterThan(0);
    const health = await (await fetch(`${graph.url}/health`)).json();
    expect(health.checks.workers).toEqual({ status: 'up', detail: `${WORKERS} of ${WORKERS} serve` });
    expect(health.status).toBe('healthy');
  });

  it('replaces a worker that dies, while the subgraphs stay', async () => {
    process.kill(pids().at(-1)!, 'SIGKILL');
    await expect.poll(() => metricOf(graph.url, 'sextant_workers_ended_total', { reason: 'died' })).toBe(1);
    await expect.poll(workers, { timeout: START_MS }).toBe(WORKERS);
    expect(new Set(await askAll(CONNECTIONS, user, '10.0.0.6'))).toEqual(new Set([200]));
  }, 120_000);
});
