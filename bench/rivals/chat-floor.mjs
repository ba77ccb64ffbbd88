/**
 * What a developer would write who needs nothing but a chat: Fastify, the `openai` package, Postgres by `pg`. A message
 * and its reply are stored, the reply streams by server-sent events. No sign-in, no resuming, no second device, no
 * memory: the floor under what bench/chat.ts measures.
 *
 * node chat-floor.mjs: DATABASE_URL, OPENAI_BASE_URL. Sends its parent the port.
 */
import Fastify from 'fastify';
import { OpenAI } from 'openai';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
await pool.query(`
  CREATE TABLE conversations (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, created_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE messages (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, conversation_id bigint NOT NULL REFERENCES conversations,
    role text NOT NULL, content text NOT NULL, complete boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now());
  CREATE INDEX ON messages (conversation_id, id);`);
const openai = new OpenAI({ apiKey: 'none', maxRetries: 0 });
const app = Fastify();

app.post('/conversations', async () => {
  const { rows } = await pool.query('INSERT INTO conversations DEFAULT VALUES RETURNING id');
  return { id: rows[0].id };
});

app.post('/conversations/:id/messages', async (request, reply) => {
  const { id } = request.params;
  await pool.query(`INSERT INTO messages (conversation_id, role, content) VALUES ($1, 'user', $2)`, [
    id,
    request.body.text,
  ]);
  const { rows: messages } = await pool.query(
    'SELECT role, content FROM messages WHERE conversation_id = $1 ORDER BY id',
    [id],
  );
  const stream = await openai.chat.completions.create({ model: 'bench', messages, stream: true });
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let content = '';
  for await (const chunk of stream) {
    const piece = chunk.choices[0]?.delta.content;
    if (!piece) continue;
    content += piece;
    reply.raw.write(`data: ${JSON.stringify({ text: piece })}\n\n`);
  }
  await pool.query(`INSERT INTO messages (conversation_id, role, content) VALUES ($1, 'assistant', $2)`, [id, content]);
  reply.raw.end('data: [DONE]\n\n');
});

await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.(app.server.address().port);
process.on('disconnect', () => process.exit());
