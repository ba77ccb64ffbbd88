import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI, type ChatOpenAIFields } from '@langchain/openai';
import { generateText, isStepCount, jsonSchema, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { answer, answerDeltas, cut, FaultServer, failure, json, stall } from '#llm/testing/fault-server.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';
import { story } from './testing/story.ts';

const CATALOGUE = `
default: smart
default_images: paint
providers: { test: { type: compatible, base_url: $URL, api_key: sk-test } }
deployments:
  seer: { provider: test, model: test-model, capabilities: [chat, vision, tools, json, reasoning], context_window: 100000 }
  painter: { provider: test, model: test-painter, capabilities: [images] }
models: { smart: { deployments: [seer] }, paint: { deployments: [painter] } }
`;
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER = {
  type: 'object' as const,
  properties: { place: { type: 'string' as const } },
  required: ['place'],
};
const calling = answerDeltas(
  [
    { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"place":' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '"Cowes"}' } }] },
  ],
  'tool_calls',
);

/** A Python with LiteLLM and OpenAI's package: docs/openai-api.md says how to make one. */
const PYTHON = process.env['LITELLM_PYTHON'] || 'python3';
const skippedWithout = (module: string): string =>
  spawnSync(PYTHON, ['-c', `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`])
    .status === 0
    ? ''
    : ` (SKIPPED: no Python package ${module}; set LITELLM_PYTHON to a Python that has it)`;
const LITELLM_SKIPPED = skippedWithout('litellm');
const OPENAI_SKIPPED = skippedWithout('openai');

describe.each(MODES)('/v1 with OpenAI’s own client, %s', (_title, skipped, start) => {
  describe.skipIf(skipped)('an API key', () => {
    const lifecycle = new AsyncDisposableStack();
    let model: FaultServer;
    let graph: RunningGraph;
    let user: TestUser;
    let openai: OpenAI;

    const keyOf = async (scopes: string[]) => {
      const { createApiKey } = await user.run<{ createApiKey: { secret: string } }, object>(
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
        { input: { name: 'test', scopes } },
      );
      return createApiKey.secret;
    };
    const clientOf = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${graph.url}/v1`, maxRetries: 0 });

    beforeAll(async () => {
      model = lifecycle.use(await FaultServer.start());
      const folder = await mkdtemp(path.join(tmpdir(), 'openai-api-'));
      lifecycle.defer(() => rm(folder, { recursive: true }));
      await writeFile(path.join(folder, 'llm.yaml'), CATALOGUE.replace('$URL', model.url));
      graph = await start(
        { LLM_CONFIG: path.join(folder, 'llm.yaml'), CHAT_TITLES: 'false', CHAT_RECALL_TIMEOUT_MS: '20000' },
        lifecycle,
      );
      user = await TestUser.signUp(graph.url);
      const scopes = ['CHAT_READ', 'CHAT_WRITE', 'MEMORY_READ', 'MEMORY_WRITE', 'VECTOR_READ', 'VISION_READ'];
      openai = clientOf(await keyOf([...scopes, 'VISION_WRITE']));
    }, 180_000);
    beforeEach(() => model.behave(answer(story(20))));
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    const seen = () =>
      model.seen.at(-1)!.body as { messages: { role: string; content: unknown }[]; [name: string]: unknown };

    it('lists the aliases and the embedding models', async () => {
      const models = (await openai.models.list()).data;
      expect(models[0]).toMatchObject({ id: 'smart', object: 'model', capabilities: { chat: true, vision: true } });
      expect(models.length).toBeGreaterThan(2);
      expect(await openai.models.retrieve('paint')).toMatchObject({ id: 'paint', object: 'model' });
      await expect(openai.models.retrieve('unheard-of')).rejects.toMatchObject({ status: 404 });
    });

    it('gets a whole answer with its usage', async () => {
      const completion = await openai.chat.completions.create({
        model: 'smart',
        messages: [
          { role: 'developer', content: 'Be brief' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Tell me' },
              { type: 'text', text: 'a story' },
            ],
          },
        ],
        temperature: 0.5,
        max_completion_tokens: 500,
        stop: 'END',
      });
      expect(completion).toMatchObject({
        object: 'chat.completion',
        model: 'smart',
        choices: [{ message: { role: 'assistant', content: story(20).join('') }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
      });
      expect(seen()).toMatchObject({
        temperature: 0.5,
        max_tokens: 500,
        stop: ['END'],
        messages: [
          { role: 'system', content: 'Be brief' },
          { role: 'user', content: 'Tell me\na story' },
        ],
      });
    });

    it('streams an answer exact to the byte, with reasoning before and usage behind', async () => {
      model.behave(async (request, response) => {
        await answerDeltas([
          { reasoning_content: 'Hm, ' },
          { reasoning_content: 'well.' },
          ...story(20).map((content) => ({ content })),
        ])(request, response);
      });
      const stream = await openai.chat.completions.create({
        model: 'smart',
        messages: [{ role: 'user', content: 'Tell me a story' }],
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      let reasoning = '';
      const finishes: unknown[] = [];
      let usage: unknown;
      for await (const chunk of stream) {
        const [choice] = chunk.choices;
        text += choice?.delta.content ?? '';
        reasoning += (choice?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? '';
        if (choice?.finish_reason) finishes.push(choice.finish_reason);
        usage = chunk.usage ?? usage;
      }
      expect({ text, reasoning, finishes }).toEqual({
        text: story(20).join(''),
        reasoning: 'Hm, well.',
        finishes: ['stop'],
      });
      expect(usage).toMatchObject({ total_tokens: expect.any(Number) });
    });

    it('calls tools, streamed and whole, and goes on with their results', async () => {
      model.behave(calling);
      const ask = {
        model: 'smart',
        messages: [{ role: 'user', content: 'Weather in Cowes?' }],
        tools: [{ type: 'function', function: { name: 'weather', parameters: WEATHER } }],
        tool_choice: 'required',
      } satisfies OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;
      const whole = await openai.chat.completions.create(ask);
      const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"place":"Cowes"}' } };
      expect(whole.choices[0]).toMatchObject({
        finish_reason: 'tool_calls',
        message: { content: null, tool_calls: [call] },
      });
      expect(seen()).toMatchObject({
        tool_choice: 'required',
        tools: [{ function: { name: 'weather', parameters: WEATHER } }],
      });
      const runner = openai.chat.completions.stream({ ...ask, stream: true });
      expect(await runner.finalChatCompletion()).toMatchObject({ choices: [{ message: { tool_calls: [call] } }] });

      model.behave(answer('It rains.'));
      const done = await openai.chat.completions.create({
        ...ask,
        tool_choice: 'auto',
        messages: [
          ...ask.messages,
          whole.choices[0]!.message,
          { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
        ],
      });
      expect(done.choices[0]!.message.content).toBe('It rains.');
      expect(seen().messages.at(-1)).toEqual({ role: 'tool', tool_call_id: 'call_1', content: 'rain' });
    });

    it('gets an id for each call of a provider that has none for them, and tells results by it', async () => {
      const bare = (index: number) => ({
        tool_calls: [{ index, function: { name: 'weather', arguments: `{"place":"${index}"}` } }],
      });
      model.behave(answerDeltas([bare(0), bare(1)], 'tool_calls'));
      const ask = {
        model: 'smart',
        messages: [{ role: 'user', content: 'Weather in both?' }],
        tools: [{ type: 'function', function: { name: 'weather', parameters: WEATHER } }],
      } satisfies OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;
      const whole = (await openai.chat.completions.create(ask)).choices[0]!.message;
      const streamed = await openai.chat.completions.stream({ ...ask, stream: true }).finalChatCompletion();
      for (const message of [whole, streamed.choices[0]!.message]) {
        const ids = message.tool_calls!.map(({ id }) => id);
        expect(ids).toEqual([expect.stringMatching(/^call_.{8}/), expect.stringMatching(/^call_.{8}/)]);
        expect(new Set(ids).size).toBe(2);
        expect(message.tool_calls!.map(({ type }) => type)).toEqual(['function', 'function']);
      }
      model.behave(answer('Rain in both.'));
      const results = whole.tool_calls!.map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: 'rain' }));
      const done = await openai.chat.completions.create({ ...ask, messages: [...ask.messages, whole, ...results] });
      expect(done.choices[0]!.message.content).toBe('Rain in both.');
    });

    it('gets one call where it asks for one, and may say what asks for nothing', async () => {
      const call = (index: number) => ({
        tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name: 'weather', arguments: '{}' } }],
      });
      model.behave(answerDeltas([call(0), call(1)], 'tool_calls'));
      const parameters = WEATHER;
      const said = {
        model: 'smart',
        parallel_tool_calls: false,
        seed: 7,
        user: 'ada',
        store: true,
        logprobs: false,
        n: 1,
        modalities: ['text' as const],
        reasoning_effort: 'low' as const,
        messages: [{ role: 'user' as const, content: 'Weather in Cowes and in Oslo?' }],
      };
      const { choices } = await openai.chat.completions.create({
        ...said,
        tools: [{ type: 'function', function: { name: 'weather', parameters } }],
      });
      expect(choices[0]!.message.tool_calls).toMatchObject([{ id: 'call_0' }]);
      expect(seen()).toMatchObject({ seed: 7, reasoning_effort: 'low' });
      const response = await openai.responses.create({
        model: 'smart',
        input: 'Weather in Cowes and in Oslo?',
        tools: [{ type: 'function', name: 'weather', parameters, strict: false }],
        parallel_tool_calls: false,
        background: false,
        truncation: 'disabled',
        include: ['reasoning.encrypted_content'],
      });
      expect(response).toMatchObject({ store: false, parallel_tool_calls: false, output: [{ call_id: 'call_0' }] });
    });

    it('answers without a conversation where a tool is chosen, as Instructor does', async () => {
      model.behave(calling);
      const tools = [{ type: 'function' as const, name: 'weather', parameters: WEATHER, strict: false }];
      const choice = { type: 'function' as const, name: 'weather' };
      const response = await respond({ input: 'Weather in Cowes?', tools, tool_choice: choice });
      expect(response).toMatchObject({ store: false, output: [{ name: 'weather', arguments: '{"place":"Cowes"}' }] });
      await expect(respond({ tools, tool_choice: choice, store: true })).rejects.toMatchObject({
        param: 'tool_choice',
      });
    });

    it('holds a model to a JSON schema, and shows it images', async () => {
      model.behave(answer('{"place":"Cowes"}'));
      const completion = await openai.chat.completions.parse({
        model: 'smart',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Where is it?' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } },
            ],
          },
        ],
        response_format: { type: 'json_schema', json_schema: { name: 'place', schema: WEATHER, strict: true } },
      });
      expect(completion.choices[0]!.message.parsed).toEqual({ place: 'Cowes' });
      expect(seen()).toMatchObject({
        response_format: { type: 'json_schema', json_schema: { name: 'place', schema: WEATHER, strict: true } },
        messages: [{ content: [{ type: 'text' }, { type: 'image_url', image_url: { detail: 'low' } }] }],
      });
    });

    it('hands the `strict` of a tool to the provider, and no `strict` where none is given', async () => {
      const functionOf = (body: object) => (body as { tools: { function: object }[] }).tools[0]!.function;
      for (const strict of [true, false]) {
        model.behave(calling);
        await hello({ tools: [{ type: 'function', function: { name: 'weather', parameters: WEATHER, strict } }] });
        expect(functionOf(seen())).toMatchObject({ strict });
        model.behave(calling);
        await respond({ tools: [{ type: 'function', name: 'weather', parameters: WEATHER, strict }] });
        expect(functionOf(seen())).toMatchObject({ strict });
      }
      model.behave(calling);
      await hello({ tools: [{ type: 'function', function: { name: 'weather', parameters: WEATHER } }] });
      expect(functionOf(seen())).not.toHaveProperty('strict');
      const wrong = { type: 'function', function: { name: 'weather', parameters: WEATHER, strict: 'yes' } };
      await expect(hello({ tools: [wrong] })).rejects.toMatchObject({ status: 400, param: 'tools.0.function.strict' });
    });

    const hello = (more: object = {}) =>
      openai.chat.completions.create({ model: 'smart', messages: [{ role: 'user', content: 'Hello' }], ...more });

    const respond = (more: object) => openai.responses.create({ model: 'smart', input: 'Hello', ...more });

    /** A file of so many bytes, as a client sends it in a message. */
    const fileOf = (bytes: number) => {
      const file_data = `data:application/pdf;base64,${Buffer.alloc(bytes, 'x').toString('base64')}`;
      return { type: 'file', file: { filename: 'report.pdf', file_data } };
    };

    it('hears what is wrong in OpenAI’s way', async () => {
      const reader = clientOf(await keyOf(['CHAT_READ']));
      const wrong = [
        [() => hello({ model: 'unheard-of' }), { status: 404, code: 'model_not_found', type: 'not_found_error' }],
        [() => hello({ temperature: 3 }), { status: 400, type: 'invalid_request_error', param: 'temperature' }],
        [() => hello({ n: 2 }), { status: 400, param: 'n' }],
        [() => hello({ logprobs: true }), { status: 400, param: 'logprobs' }],
        [() => hello({ verbosity: 'low' }), { status: 400, param: 'verbosity' }],
        [() => hello({ modalities: ['text', 'audio'] }), { status: 400, param: 'modalities' }],
        [() => hello({ web_search_options: {} }), { status: 400, param: 'web_search_options' }],
        [() => hello({ tools: [{ type: 'custom', custom: { name: 'x' } }] }), { status: 400, param: 'tools.0' }],
        [() => hello({ tool_choice: 'sometimes' }), { status: 400, param: 'tool_choice' }],
        [() => hello({ reasoning_effort: 'endless' }), { status: 400, param: 'reasoning_effort' }],
        [() => hello({ seed: 1.5 }), { status: 400, param: 'seed' }],
        [() => hello({ messages: [{ role: 'user', content: 3 }] }), { status: 400, param: 'messages.0.content' }],
        [
          () => hello({ messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-x' } }] }] }),
          { status: 400, param: 'messages.0.content.0.type' },
        ],
        // However large it is, it hears where a file goes.
        [
          () => hello({ messages: [{ role: 'user', content: [fileOf(30 * 1024)] }] }),
          { status: 400, message: expect.stringMatching(/a file \(report\.pdf, 30 KB\): upload it at \/v1\/files/) },
        ],
        [
          () => hello({ messages: [{ role: 'user', content: [fileOf(600 * 1024)] }] }),
          { status: 400, message: expect.stringMatching(/a file \(report\.pdf, 600 KB\): upload it at \/v1\/files/) },
        ],
        [() => respond({ background: true }), { status: 400, param: 'background' }],
        [() => respond({ text: { verbosity: 'low' } }), { status: 400, param: 'text.verbosity' }],
        [() => respond({ include: ['message.output_text.logprobs'] }), { status: 400, param: 'include' }],
        [() => respond({ tools: [{ type: 'web_search' }] }), { status: 400, param: 'tools.0.type' }],
        [() => respond({ reasoning: { effort: 'endless' } }), { status: 400, param: 'reasoning.effort' }],
        [
          () => respond({ input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-x' }] }] }),
          { status: 400, param: 'input.0.content.0.type' },
        ],
        [
          () => hello({ parallel_tool_calls: false, metadata: { conversation_id: crypto.randomUUID() } }),
          { status: 400, param: 'parallel_tool_calls' },
        ],
        [() => openai.conversations.create({}), { status: 404, type: 'not_found_error' }],
        [() => hello({ messages: [] }), { status: 400, param: 'messages' }],
        [
          () =>
            hello({
              messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://10.0.0.1/x' } }] }],
            }),
          { status: 400 },
        ],
        [
          () => clientOf('sk-wrong').models.list(),
          { status: 401, code: 'invalid_api_key', type: 'authentication_error' },
        ],
        [
          () =>
            reader.chat.completions.create({
              model: 'smart',
              messages: [{ role: 'user', content: 'Hello' }],
            }),
          { status: 403, code: 'forbidden', type: 'permission_error' },
        ],
      ] as const;
      for (const [ask, expected] of wrong) await expect(ask()).rejects.toMatchObject(expected);
      model.behave(failure(400, 'unknown'));
      await expect(hello()).rejects.toMatchObject({
        status: expect.any(Number),
        message: expect.not.stringContaining('secret-host'),
      });
    });

    it('gets an error in the stream when the provider breaks off after the first word', async () => {
      model.behave(cut('Once ', 'upon '));
      const stream = await openai.chat.completions.create({
        model: 'smart',
        messages: [{ role: 'user', content: `Break off ${Math.random()}` }],
        stream: true,
      });
      let text = '';
      const reading = (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      })();
      await expect(reading).rejects.toMatchObject({ code: 'provider_unavailable' });
      expect(text).toBe('Once upon ');
    });

    it('stops the provider when it leaves, streamed, whole and in a conversation', async () => {
      for (const more of [{ stream: true }, {}, { metadata: { conversation_id: await converse() } }]) {
        model.behave(stall('Once '));
        const text = `Stall ${Math.random()}`;
        const arrival = model.arrival(text);
        const aborter = new AbortController();
        const asking = openai.chat.completions
          .create(
            {
              model: 'smart',
              messages: [{ role: 'user', content: text }],
              ...more,
            } as OpenAI.Chat.ChatCompletionCreateParamsStreaming,
            { signal: aborter.signal },
          )
          .then(async (stream) => {
            for await (const _ of stream) aborter.abort();
          })
          .catch(() => undefined);
        const { aborted } = await arrival;
        if (!('stream' in more)) aborter.abort();
        await Promise.all([aborted, asking]);
      }
    });

    const converse = async () => {
      const { createConversation } = await user.run<{ createConversation: { conversation: { id: string } } }, object>(
        'mutation { createConversation(input: {}) { conversation { id } } }',
      );
      return createConversation.conversation.id;
    };

    it('goes on with a conversation that people see, tools included', async () => {
      const conversation_id = await converse();
      const tools = [
        { type: 'function', function: { name: 'weather', parameters: WEATHER } },
      ] satisfies OpenAI.Chat.ChatCompletionTool[];
      expect((await hello({ metadata: { conversation_id } })).choices[0]!.message.content).toBe(story(20).join(''));
      model.behave(calling);
      const called = await hello({ metadata: { conversation_id }, tools });
      expect(called.choices[0]).toMatchObject({ finish_reason: 'tool_calls' });
      model.behave(answer('It rains.'));
      const [call] = called.choices[0]!.message.tool_calls!;
      const done = await hello({
        metadata: { conversation_id },
        messages: [{ role: 'tool', tool_call_id: call!.id, content: 'rain' }],
      });
      expect(done.choices[0]!.message.content).toBe('It rains.');
      const { conversation } = await user.run<{ conversation: { messages: { nodes: { text: string }[] } } }, object>(
        'query ($id: ID!) { conversation(id: $id) { messages(first: 10) { nodes { text } } } }',
        { id: conversation_id },
      );
      expect(conversation.messages.nodes.map(({ text }) => text)).toEqual([
        'Hello',
        story(20).join(''),
        'Hello',
        '',
        'It rains.',
      ]);
      await expect(hello({ metadata: { conversation_id: crypto.randomUUID() } })).rejects.toMatchObject({
        status: 404,
      });
    });

    it('draws on memory when it asks for it', async () => {
      await user.run(
        'mutation { remember(input: { memories: [{ text: "Ada keeps her sextant in Cowes." }] }) { memories { id } } }',
      );
      await hello({ messages: [{ role: 'user', content: 'Where is the sextant of Ada?' }] });
      expect(JSON.stringify(seen().messages)).not.toContain('Cowes');
      await hello({
        messages: [{ role: 'user', content: 'Where is the sextant of Ada kept?' }],
        metadata: { use_memory: 'true' },
      });
      expect(JSON.stringify(seen().messages)).toContain('Cowes');
    });

    describe('whose answers draw on sources', () => {
      let own: OpenAI;
      let fileId: string;
      beforeAll(async () => {
        const ada = await TestUser.signUp(graph.url);
        own = clientOf(ada.accessToken);
        const text = 'The sextant of Ada lies in the chart room of the ship.';
        fileId = (await own.files.create({ file: new File([text], 'inventory.txt'), purpose: 'assistants' })).id;
        const isRead = async () => expect((await own.files.retrieve(fileId)).status).toBe('processed');
        await vi.waitFor(isRead, { timeout: 30_000 });
        await ada.run(
          'mutation { remember(input: { memories: [{ text: "The sextant of Ada is made of brass." }] }) { memories { id } } }',
        );
      }, 60_000);

      /** A model that names what it was given by number, and two pages; [9] may be a page that it does not list. */
      const drawsOn: Parameters<FaultServer['behave']>[0] = async (request, response) => {
        const given = JSON.stringify((request.body as { messages: object[] }).messages);
        const numberOf = (what: string) => new RegExp(`\\[(\\d+)\\] ${what}`).exec(given)?.[1] ?? '0';
        const memory = numberOf('remembered since');
        const file = numberOf('document inventory');
        const said = [
          '🧭 Of [98] brass [',
          `${memory}], in the chart room [${file}`,
          ']. It rains[2]',
          ', `a[1]` [9] [99]',
        ];
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const pages = {
          citations: ['https://example.org/oslo', 'https://example.org/rain'],
          search_results: [{ title: 'Rain', url: 'https://example.org/rain' }],
        };
        for (const [index, content] of said.entries()) {
          const choices = [{ index: 0, delta: { content }, finish_reason: index === said.length - 1 ? 'stop' : null }];
          response.write(`data: ${JSON.stringify({ choices, ...(index > 1 && pages) })}\n\n`);
        }
        response.end('data: [DONE]\n\n');
      };
      const asked = { input: 'Where is the sextant of Ada?', metadata: { use_memory: 'true' } };
      const messages = [{ role: 'user' as const, content: asked.input }];
      /** The words that an annotation stands at. */
      const at = (text: string, { start_index: start, end_index: end }: { start_index: number; end_index: number }) =>
        text.slice(start, end);
      const words = /^🧭 Of \[98\] brass, in the chart room \[(\d)\]\. It rains \[(\d)\], `a\[1\]` \[99\]$/u;

      it('names pages and documents where the text does, and leaves no mark of what it cannot name', async () => {
        model.behave(drawsOn);
        const body = { model: 'smart', messages, metadata: asked.metadata };
        const { message } = (await own.chat.completions.create(body)).choices[0]!;
        const [, file, page] = words.exec(message.content!)!;
        expect(message.annotations!.map(({ type }) => type)).toEqual(['url_citation', 'url_citation']);
        const cited = message.annotations!.map(({ url_citation: citation }) => citation);
        expect(cited.map(({ url, title }) => [url, title])).toEqual([
          [expect.stringContaining(fileId.replace('file-', '/knowledge/')), 'inventory.txt'],
          ['https://example.org/rain', 'Rain'],
        ]);
        expect(cited.map((citation) => at(message.content!, citation))).toEqual([`[${file}]`, `[${page}]`]);
        const streamed = await own.chat.completions.stream({ ...body, stream: true }).finalChatCompletion();
        expect(streamed.choices[0]!.message).toMatchObject({
          content: message.content,
          annotations: message.annotations,
        });
      });

      it.each([true, false])('tells them in a response, stored: %s', async (store) => {
        model.behave(drawsOn);
        const stream = await own.responses.create({ ...asked, model: 'smart', store, stream: true });
        const added: OpenAI.Responses.ResponseOutputTextAnnotationAddedEvent[] = [];
        let done: OpenAI.Responses.Response | undefined;
        for await (const event of stream) {
          if (event.type === 'response.output_text.annotation.added') added.push(event);
          if (event.type === 'response.completed') done = event.response;
        }
        const partOf = (response: OpenAI.Responses.Response) => {
          const message = response.output.find(
            ({ type }) => type === 'message',
          ) as OpenAI.Responses.ResponseOutputMessage;
          return message.content[0] as OpenAI.Responses.ResponseOutputText;
        };
        const { text, annotations } = partOf(done!);
        const [, file] = words.exec(text)!;
        expect(annotations).toEqual([
          { type: 'file_citation', file_id: fileId, filename: 'inventory.txt', index: text.indexOf(`[${file}]`) },
          expect.objectContaining({ type: 'url_citation', url: 'https://example.org/rain', title: 'Rain' }),
        ]);
        expect(at(text, annotations[1] as OpenAI.Responses.ResponseOutputText.URLCitation)).toMatch(/^\[\d\]$/);
        expect(added.map(({ annotation }) => annotation)).toEqual(annotations);
        expect(added.map(({ annotation_index }) => annotation_index)).toEqual([0, 1]);
        if (store) expect(partOf(await own.responses.retrieve(done!.id))).toMatchObject({ text, annotations });
      });

      it('leaves JSON as it is', async () => {
        model.behave(answer('{"sources": [1]}'));
        const format = { model: 'smart', messages, response_format: { type: 'json_object' as const } };
        const { choices } = await own.chat.completions.create({ ...format, metadata: asked.metadata });
        expect(choices[0]!.message).toMatchObject({ content: '{"sources": [1]}', annotations: [] });
      });
    });

    it('embeds texts, as numbers and as bytes', async () => {
      const input = ['A sextant measures angles.', 'Hello'];
      const bytes = await openai.embeddings.create({ model: '', input });
      const numbers = await openai.embeddings.create({ model: '', input, encoding_format: 'float' });
      expect(bytes.data).toHaveLength(2);
      for (const [index, { embedding }] of numbers.data.entries()) {
        expect(bytes.data[index]!.embedding).toHaveLength(embedding.length);
        expect(bytes.data[index]!.embedding[0]).toBeCloseTo(embedding[0]!, 5);
      }
    });

    it('embeds more texts than one operation of the graph takes, and says how many numbers a model has', async () => {
      const input = Array.from({ length: 300 }, (_, index) => `Text ${index}`);
      const many = await openai.embeddings.create({ model: '', input, encoding_format: 'float' });
      const last = await openai.embeddings.create({ model: '', input: input.slice(-1), encoding_format: 'float' });
      expect(many.data.map(({ index }) => index)).toEqual([...input.keys()]);
      expect(many.data[299]!.embedding[0]).toBeCloseTo(last.data[0]!.embedding[0]!, 5);
      const own = last.data[0]!.embedding.length;
      const as = (dimensions: number) => openai.embeddings.create({ model: '', input: 'Hello', dimensions });
      expect((await as(own)).data[0]!.embedding).toHaveLength(own);
      await expect(as(own / 2)).rejects.toMatchObject({ status: 400, param: 'dimensions' });
      const far = openai.embeddings.create({ model: '', input: Array(2_049).fill('x') });
      await expect(far).rejects.toMatchObject({ status: 400, param: 'input' });
    });

    it('takes addresses with a slash at the end, and tells by HEAD whether there is something', async () => {
      const headers = { authorization: `Bearer ${openai.apiKey}` };
      const asked = (where: string, method: string) => fetch(`${graph.url}/v1/${where}`, { method, headers });
      expect((await asked('models/', 'GET')).status).toBe(200);
      const told = await asked('models', 'HEAD');
      expect([told.status, await told.text()]).toEqual([200, '']);
      expect((await asked('models/unheard-of', 'HEAD')).status).toBe(404);
      expect((await asked('chat/completions', 'HEAD')).status).toBe(405);
    });

    it('makes images', async () => {
      model.behave(json(200, { created: 1, data: [{ b64_json: PNG }] }));
      const made = await openai.images.generate({ model: 'paint', prompt: 'A sextant' });
      expect(Buffer.from(made.data![0]!.b64_json!, 'base64').subarray(1, 4).toString()).toBe('PNG');
      const linked = await openai.images.generate({ model: 'paint', prompt: 'A sextant', response_format: 'url' });
      const link = linked.data![0]!.url!.replace(/^https?:\/\/[^/]+/, graph.url);
      expect((await fetch(link)).status).toBe(200);
    });

    it('leaves the records of every call', async () => {
      const text = `Record ${Math.random()}`;
      await hello({ messages: [{ role: 'user', content: text }] });
      await expect
        .poll(
          async () => {
            const { usageCalls } = await user.run<{ usageCalls: { nodes: object[] } }, object>(
              '{ usageCalls(first: 1, filter: { operation: "completion", outcome: OK }) { nodes { model inputTokens outputTokens outcome } } }',
            );
            return usageCalls.nodes[0];
          },
          { timeout: 15_000 },
        )
        .toMatchObject({ model: 'smart', outcome: 'OK' });
    });

    describe('of responses', () => {
      it('gets one whole, goes on with it, and reads it again', async () => {
        const first = await openai.responses.create({ model: 'smart', input: 'Hello', instructions: 'Be brief' });
        expect(first).toMatchObject({
          status: 'completed',
          output_text: story(20).join(''),
          usage: { total_tokens: 15 },
          store: true,
        });
        model.behave(answer('Again.'));
        const second = await openai.responses.create({
          model: 'smart',
          input: 'Once more',
          previous_response_id: first.id,
        });
        expect(second.output_text).toBe('Again.');
        expect(seen().messages.map(({ role, content }) => [role, content])).toEqual([
          ['system', 'Be brief'],
          ['user', 'Hello'],
          ['assistant', story(20).join('')],
          ['user', 'Once more'],
        ]);
        expect(await openai.responses.retrieve(second.id)).toMatchObject({
          id: second.id,
          status: 'completed',
          output_text: 'Again.',
        });
        await expect(openai.responses.retrieve('resp_unheard')).rejects.toMatchObject({ status: 404 });
        // What would not reach the model is refused, not left out.
        for (const role of ['user', 'developer'] as const)
          await expect(
            openai.responses.create({
              model: 'smart',
              previous_response_id: second.id,
              input: [
                { role, content: 'Answer in French.' },
                { role: 'user', content: 'And now?' },
              ],
            }),
          ).rejects.toMatchObject({ status: 400, param: 'input' });
      });

      it('streams one, event by event', async () => {
        model.behave(answerDeltas([{ reasoning_content: 'Hm.' }, ...story(20).map((content) => ({ content }))]));
        const stream = openai.responses.stream({ model: 'smart', input: 'Hello', store: false });
        const types: string[] = [];
        let text = '';
        for await (const event of stream) {
          if (types.at(-1) !== event.type) types.push(event.type);
          if (event.type === 'response.output_text.delta') text += event.delta;
        }
        expect(text).toBe(story(20).join(''));
        expect(types).toEqual([
          'response.created',
          'response.in_progress',
          'response.output_item.added',
          'response.content_part.added',
          'response.reasoning_text.delta',
          'response.reasoning_text.done',
          'response.content_part.done',
          'response.output_item.done',
          'response.output_item.added',
          'response.content_part.added',
          'response.output_text.delta',
          'response.output_text.done',
          'response.content_part.done',
          'response.output_item.done',
          'response.completed',
        ]);
        expect((await stream.finalResponse()).output_text).toBe(text);
      });

      it.each([true, false])('calls tools, stored: %s', async (store) => {
        model.behave(calling);
        const tools = [
          { type: 'function', name: 'weather', parameters: WEATHER, strict: false },
        ] satisfies OpenAI.Responses.FunctionTool[];
        const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Weather?' }];
        const stream = openai.responses.stream({ model: 'smart', input, tools, store });
        const called = await stream.finalResponse();
        const [call] = called.output;
        expect(call).toMatchObject({
          type: 'function_call',
          call_id: 'call_1',
          name: 'weather',
          arguments: '{"place":"Cowes"}',
        });
        model.behave(answer('It rains.'));
        const result = { type: 'function_call_output', call_id: 'call_1', output: 'rain' } as const;
        const done = await openai.responses.create(
          store
            ? { model: 'smart', tools, previous_response_id: called.id, input: [result] }
            : {
                model: 'smart',
                tools,
                store,
                input: [...input, call as OpenAI.Responses.ResponseFunctionToolCall, result],
              },
        );
        expect(done.output_text).toBe('It rains.');
        expect(seen().messages.at(-1)).toMatchObject({ role: 'tool', content: 'rain' });
      });

      it('hears of a failure within the stream', async () => {
        model.behave(cut('Once ', 'upon '));
        const stream = await openai.responses.create({
          model: 'smart',
          input: `Fail ${Math.random()}`,
          store: false,
          stream: true,
        });
        const types: string[] = [];
        await (async () => {
          for await (const event of stream) types.push(event.type);
        })().catch(() => undefined);
        expect(types).toContain('response.failed');
      });

      it('refuses what is said beside a yes and could not be done', async () => {
        const yes = { type: 'mcp_approval_response', approval_request_id: 'mcpr_c', approve: true } as const;
        const said = { role: 'user', content: 'And now?' } as const;
        const goOn = { previous_response_id: 'resp_none' };
        const wrong: [OpenAI.Responses.ResponseCreateParamsNonStreaming, string][] = [
          [{ input: [said, yes] }, 'previous_response_id'],
          [{ input: [yes] }, 'previous_response_id'],
          [{ input: [yes], store: false }, 'store'],
          [{ ...goOn, input: [yes, said] }, 'input'],
          [{ ...goOn, input: [yes], temperature: 0 }, 'temperature'],
          [{ ...goOn, input: [yes], text: { format: { type: 'json_object' } } }, 'text.format'],
          [
            {
              ...goOn,
              input: [yes],
              tools: [{ type: 'function', name: 'weather', parameters: WEATHER, strict: false }],
            },
            'tools',
          ],
        ];
        for (const [ask, param] of wrong)
          await expect(openai.responses.create(ask)).rejects.toMatchObject({ status: 400, param });
      });
    });

    it('keeps files as documents: uploads, lists, reads and deletes them', async () => {
      const text = 'A sextant measures the angle between the sun and the horizon.';
      const upload = (name: string) =>
        openai.files.create({ file: new File([text], name, { type: 'text/plain' }), purpose: 'assistants' });
      const first = await upload('sextant.txt');
      expect(first).toMatchObject({
        object: 'file',
        bytes: text.length,
        filename: 'sextant.txt',
        purpose: 'assistants',
      });
      await expect
        .poll(async () => (await openai.files.retrieve(first.id)).status, { timeout: 30_000 })
        .toBe('processed');
      expect(await (await openai.files.content(first.id)).text()).toBe(text);
      // The same record as the graph's own.
      const { document } = await user.run<{ document: { title: string } }, object>(
        'query ($id: ID!) { document(id: $id) { title } }',
        { id: first.id.replace('file-', '') },
      );
      expect(document.title).toBe('sextant.txt');
      const second = await upload('astrolabe.txt');
      const listed: string[] = [];
      for await (const { id } of await openai.files.list({ limit: 1 })) listed.push(id);
      expect(listed).toEqual([second.id, first.id]);
      expect(await openai.files.delete(second.id)).toEqual({ id: second.id, object: 'file', deleted: true });
      await expect(openai.files.retrieve(second.id)).rejects.toMatchObject({ status: 404, code: 'not_found' });
      await expect(upload('')).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' });
      const file = new File(['x'], 'x.txt', { type: 'text/plain' });
      await expect(openai.files.create({ file, purpose: 'fine-tune' })).rejects.toMatchObject({
        status: 400,
        param: 'purpose',
      });
      const reader = clientOf(await keyOf(['MEMORY_READ']));
      await expect(reader.files.create({ file, purpose: 'assistants' })).rejects.toMatchObject({ status: 403 });
      await expect(clientOf('sxk_wrong').files.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    });

    it('gathers files in vector stores, which are searched', async () => {
      const upload = (name: string, text: string) =>
        openai.files.create({ file: new File([text], name, { type: 'text/plain' }), purpose: 'assistants' });
      const rigging = await upload('rigging.txt', 'The halyard raises the sail; the sheet trims it.');
      const cooking = await upload('cooking.txt', 'Boil the peas for ten minutes and add mint.');
      const store = await openai.vectorStores.create({ name: 'Ship', file_ids: [rigging.id], metadata: { deck: '1' } });
      expect(store).toMatchObject({ object: 'vector_store', name: 'Ship', file_counts: { total: 1 } });
      const attached = await openai.vectorStores.files.createAndPoll(
        store.id,
        { file_id: cooking.id },
        { pollIntervalMs: 200 },
      );
      expect(attached).toMatchObject({ status: 'completed', vector_store_id: store.id, last_error: null });
      await expect
        .poll(async () => (await openai.vectorStores.retrieve(store.id)).file_counts, { timeout: 30_000 })
        .toMatchObject({ completed: 2, total: 2 });
      const names: string[] = [];
      for await (const { id } of await openai.vectorStores.files.list(store.id, { limit: 1 })) names.push(id);
      expect(names).toEqual([cooking.id, rigging.id]);
      const search = async (query: string) => (await openai.vectorStores.search(store.id, { query })).data;
      expect((await search('Which rope raises the sail?'))[0]).toMatchObject({
        file_id: rigging.id,
        filename: 'rigging.txt',
        content: [{ type: 'text', text: expect.stringContaining('halyard') }],
      });
      await openai.vectorStores.files.delete(rigging.id, { vector_store_id: store.id });
      expect((await search('Which rope raises the sail?')).map(({ file_id }) => file_id)).not.toContain(rigging.id);
      await openai.vectorStores.files.delete(cooking.id, { vector_store_id: store.id });
      expect(await search('Which rope raises the sail?')).toEqual([]);
      await expect(openai.vectorStores.files.retrieve(cooking.id, { vector_store_id: store.id })).rejects.toMatchObject(
        { status: 404 },
      );
      expect(await openai.vectorStores.update(store.id, { name: 'Boat' })).toMatchObject({
        name: 'Boat',
        metadata: { deck: '1' },
      });
      const [newest] = (await openai.vectorStores.list()).data;
      expect(newest).toMatchObject({ id: store.id, name: 'Boat' });
      expect(await openai.vectorStores.delete(store.id)).toMatchObject({ deleted: true });
      await expect(openai.vectorStores.retrieve(store.id)).rejects.toMatchObject({ status: 404 });
      expect((await openai.files.retrieve(rigging.id)).filename).toBe('rigging.txt');
      // What is not done here is refused by name.
      await expect(
        openai.vectorStores.create({ expires_after: { anchor: 'last_active_at', days: 1 } }),
      ).rejects.toMatchObject({ status: 400, param: 'expires_after' });
      await expect(openai.vectorStores.create({ file_ids: ['file-none'] })).rejects.toMatchObject({ status: 404 });
      // Stores are the person's own.
      const mine = await openai.vectorStores.create({ name: 'Mine' });
      await openai.vectorStores.files.create(mine.id, { file_id: rigging.id });
      const stranger = clientOf((await TestUser.signUp(graph.url)).accessToken);
      const theirs = await stranger.files.create({ file: new File(['Hm.'], 'hm.txt'), purpose: 'assistants' });
      const at = { vector_store_id: mine.id };
      const tries = [
        () => stranger.vectorStores.retrieve(mine.id),
        () => stranger.vectorStores.update(mine.id, { name: 'Theirs' }),
        () => stranger.vectorStores.delete(mine.id),
        () => stranger.vectorStores.search(mine.id, { query: 'Which rope raises the sail?' }),
        () => stranger.vectorStores.files.create(mine.id, { file_id: theirs.id }),
        () => stranger.vectorStores.files.list(mine.id),
        () => stranger.vectorStores.files.retrieve(rigging.id, at),
        () => stranger.vectorStores.files.delete(rigging.id, at),
        () => stranger.vectorStores.create({ file_ids: [rigging.id] }),
        () => stranger.files.content(rigging.id),
        () => stranger.files.delete(rigging.id),
      ];
      for (const attempt of tries) await expect(attempt()).rejects.toMatchObject({ status: 404 });
      expect((await stranger.vectorStores.list()).data).toEqual([]);
      expect(await openai.vectorStores.retrieve(mine.id)).toMatchObject({ name: 'Mine', file_counts: { total: 1 } });
    });

    it('changes a store from many sides at once, and lists what it deletes meanwhile', async () => {
      const person = await TestUser.signUp(graph.url);
      const own = clientOf(person.accessToken);
      const files = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          own.files.create({ file: new File([`Log ${index}`], `${index}.txt`), purpose: 'assistants' }),
        ),
      );
      const store = await own.vectorStores.create({ name: 'Logs' });
      await Promise.all(files.map(({ id }) => own.vectorStores.files.create(store.id, { file_id: id })));
      expect((await own.vectorStores.retrieve(store.id)).file_counts.total).toBe(10);
      // Deleted files make room.
      const value = {
        name: 'Full',
        metadata: {},
        files: Array.from({ length: 100 }, (_, at) => ({ id: crypto.randomUUID(), at })),
      };
      const full = crypto.randomUUID();
      await person.run('mutation ($input: SetContextInput!) { setContext(input: $input) { context { version } } }', {
        input: { scope: { scope: 'USER' }, key: `openai:vector_store:${full}`, value },
      });
      await own.vectorStores.files.create(`vs_${full}`, { file_id: files[0]!.id });
      expect((await own.vectorStores.retrieve(`vs_${full}`)).file_counts.total).toBe(1);
      // What is not in a store cannot be taken out of it.
      const elsewhere = own.vectorStores.files.delete(files[1]!.id, { vector_store_id: `vs_${full}` });
      await expect(elsewhere).rejects.toMatchObject({ status: 404, code: 'not_found' });
      const gone: string[] = [];
      for await (const { id } of own.vectorStores.files.list(store.id, { limit: 3 })) {
        await own.vectorStores.files.delete(id, { vector_store_id: store.id });
        gone.push(id);
      }
      for await (const { id } of own.files.list({ limit: 3 })) gone.push((await own.files.delete(id)).id);
      for await (const { id } of own.vectorStores.list({ limit: 1 })) gone.push((await own.vectorStores.delete(id)).id);
      expect(gone.length).toBe(22);
      expect([(await own.files.list()).data, (await own.vectorStores.list()).data]).toEqual([[], []]);
      await expect(own.files.list({ after: 'file-x' })).rejects.toMatchObject({ status: 400, param: 'after' });
    });

    it('is used by LangChain: streams, tools, structured output, errors, an abort', async () => {
      const apiKey = await keyOf(['CHAT_WRITE', 'CHAT_READ', 'VECTOR_READ']);
      const chatOf = (fields: Partial<ChatOpenAIFields> = {}) =>
        new ChatOpenAI({
          apiKey,
          model: 'smart',
          maxRetries: 0,
          configuration: { baseURL: `${graph.url}/v1` },
          ...fields,
        });
      const chat = chatOf();
      for (const one of [chat, chatOf({ useResponsesApi: true, zdrEnabled: true })]) {
        let text = '';
        for await (const chunk of await one.stream([
          ['system', 'Be brief'],
          ['human', 'Tell me a story'],
        ])) {
          text += chunk.text;
        }
        expect(text).toBe(story(20).join(''));
        expect(seen().messages).toEqual([
          { role: 'system', content: 'Be brief' },
          { role: 'user', content: 'Tell me a story' },
        ]);
      }
      expect((await chat.invoke('Tell me a story')).usage_metadata).toMatchObject({ total_tokens: 15 });

      model.behave(calling);
      const weather = { type: 'function', function: { name: 'weather', description: 'Tells it', parameters: WEATHER } };
      const called = await chat.bindTools([weather]).invoke('Weather in Cowes?');
      expect(called.tool_calls).toMatchObject([{ id: 'call_1', name: 'weather', args: { place: 'Cowes' } }]);
      model.behave(answer('It rains.'));
      const told = new ToolMessage({ tool_call_id: 'call_1', content: 'rain' });
      expect((await chat.invoke([['human', 'Weather in Cowes?'], called, told])).text).toBe('It rains.');
      expect(seen().messages.at(-1)).toEqual({ role: 'tool', tool_call_id: 'call_1', content: 'rain' });

      model.behave(answer('{"place":"Cowes"}'));
      const structured = chat.withStructuredOutput(WEATHER, { name: 'weather', method: 'jsonSchema' });
      expect(await structured.invoke('Weather in Cowes, as JSON?')).toEqual({ place: 'Cowes' });
      expect(seen()['response_format']).toMatchObject({ json_schema: { name: 'weather', schema: WEATHER } });

      await expect(chatOf({ model: 'unheard-of' }).invoke('Hello')).rejects.toMatchObject({ status: 404 });
      await expect(chatOf({ apiKey: 'sk-wrong' }).invoke('Hello')).rejects.toMatchObject({ status: 401 });

      model.behave(stall('Once '));
      const prompt = `Stall ${Math.random()}`;
      const arrival = model.arrival(prompt);
      const aborter = new AbortController();
      const read = async () => {
        for await (const _ of await chat.stream(prompt, { signal: aborter.signal })) aborter.abort();
      };
      await expect(read()).rejects.toThrow(/abort/i);
      await (await arrival).aborted;
    });

    it('is used by the AI SDK: streams, tools, structured output, errors, an abort', async () => {
      const apiKey = await keyOf(['CHAT_WRITE']);
      const options = {
        name: 'sextant',
        baseURL: `${graph.url}/v1`,
        supportsStructuredOutputs: true,
        includeUsage: true,
      };
      const sextant = createOpenAICompatible({ ...options, apiKey });
      const common = { model: sextant('smart'), maxRetries: 0 };
      const told = streamText({ ...common, prompt: 'Tell me a story' });
      expect(await told.text).toBe(story(20).join(''));
      expect(await told.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });

      model.script(calling, answer('It rains.'));
      const weather = tool({ inputSchema: jsonSchema<{ place: string }>(WEATHER), execute: async () => 'rain' });
      const asked = { tools: { weather }, stopWhen: isStepCount(2), prompt: 'Weather in Cowes?' };
      const done = await generateText({ ...common, ...asked });
      expect([done.text, done.steps[0]!.toolCalls[0]!.input]).toEqual(['It rains.', { place: 'Cowes' }]);
      expect(seen().messages.at(-1)).toMatchObject({ role: 'tool', content: 'rain' });

      model.behave(answer('{"place":"Cowes"}'));
      const shape = Output.object({ schema: jsonSchema<{ place: string }>(WEATHER) });
      const made = await generateText({ ...common, output: shape, prompt: 'Weather in Cowes, as JSON?' });
      expect(made.output).toEqual({ place: 'Cowes' });

      const wrong = createOpenAICompatible({ ...options, apiKey: 'sk-wrong' });
      const refused = generateText({ model: wrong('smart'), maxRetries: 0, prompt: 'Hello' });
      await expect(refused).rejects.toMatchObject({ statusCode: 401 });

      model.behave(stall('Once '));
      const prompt = `Stall ${Math.random()}`;
      const arrival = model.arrival(prompt);
      const aborter = new AbortController();
      const { textStream } = streamText({ ...common, prompt, abortSignal: aborter.signal, onError: () => undefined });
      for await (const _ of textStream) aborter.abort();
      await (await arrival).aborted;
    });

    const told = story(20).join('');
    const inPython: [title: string, program: string, skipped: string, said: object][] = [
      [
        'LiteLLM',
        'with_litellm.py',
        LITELLM_SKIPPED,
        {
          streamed: told,
          called: { name: 'weather', arguments: '{"place":"Cowes"}' },
          refused: ['NotFoundError', 'AuthenticationError'],
        },
      ],
      [
        'OpenAI’s package of PyPI',
        'with_openai.py',
        OPENAI_SKIPPED,
        {
          streamed: told,
          events: [told, told],
          called: [['weather', '{"place":"Cowes"}']],
          parsed: { place: 'Cowes' },
          refused: ['NotFoundError', 'AuthenticationError', 'BadRequestError'],
        },
      ],
    ];
    for (const [title, program, skipped, said] of inPython)
      it.skipIf(skipped !== '')(
        `is used by ${title}${skipped}`,
        async () => {
          model.behave(async (request, response) => {
            const { tools, response_format: format } = request.body as { tools?: unknown; response_format?: unknown };
            await (tools ? calling : answer(format ? ['{"place":"Cowes"}'] : story(20)))(request, response);
          });
          const file = path.join(import.meta.dirname, 'client', program);
          const env = { ...process.env, SEXTANT_URL: `${graph.url}/v1`, SEXTANT_KEY: await keyOf(['CHAT_WRITE']) };
          const child = spawn(PYTHON, [file], { env, stdio: ['pipe', 'pipe', 'inherit'] });
          const closed = once(child, 'close');
          const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
          const { value } = await lines.next();
          expect(JSON.parse(value!)).toEqual(said);
          // The last of what it does is to leave in the middle.
          model.behave(stall('Once '));
          const arrival = model.arrival('Leave me');
          child.stdin.end('go on\n');
          await (await arrival).aborted;
          expect(await closed).toEqual([0, null]);
        },
        120_000,
      );
  });
});
