import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

const SENDS_A_MINUTE = 5;
const CATALOGUE = `
default: plain
providers: { test: { type: compatible, base_url: $URL, api_key: sk-test } }
deployments:
  plain: { provider: test, model: test-model, capabilities: [chat] }
  dear: { provider: test, model: test-dear, capabilities: [chat], price: { input: "1000", output: "1000" } }
models: { plain: { deployments: [plain] }, dear: { deployments: [dear] } }
limits: { models: { dear: { budget: { amount: "0.000001", per: day } } } }
`;

interface Sending {
  readonly key: string | undefined;
  readonly conversationId: string;
  readonly text: string;
  readonly model?: string;
}

/** What became of a send: the text of the reply, or the code of the catalogue that refused it. */
type Outcome = { readonly text: string } | { readonly code: string };

/** OpenAI's names of our codes. */
const OURS: Readonly<Record<string, string>> = {
  invalid_api_key: 'UNAUTHENTICATED',
  insufficient_quota: 'BUDGET_EXCEEDED',
  rate_limit_exceeded: 'RATE_LIMITED',
  invalid_value: 'BAD_USER_INPUT',
};

const headersOf = (key: string | undefined) => ({
  'content-type': 'application/json',
  ...(key !== undefined && { authorization: `Bearer ${key}` }),
});

/** The ways in, each of which sends a message into a conversation and waits for its reply. */
const DOORS: Readonly<Record<string, (url: string, sending: Sending) => Promise<Outcome>>> = {
  async GraphQL(url, { key, conversationId, text, model }) {
    const ask = async (query: string, variables: object) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: headersOf(key),
        body: JSON.stringify({ query, variables }),
      });
      // biome-ignore lint/suspicious/noExplicitAny: answers of two operations
      return (await response.json()) as any;
    };
    const input = { conversationId, text, clientMessageId: randomUUID(), ...(model && { model }) };
    const sent = await ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { reply { id } } }', {
      input,
    });
    if (sent.errors) return { code: sent.errors[0].extensions.code };
    const { id } = sent.data.sendMessage.reply;
    const read = () => ask('query ($id: ID!) { message(id: $id) { status text error { code } } }', { id });
    const isOver = (found: { data: { message: { status: string } } }) =>
      !['PENDING', 'STREAMING'].includes(found.data.message.status);
    await expect.poll(async () => isOver(await read()), { timeout: 15_000 }).toBe(true);
    const { message } = (await read()).data;
    return message.error ? { code: message.error.code } : { text: message.text };
  },

  async REST(url, { key, conversationId, text, model }) {
    const response = await fetch(`${url}/api/chat`, {
      method: 'POST',
      headers: headersOf(key),
      body: JSON.stringify({ conversationId, text, ...(model && { model }) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: an answer or an error
    const body = (await response.json()) as any;
    return response.ok ? { text: body.reply.text } : { code: body.error.code };
  },

  async '/v1'(url, { key, conversationId, text, model }) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: headersOf(key),
      body: JSON.stringify({
        messages: [{ role: 'user', content: text }],
        metadata: { conversation_id: conversationId },
        ...(model && { model }),
      }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: an answer or an error
    const body = (await response.json()) as any;
    return response.ok
      ? { text: body.choices[0].message.content }
      : { code: OURS[body.error.code] ?? String(body.error.code).toUpperCase() };
  },

  async MCP(url, { key, conversationId, text, model }) {
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: headersOf(key) },
    });
    try {
      await client.connect(transport);
      const result = await client.callTool({
        name: 'send_message',
        arguments: { conversationId, text, ...(model && { model }) },
      });
      const { error } = (result._meta ?? {}) as { error?: { code: string } };
      return error ? { code: error.code } : { text: (result.structuredContent as { text: string }).text };
    } catch (error) {
      return { code: /sign in|API key|401|Unauthorized/i.test(String(error)) ? 'UNAUTHENTICATED' : String(error) };
    } finally {
      await client.close();
    }
  },
};

/** Where a door takes bodies. */
const PATHS: Readonly<Record<string, string>> = {
  GraphQL: '/graphql',
  REST: '/api/chat',
  '/v1': '/v1/chat/completions',
  MCP: '/mcp',
};

