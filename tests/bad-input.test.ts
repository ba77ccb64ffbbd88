import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Behaviour, cut, FaultServer, hangUp, html, quietEnd, stall } from '#llm/testing/fault-server.ts';
import {
  CreateConversationDocument,
  ReadConversationDocument,
  SendMessageDocument,
} from './client/generated/graphql.ts';
import { TestUser } from './testing/client.ts';
import { followOnce } from './testing/raw-stream.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { StreamedText } from './testing/story.ts';

const FAILING: Record<string, Behaviour> = {
  'hangs up': hangUp,
  'answers with a web page': html(502),
  'stalls before the first word': stall(),
};
const BREAKING: Record<string, Behaviour> = {
  'is cut off in the middle': cut('Once upon', ' a time'),
  'ends in the middle without a word': quietEnd('Once upon', ' a time'),
  'stalls in the middle': stall('Once upon', ' a time'),
};
const modelOf = (what: string) => what.replaceAll(' ', '-');

const lifecycle = new AsyncDisposableStack();
let graph: RunningGraph;
let user: TestUser;
let conversationId: string;

/**
 * A catalogue with a model a behaviour, each at a server of its own: one that fails opens its breaker and no other's.
 */
async function catalogueOf(behaviours: Record<string, Behaviour>, folder: string): Promise<string> {
  const entries = await Promise.all(
    Object.entries(behaviours).map(async ([what, behaviour]) => {
      const server = lifecycle.use(await FaultServer.start(behaviour));
      return [modelOf(what), server.url] as const;
    }),
  );
  const each = <T>(entry: (name: string, url: string) => T) =>
    Object.fromEntries(entries.map(([name, url]) => [name, entry(name, url)]));
  const file = path.join(folder, 'llm.yaml');
  // JSON is YAML.
  const catalogue = {
    providers: each((_, url) => ({ type: 'compatible', base_url: url })),
    deployments: each((name) => ({
      provider: name,
      model: 'test-model',
      context_window: 8192,
      capabilities: ['chat'],
    })),
    models: each((name) => ({ deployments: [{ use: name }] })),
  };
  await writeFile(file, JSON.stringify(catalogue));
  return file;
}

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sextant-models-'));
  lifecycle.defer(() => rm(folder, { recursive: true }));
  const catalogue = await catalogueOf({ ...FAILING, ...BREAKING }, folder);
  graph = lifecycle.use(await startEmbedded({ LLM_CONFIG: catalogue, LLM_TIMEOUT_MS: '1500', CHAT_TITLES: 'false' }));
  user = await TestUser.signUp(graph.url);
  const { createConversation } = await user.run(CreateConversationDocument, { input: {} });
  conversationId = createConversation!.conversation.id;
}, 60_000);
afterAll(() => lifecycle.disposeAsync(), 60_000);

const send = (input: { conversationId?: string; text: string; model?: string }) =>
  user.send(SendMessageDocument, { input: { conversationId, clientMessageId: randomUUID(), ...input } });
const codeOf = async (
  answer: Promise<{ errors?: readonly { message: string; extensions?: Record<string, unknown> }[] }>,
) => {
  const { errors } = await answer;
  return { code: errors?.[0]?.extensions?.['code'], message: errors?.[0]?.message ?? '' };
};

describe('bad input', () => {
  it('a message of 1 MB is refused with its size, the limit and the argument', async () => {
    const { code, message } = await codeOf(send({ text: 'x'.repeat(1_000_000) }));
    expect(['BAD_USER_INPUT', 'PAYLOAD_TOO_LARGE']).toContain(code);
    expect(message).toMatch(/\d/);
    const smaller = await codeOf(send({ text: 'x'.repeat(200_000) }));
    expect(smaller.code).toBe('BAD_USER_INPUT');
    expect(smaller.message).toContain('input.text');
    expect(smaller.message).toMatch(/200[ ,]?000.*131[ ,]?072/);
  });

  it('an empty message is refused by name', async () => {
    for (const text of ['', '   \n'])
      expect(await codeOf(send({ text }))).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining('input.text'),
      });
  });

  it('an unknown conversation is not found, whatever its id looks like', async () => {
    for (const unknown of [randomUUID(), 'nonsense', "'; DROP TABLE messages; --"]) {
      expect(await codeOf(send({ conversationId: unknown, text: 'Hello' }))).toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('an invalid cursor is refused by name', async () => {
    const answer = user.send('{ conversations(after: "nonsense") { nodes { id } } }');
    expect(await codeOf(answer)).toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining('after') });
  });

  it('what is not GraphQL, not JSON or not text gets a code and no stack', async () => {
    const post = async (body: string | Uint8Array, type = 'application/json') => {
      const response = await fetch(`${graph.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: body as BodyInit,
      });
      return { status: response.status, text: await response.text() };
    };
    for (const answer of [
      await post('{"query":"{"}'),
      await post('{"query":'),
      await post('null'),
      await post(new Uint8Array([0xff, 0xfe, 0x00])),
      await post('{"query":"{me{id}}","variables":"no"}'),
      await post('{me{id}}', 'text/plain'),
    ]) {
      expect(answer.status).toBeLessThan(500);
      expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code: expect.any(String) } }] });
      expect(answer.text).not.toMatch(/\.ts:\d|node_modules|at \w+ \(/);
    }
  });
});

describe('a provider that fails', () => {
  const reply = async (what: string) => {
    const { data } = await send({ text: `Hello ${randomUUID()}`, model: modelOf(what) });
    const received = new StreamedText();
    await followOnce(user, data!.sendMessage!.reply!.id, received);
    const { conversation } = await user.run(ReadConversationDocument, { id: conversationId });
    const nodes = conversation!.messages.nodes;
    return { received, question: nodes.at(-2)!, kept: nodes.at(-1)! };
  };

  it.each(Object.keys(FAILING))(
    'that %s ends the reply as FAILED, and the message is kept',
    async (what) => {
      const { received, question, kept } = await reply(what);
      expect(received).toMatchObject({ status: 'FAILED', faults: [] });
      expect(question.role).toBe('USER');
      expect(kept).toMatchObject({ status: 'FAILED', text: '' });
    },
    60_000,
  );

  it.each(Object.keys(BREAKING))(
    'that %s ends the reply as INTERRUPTED with what had arrived',
    async (what) => {
      const { received, kept } = await reply(what);
      expect(received).toMatchObject({ status: 'INTERRUPTED', text: 'Once upon a time', faults: [] });
      expect(kept).toMatchObject({ status: 'INTERRUPTED', text: 'Once upon a time' });
    },
    60_000,
  );
});
