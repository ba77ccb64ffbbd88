/**
 * What grows with a user's years: lists, search and usage of a user with 10,000 conversations, 5,000 messages in one of
 * them, 100,000 memories and 1,000,000 calls, beside the same questions of a user who has nothing, through the gateway,
 * in turns. `ratio` is median by median. The calls lie there as an earlier version left them; the usage of their
 * conversations is measured before and after they are summed.
 *
 * `npm run bench -- growth [share of the size, such as 0.1]`; needs POSTGRES_TEST_URL and REDIS_TEST_URL.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { TestUser } from '../tests/testing/client.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from '../tests/testing/postgres.ts';
import { startDistributed } from '../tests/testing/sextant.ts';
import { GROWN, type Size, seed } from './growth/seed.ts';
import { median, percentile } from './statistics.ts';

const ROUNDS = 15;
const share = Number(process.argv[3] ?? 1);
const size = Object.fromEntries(
  Object.entries(GROWN).map(([name, value]) => [name, name === 'messagesEach' ? value : Math.ceil(value * share)]),
) as unknown as Size;

const search = (word: string) => `{ searchConversations(query: "${word}") { nodes { __typename } } }`;
const QUESTIONS: Record<string, string> = {
  conversations: '{ conversations(first: 20) { nodes { id title } } }',
  messages: 'query($id: ID!) { conversation(id: $id) { messages(last: 50) { nodes { id text } } } }',
  memories: '{ memories(first: 50) { nodes { id text } } }',
  'search-common': search('harbour'),
  'search-frequent': search('lanterns'),
  'search-rare': search('narwhal'),
  'search-absent': search('zeppelin'),
  usage: '{ me { usage { calls cost latency { p95 } } } }',
  'usage-of-conversation':
    'query($id: ID!) { conversation(id: $id) { usage { calls cost latency { p95 } timeToFirstToken { p95 } } } }',
};

if (DISTRIBUTED_SKIPPED) {
  console.log(`growth${DISTRIBUTED_SKIPPED}`);
  process.exit(0);
}
await using postgres = await createTestDatabase();
await using graph = await startDistributed(
  { postgres, redisUrl: REDIS_TEST_URL! },
  { RATE_LIMIT_IDENTITY: '0', NEW_OPERATIONS_MS: '0', LLM_DISCOVERY: 'false' },
);
const [grown, empty] = [await TestUser.signUp(graph.url), await TestUser.signUp(graph.url)];
const client = new pg.Client({ connectionString: postgres.url });
// Nothing else would say that the connection was lost.
client.on('error', (error) => {
  console.error('growth: the connection to the database was lost:', error);
  process.exitCode = 1;
});
await client.connect();
const longest = await seed((sql) => client.query(sql), grown.id, size);
await client.query('VACUUM ANALYZE');
const made = await empty.send<{ createConversation: { conversation: { id: string } } }, object>(
  'mutation { createConversation(input: { title: "First" }) { conversation { id } } }',
);
const first = made.data!.createConversation.conversation.id;

async function ask(user: TestUser, query: string, id: string): Promise<number> {
  const from = performance.now();
  const { errors } = await user.send<unknown, { id?: string }>(query, query.includes('$id') ? { id } : {});
  if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
  return performance.now() - from;
}

async function measure(name: string, query: string): Promise<void> {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS + 2; round++) {
    const both = [await ask(grown, query, longest), await ask(empty, query, first)];
    if (round < 2) continue;
    ours.push(both[0]!);
    theirs.push(both[1]!);
  }
  console.log(
    `BENCH growth-${name} p50_ms=${median(ours).toFixed(1)} p95_ms=${percentile(ours, 0.95).toFixed(1)} ` +
      `empty_p50_ms=${median(theirs).toFixed(1)} ratio=${(median(ours) / median(theirs)).toFixed(2)}`,
  );
}

for (const [name, query] of Object.entries(QUESTIONS)) await measure(name, query);
// Processes sum what an earlier version left when they start, and every five minutes.
await graph.processes.get('analytics')!.stop();
await graph.restart('analytics');
const unsummed = async () =>
  Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM analytics.calls WHERE NOT summed')).rows[0]!.n);
for (const until = Date.now() + 300_000; (await unsummed()) > 0 && Date.now() < until; ) await sleep(1_000);
// As autovacuum does.
await client.query('VACUUM ANALYZE analytics.calls');
await measure('usage-of-conversation-summed', QUESTIONS['usage-of-conversation']!);
await client.end();