describe.each(MODES)('all doors, %s', (_title, skipped, start) => {
  describe.skipIf(skipped)('lead to the same graph', () => {
    const lifecycle = new AsyncDisposableStack();
    let graph: RunningGraph;

    beforeAll(async () => {
      const model = lifecycle.use(await FaultServer.start(answer('Aye')));
      const folder = await mkdtemp(path.join(tmpdir(), 'doors-'));
      lifecycle.defer(() => rm(folder, { recursive: true }));
      await writeFile(path.join(folder, 'llm.yaml'), CATALOGUE.replace('$URL', model.url));
      graph = await start(
        {
          LLM_CONFIG: path.join(folder, 'llm.yaml'),
          CHAT_TITLES: 'false',
          CHAT_SENDS_PER_MINUTE: String(SENDS_A_MINUTE),
        },
        lifecycle,
      );
    }, 180_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    /** A person of their own for each case, with a conversation and a key. */
    async function arrive(scopes: string[] = ['CHAT_READ', 'CHAT_WRITE', 'MEMORY_READ']) {
      const user = await TestUser.signUp(graph.url);
      const { createApiKey } = await user.run<{ createApiKey: { secret: string } }, object>(
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
        { input: { name: 'test', scopes } },
      );
      const { createConversation } = await user.run<{ createConversation: { conversation: { id: string } } }, object>(
        'mutation { createConversation(input: { memoryEnabled: false }) { conversation { id } } }',
      );
      return { user, key: createApiKey.secret, conversationId: createConversation.conversation.id };
    }

    // Each case signs a person up, whose password is hashed with care.
    describe.each(Object.entries(DOORS))('%s', { timeout: 120_000 }, (name, send) => {
      const text = 'Ahoy';

      it('gives the reply, and leaves the same records', async () => {
        const { user, key, conversationId } = await arrive();
        expect(await send(graph.url, { key, conversationId, text })).toEqual({ text: 'Aye' });
        const records = async () => {
          const { conversation, usageCalls } = await user.run<
            { conversation: object; usageCalls: { nodes: object[] } },
            object
          >(
            `query ($id: ID!) {
              conversation(id: $id) { messageCount messages(first: 10) { nodes { role text status } } }
              usageCalls(first: 10, filter: { operation: "reply" }) { nodes { operation model inputTokens outputTokens outcome conversationId } }
            }`,
            { id: conversationId },
          );
          return { conversation, calls: usageCalls.nodes };
        };
        await expect.poll(async () => (await records()).calls.length, { timeout: 15_000 }).toBe(1);
        expect(await records()).toEqual({
          conversation: {
            messageCount: 2,
            messages: {
              nodes: [
                { role: 'USER', text, status: 'COMPLETE' },
                { role: 'ASSISTANT', text: 'Aye', status: 'COMPLETE' },
              ],
            },
          },
          calls: [
            { operation: 'reply', model: 'plain', inputTokens: 10, outputTokens: 5, outcome: 'OK', conversationId },
          ],
        });
      });

      it('refuses who is not signed in, and a key that is not good', async () => {
        const { conversationId } = await arrive();
        expect(await send(graph.url, { key: undefined, conversationId, text })).toEqual({ code: 'UNAUTHENTICATED' });
        expect(await send(graph.url, { key: 'sk-wrong', conversationId, text })).toEqual({ code: 'UNAUTHENTICATED' });
      });

      it('refuses a key without the scope', async () => {
        const { key, conversationId } = await arrive(['CHAT_READ']);
        expect(await send(graph.url, { key, conversationId, text })).toEqual({ code: 'FORBIDDEN' });
      });

      it('refuses what the budget does not pay', async () => {
        const { key, conversationId } = await arrive();
        expect(await send(graph.url, { key, conversationId, text, model: 'dear' })).toEqual({
          code: 'BUDGET_EXCEEDED',
        });
      });

      it('refuses one send more than a minute allows', async () => {
        const { key, conversationId } = await arrive();
        const outcomes: Outcome[] = [];
        for (let index = 0; index <= SENDS_A_MINUTE; index++) {
          outcomes.push(await send(graph.url, { key, conversationId, text }));
        }
        expect(outcomes.at(-1)).toEqual({ code: 'RATE_LIMITED' });
        expect(outcomes[0]).toEqual({ text: 'Aye' });
      });

      it('refuses another person’s conversation as one that is not there', async () => {
        const { key } = await arrive();
        const { conversationId } = await arrive();
        expect(await send(graph.url, { key, conversationId, text })).toEqual({ code: 'NOT_FOUND' });
      });

      it('refuses a text that is too long, and a body that is too large', async () => {
        const { key, conversationId } = await arrive();
        const long = 'x'.repeat(128 * 1024 + 1);
        expect(await send(graph.url, { key, conversationId, text: long })).toEqual({ code: 'BAD_USER_INPUT' });
        const status = await new Promise((resolve, reject) => {
          const request = http.request(graph.url + PATHS[name], {
            method: 'POST',
            headers: { ...headersOf(key), 'content-length': 100_000_000 },
          });
          request.on('response', (response) => {
            resolve(response.statusCode);
            request.destroy();
          });
          request.on('error', reject);
          request.flushHeaders();
        });
        expect(status).toBe(413);
      });
    });
  });
});
