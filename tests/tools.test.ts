import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import OpenAI from 'openai';
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
  const folder = await mkdtemp(path.join(tmpdir(), 'sextant-tools-'));
  lifecycle.defer(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'llm.yaml');
  const program = path.resolve(import.meta.dirname, '../llm/testing/tool-server-process.ts');
  const catalogue = {
    providers: { test: { type: 'compatible', base_url: model.url } },
    deployments: { d: { provider: 'test', model: 'test-model', capabilities: ['chat', 'tools'] } },
    models: { 'test-model': { deployments: ['d'] } },
    tool_servers: {
      here: { command: process.execPath, args: [program, 'Oslo'], tools: ['where', 'write'] },
    },
  };
  await writeFile(file, JSON.stringify(catalogue));
  graph = lifecycle.use(await startEmbedded({ LLM_CONFIG: file }));
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

it('a tool server that is a program is called, and what it may change waits for a yes', async () => {
  const user = await TestUser.signUp(graph.url);
  // biome-ignore lint/suspicious/noExplicitAny: whatever the fields give
  const ask = (text: string, variables: object = {}) => user.run<any, object>(text, variables);
  const { toolServers } = await ask('{ toolServers { name state tools { name needsApproval } } }');
  expect(toolServers).toEqual([
    {
      name: 'here',
      state: 'UP',
      tools: [
        { name: 'here__where', needsApproval: false },
        { name: 'here__write', needsApproval: true },
      ],
    },
  ]);
  model.script(calls(['w', 'here__where', '{}'], ['c', 'here__write', '{"what":"tea"}']), answer('Written.'));
  const made = await ask(
    'mutation($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
    { input: { toolServers: ['here'] } },
  );
  const conversationId = made.createConversation.conversation.id;
  const sent = await user.run(SendMessageDocument, {
    input: { conversationId, clientMessageId: randomUUID(), text: 'Write tea' },
  });
  const ends = async (id: string) => {
    const read =
      '($id: ID!) { message(id: $id) { status text awaitsApproval toolCalls { callId result { content } } } }';
    let message: { status: string; text: string; toolCalls: { result: { content: string } | null }[] } | undefined;
    await expect
      .poll(
        async () => {
          ({ message } = await ask(`query${read}`, { id }));
          return message!.status;
        },
        { timeout: 20_000 },
      )
      .toBe('COMPLETE');
    return message!;
  };
  const replyId = sent.sendMessage!.reply!.id;
  const asking = await ends(replyId);
  expect(asking).toMatchObject({ awaitsApproval: true, toolCalls: [{ callId: 'w' }, { callId: 'c', result: null }] });
  expect(asking.toolCalls[0]!.result!.content).toContain('"told":"Oslo"');
  const { approveToolCall } = await ask(
    'mutation($input: ApproveToolCallInput!) { approveToolCall(input: $input) { reply { id } } }',
    { input: { id: replyId, callId: 'c' } },
  );
  expect((await ends(approveToolCall.reply.id)).text).toBe('Written.');
  expect((await ends(replyId)).toolCalls[1]!.result!.content).toContain('written: tea');
}, 60_000);

it('a client of OpenAI’s API is told that a call waits for a yes, and says it at /v1/responses', async () => {
  const user = await TestUser.signUp(graph.url);
  // biome-ignore lint/suspicious/noExplicitAny: whatever the fields give
  const ask = (text: string, variables: object = {}) => user.run<any, object>(text, variables);
  const { createConversation } = await ask(
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
    { input: { toolServers: ['here'] } },
  );
  const conversationId = createConversation.conversation.id as string;
  const openai = new OpenAI({ apiKey: user.accessToken, baseURL: `${graph.url}/v1`, maxRetries: 0 });
  const said = { role: 'user' as const, content: 'Write it down' };
  const into = { metadata: { conversation_id: conversationId } };
  const refused = { status: 409, code: 'approval_required', message: expect.stringContaining('here__write') };

  model.script(calls(['w', 'here__write', '{}']));
  await expect(openai.chat.completions.create({ model: '', messages: [said], ...into })).rejects.toMatchObject(refused);
  model.script(calls(['w', 'here__write', '{}']));
  const stream = await openai.chat.completions.create({ model: '', messages: [said], ...into, stream: true });
  const read = async () => {
    for await (const chunk of stream) expect(chunk.choices[0]?.finish_reason ?? null).toBeNull();
  };
  await expect(read()).rejects.toMatchObject({ code: 'approval_required' });

  for (const approve of [true, false]) {
    model.script(calls(['w', 'here__write', '{}']), answer('It is done.'));
    const waits = await openai.responses.create({ input: 'Write it down', conversation: conversationId });
    const request = waits.output.find(({ type }) => type === 'mcp_approval_request')!;
    expect(request).toMatchObject({ name: 'here__write', server_label: 'here', arguments: '{}' });
    const kept = await openai.responses.retrieve(waits.id);
    expect(kept.output.map(({ type }) => type)).toEqual(waits.output.map(({ type }) => type));
    const goesOn = await openai.responses.create({
      model: 'another',
      previous_response_id: waits.id,
      input: [{ type: 'mcp_approval_response', approval_request_id: request.id!, approve }],
      stream: true,
    });
    let text = '';
    for await (const event of goesOn) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      // It goes on with the model that asked.
      if (event.type === 'response.completed') expect(event.response.model).toBe(kept.model);
    }
    expect(text).toBe('It is done.');
    const { messages } = model.seen.at(-1)!.body as { messages: { role: string; content: string }[] };
    const told = messages.findLast(({ role }) => role === 'tool')!.content;
    expect([approve, told.includes('did not allow')]).toEqual([approve, !approve]);
  }
}, 60_000);
