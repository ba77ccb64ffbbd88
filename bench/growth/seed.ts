import { v7 as uuidv7 } from 'uuid';

/** How much a user has gathered, and how much there is of others. */
export interface Size {
  readonly conversations: number;
  /** Messages in the longest conversation; each other one has `messagesEach`. */
  readonly longest: number;
  readonly messagesEach: number;
  readonly memories: number;
  readonly calls: number;
  /** Calls of the longest conversation. */
  readonly callsOfLongest: number;
}

export const GROWN: Size = {
  conversations: 10_000,
  longest: 5_000,
  messagesEach: 9,
  memories: 100_000,
  calls: 1_000_000,
  callsOfLongest: 33_000,
};

type Run = (sql: string) => Promise<unknown>;

/** An id of a time that lies `n` steps of a minute before now, as SQL. */
const idOf = (n: string): string => `(
  lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - (${n})::bigint * 60000), 12, '0')
  || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid`;

/**
 * Gives a user what years bring, and half as many messages to others. Every message holds "harbour", one in ten
 * "lanterns", one in a thousand "narwhal".
 *
 * @returns the id of the longest conversation.
 */
export async function seed(run: Run, userId: string, size: Size): Promise<string> {
  const longest = uuidv7();
  const { conversations, messagesEach, memories, calls, callsOfLongest } = size;
  await run('SET synchronous_commit = off');
  await run(`CREATE TEMP TABLE grown AS
    SELECT ${idOf('n')} AS id, n, CASE WHEN n > ${conversations} THEN gen_random_uuid() ELSE '${userId}'::uuid END AS owner
    FROM generate_series(1, ${Math.floor(conversations * 1.5)}) AS n`);
  await run(`INSERT INTO grown VALUES ('${longest}', 0, '${userId}')`);
  await run(`INSERT INTO chat.conversations (id, owner_id, title) SELECT id, owner, 'Voyage ' || n FROM grown`);
  await run(`INSERT INTO chat.participants (conversation_id, user_id, role, activity_at)
    SELECT id, owner, 'OWNER', now() - n * interval '1 minute' FROM grown`);
  const text = `'The harbour of ' || md5(n::text) || ' lay still, and the ships waited for a tide'
    || CASE WHEN n % 10 = 0 THEN ' under lanterns' ELSE '' END || CASE WHEN n % 1000 = 0 THEN ' with a narwhal' ELSE '' END`;
  await run(`INSERT INTO chat.messages (id, conversation_id, depth, role, status, text)
    SELECT ${idOf('g.n + m.n * 7')}, g.id, m.n, 'USER', 'COMPLETE', ${text.replaceAll('n::text', '(g.n + m.n)::text').replaceAll('n %', '(g.n * 13 + m.n) %')}
    FROM grown AS g, generate_series(1, ${messagesEach}) AS m (n) WHERE g.n > 0`);
  await run(`INSERT INTO chat.messages (id, conversation_id, depth, role, status, text)
    SELECT ${idOf(`${size.longest} - n`)}, '${longest}', n - 1, 'USER', 'COMPLETE', ${text} FROM generate_series(1, ${size.longest}) AS n`);
  // One branch, from the first message to the last.
  const ofLongest = `FROM chat.messages WHERE conversation_id = '${longest}'`;
  await run(`UPDATE chat.messages AS m SET parent_id = way.earlier, active_child_id = way.later
    FROM (SELECT id, lag(id) OVER (ORDER BY depth) AS earlier, lead(id) OVER (ORDER BY depth) AS later ${ofLongest}) AS way
    WHERE m.id = way.id`);
  await run(`UPDATE chat.conversations SET message_count = ${size.longest},
      active_root_id = (SELECT id ${ofLongest} ORDER BY depth LIMIT 1),
      active_leaf_id = (SELECT id ${ofLongest} ORDER BY depth DESC LIMIT 1)
    WHERE id = '${longest}'`);
  await run(`INSERT INTO memory.memories (id, user_id, text, fingerprint, kind, importance, origin, valid_from)
    SELECT ${idOf('n')}, '${userId}', 'Likes harbour ' || n, md5(n::text), 'FACT', 0.5, 'STATED', now()
    FROM generate_series(1, ${memories}) AS n`);
  await run(`INSERT INTO analytics.calls (id, at, user_id, conversation_id, operation, provider, model, deployment,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, estimated, cost, currency, latency_ms,
      time_to_first_token_ms, retries, fallbacks, cache_hit, outcome)
    SELECT gen_random_uuid(), now() - n * interval '20 seconds', '${userId}',
      CASE WHEN n <= ${callsOfLongest} THEN '${longest}' ELSE md5((n % ${conversations})::text) END, 'chat', 'openai',
      'model', 'model', 100, 10, 50, 5, false, 0.000125, 'USD', 200 + n % 1700, 20 + n % 300, 0, 0, false, 'OK'
    FROM generate_series(1, ${calls}) AS n`);
  await run(`INSERT INTO analytics.rollups ("interval", at, user_id, operation, provider, model, outcome, currency, calls,
      cache_hits, input_tokens, cached_tokens, output_tokens, reasoning_tokens, images, cost)
    SELECT i, date_trunc(i, at, 'UTC'), user_id, operation, provider, model, outcome, currency, sum(calls), 0,
      sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(reasoning_tokens), 0, sum(cost)
    FROM analytics.calls, (VALUES ('HOUR'), ('DAY')) AS v (i) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`);
  return longest;
}
