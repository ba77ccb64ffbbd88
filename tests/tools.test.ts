import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answer, answerDeltas, FaultServer } from '#llm/testing/fault-server.ts';
import {
  CreateConversationDocument,
  FollowWithToolsDocument,
  ReadToolCallsDocument,
  SendMessageDocument,
  SubmitToolResultsDocument,
} from './client/generated/graphql.ts';
import { subscribe, TestUser } from './testing/client.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';

const lifecycle = new AsyncDisposableStack();
let model: FaultServer;
let graph: RunningGraph;

beforeAll(async () => {
  model = lifecycle.use(await FaultServer.start());
  graph = lifecycle.use(
    await startEmbedded({ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'test-model' }),
  );
}, 60_000);
afterAll(() => lifecycle.disposeAsync(), 60_000);

const calls = (...made: [id: string, name: string, args: string][]) =>
  answerDeltas(
    made.map(([id, name, args], index) => ({
      tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }],
    })),
    'tool_calls',
  );

it('a client of the graph offers tools, sees them called, answers its own, and reads the reply to its end', async () => {
  const user = await TestUser.signUp(graph.url);
  const socket = user.socket();
  const follow = async (messageId: string) => {
    const types: string[] = [];
    let text = '';
    for await (const { messageStream: event } of subscribe(socket, FollowWithToolsDocument, { messageId })) {
      types.push(event.__typename);
      if (event.__typename === 'ReplyText') text = text.slice(0, event.firstSeq - 1) + event.text;
      if (event.__typename === 'ReplyEnd') expect(event.status).toBe('COMPLETE');
    }
    return { text, types };
  };
  model.script(
    calls(['k', 'search_knowledge', '{"query":"tea"}'], ['p', 'locate', '{"exact":true}']),
    answer('Nothing on tea in Oslo.'),
  );
  const { createConversation } = await user.run(CreateConversationDocument, { input: { title: 'Tea' } });
  const { sendMessage } = await user.run(SendMessageDocument, {
    input: {
      conversationId: createConversation!.conversation.id,
      clientMessageId: randomUUID(),
      text: 'Where is tea?',
      serverTools: ['SEARCH_KNOWLEDGE'],
      tools: [{ name: 'locate', description: 'Where the user is', parameters: { type: 'object' } }],
    },
  });
  const replyId = sendMessage!.reply!.id;
  const { types } = await follow(replyId);
  expect(types.filter((type) => type === 'ReplyToolCall')).toHaveLength(2);
  expect(types.filter((type) => type === 'ReplyToolResult')).toHaveLength(1);
  const { message } = await user.run(ReadToolCallsDocument, { id: replyId });
  expect(message).toEqual({
    awaitsToolResults: true,
    toolCalls: [
      {
        callId: 'k',
        name: 'search_knowledge',
        arguments: '{"query":"tea"}',
        runsOn: 'SERVER',
        // Memory itself was asked: this person has added no documents.
        result: { status: 'OK', content: 'Nothing was found.' },
      },
      { callId: 'p', name: 'locate', arguments: '{"exact":true}', runsOn: 'CLIENT', result: null },
    ],
  });

  const { submitToolResults } = await user.run(SubmitToolResultsDocument, {
    input: { id: replyId, results: [{ callId: 'p', content: 'Oslo' }] },
  });
  expect(await follow(submitToolResults!.reply.id)).toMatchObject({ text: 'Nothing on tea in Oslo.' });
  const { messages } = model.seen.at(-1)!.body as { messages: { role: string; content: string }[] };
  expect(messages.slice(-2).map(({ role, content }) => [role, content])).toEqual([
    ['tool', 'Nothing was found.'],
    ['tool', 'Oslo'],
  ]);
  await socket.dispose();
}, 60_000);
