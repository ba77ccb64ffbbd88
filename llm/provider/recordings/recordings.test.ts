import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { CodedError } from '#platform/base/errors/errors.ts';
import type { Api, ProviderType } from '../../catalogue/catalogue.ts';
import type { ChatMessage } from '../../messages.ts';
import type { ChatRequest } from '../../requests.ts';
import { aCall, aCatalogue, aDeployment, anAlias, aProvider, testModels } from '../../testing/build.ts';
import { FaultServer } from '../../testing/fault-server.ts';
import { chatWithTools } from '../../tools/conversation.ts';
import { Quotation, ToolRegistry } from '../../tools/registry.ts';

/**
 * A recording of what a provider really sends, one file a provider and behaviour, written for this project from
 * documentation and public reports: the bytes that came, and what is right to make of them. Each is played over HTTP,
 * through the whole layer.
 */
interface Recording {
  readonly provider: ProviderType;
  readonly api?: Api;
  /** Name of the model, where it tells whose it is. */
  readonly model?: string;
  readonly request?: Pick<
    ChatRequest,
    'output' | 'stop' | 'temperature' | 'maxTokens' | 'seed' | 'reasoningEffort' | 'toolChoice'
  > & {
    readonly tools?: boolean;
    /** Whether a tool of the client is offered beside them, held to its schema. */
    readonly strict?: boolean;
    readonly history?: keyof typeof HISTORIES;
    /** Turns of about a hundred tokens before the question. */
    readonly turns?: number;
  };
  /** One a request; the last one is given again. */
  readonly answers: readonly {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** Content type; that of a stream or of JSON where it is absent. */
    readonly type?: string;
    readonly stream?: string;
    readonly json?: string;
    /** How the bytes are packed, though none asked for it. */
    readonly packed?: keyof typeof PACK;
    /** What ends a line; a line feed where it is absent. */
    readonly line?: string;
    /** What the connection does after the last byte. */
    readonly end?: 'close' | 'open' | 'reset';
  }[];
  readonly expect: {
    readonly text?: string;
    readonly reasoning?: string;
    readonly calls?: readonly (readonly [name: string, args: string])[];
    readonly reason?: string;
    /** What the text draws on: number or address, the words of it, and the text before. */
    readonly citations?: readonly (readonly [source: number | string, quote: string, before: string])[];
    readonly usage?: object;
    /** Code of the error. */
    readonly error?: string;
    /** Words of it. */
    readonly told?: string;
    /** What administrators read of it. */
    readonly kind?: string;
    /** Requests that were sent. */
    readonly asked?: number;
    /** Whether the conversation was shortened. */
    readonly dropped?: boolean;
  };
  /** What each request must hold; `absent` stands for a member that must not be there. */
  readonly sent?: readonly Readonly<Record<string, unknown>>[];
}

const PACK = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

const CALLED: ChatMessage[] = [
  { role: 'user', content: 'How is the weather in Oslo?' },
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_old', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
  },
  { role: 'tool', tool_call_id: 'call_old', content: '7 degrees' },
];
const HISTORIES = {
  /** The results of a call that another model made are there. */
  called: CALLED,
  /** The reply that made a call broke off, and the person goes on. */
  broken: [...CALLED, { role: 'user', content: 'hello' }],
  system: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'hello' },
  ],
  /** Long enough to be worth keeping at the provider. */
  long: [
    { role: 'system', content: `Be brief. ${'Speak of the weather alone. '.repeat(200)}` },
    { role: 'user', content: `How is it in Oslo? ${'It was cold. '.repeat(500)}` },
    { role: 'assistant', content: 'Cold.' },
    { role: 'user', content: 'hello' },
  ],
  /** Memory quotes two sources before the question. */
  quoted: [
    { role: 'user', content: `How is it in Oslo? ${'It was cold. '.repeat(500)}` },
    { role: 'assistant', content: 'Cold.' },
    {
      role: 'user',
      content: '[1] On tea\nTea grows on hills. It wants rain.\n[2] Notes\nAnna drinks green tea.',
      pinned: true,
      sources: [
        { number: 1, title: 'On tea', text: 'Tea grows on hills. It wants rain.' },
        { number: 2, title: 'Notes', text: 'Anna drinks green tea.' },
        { number: 3, title: 'Nothing', text: ' ' },
      ],
    },
    { role: 'user', content: 'hello' },
  ],
  picture: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        { type: 'image_url', image_url: { url: 'https://example.org/cat.webp' } },
      ],
    },
  ],
} satisfies Record<string, ChatMessage[]>;

const turns = (count: number): ChatMessage[] =>
  Array.from({ length: count }, (_, index): ChatMessage[] => [
    { role: 'user', content: `Question ${index}: ${'how about this one '.repeat(12)}` },
    { role: 'assistant', content: `Answer ${index}: ${'it is like that one '.repeat(12)}` },
  ]).flat();

const tools = new ToolRegistry()
  .addServer({
    name: 'weather',
    description: 'The weather',
    parameters: z.object({ city: z.string() }),
    run: async () => 7,
  })
  .addServer({ name: 'clock', description: 'The time', parameters: z.object({}), run: async () => 'noon' });

const STRICT_TOOL = { name: 'pick', description: 'Picks', parameters: { type: 'object' }, strict: true };

/** Beside what memory quotes. */
const quoting = new ToolRegistry().addServer({
  name: 'lookup',
  description: 'Looks in the web',
  parameters: z.object({}),
  run: async () =>
    new Quotation('[4] Tea\nGreen tea is not fermented.', [
      { number: 4, title: 'Tea', url: 'https://example.org/tea', text: 'Green tea is not fermented.' },
    ]),
});

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const HERE = import.meta.dirname;
const recordings = readdirSync(HERE)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => [path.basename(file, '.yaml'), file] as const);

function play({ answers }: Recording): void {
  let next = 0;
  server.behave((_request, response) => {
    const {
      status = 200,
      headers = {},
      type,
      stream,
      json,
      packed,
      line = '\n',
      end,
    } = answers[Math.min(next++, answers.length - 1)]!;
    const usual = stream === undefined ? 'application/json' : 'text/event-stream';
    response.writeHead(status, {
      ...(type === '' ? {} : { 'content-type': type ?? usual }),
      ...(packed && { 'content-encoding': packed }),
      ...headers,
    });
    const text = (stream === undefined ? json!.trimEnd() : `${stream}\n`).replaceAll('\n', line);
    const body = packed ? PACK[packed](text) : text;
    if (end === undefined || end === 'close') response.end(body);
    else response.write(body, () => end === 'reset' && setImmediate(reset, response));
  });
}

/** Returns what must be there, once what must not be there is found to be absent, however deep. */
function present(wanted: unknown, sent: unknown): unknown {
  if (Array.isArray(wanted)) return wanted.map((one, index) => present(one, (sent as unknown[] | undefined)?.[index]));
  if (typeof wanted !== 'object' || wanted === null) return wanted;
  const kept = Object.entries(wanted).flatMap(([name, value]) => {
    if (value !== 'absent') return [[name, present(value, (sent as Record<string, unknown> | undefined)?.[name])]];
    expect(sent).not.toHaveProperty([name]);
    return [];
  });
  return Object.fromEntries(kept);
}

const reset = (response: ServerResponse): void => void response.socket?.resetAndDestroy();

async function replyOf({ provider, api, model = 'test-model', request = {} }: Recording) {
  const { tools: offers, strict, history, turns: count, ...parameters } = request;
  const deployment = aDeployment(server.url, {
    model,
    provider: aProvider(server.url, {
      type: provider,
      api,
      keys: ['key'],
      ...(api === 'native' && { baseUrl: new URL(server.url).origin }),
      ...(provider === 'azure' && { apiVersion: '1' }),
    }),
  });
  const alias = anAlias('main', [deployment], { retries: { attempts: 2, baseMs: 1, maxMs: 2, maxWaitMs: 500 } });
  const { models, records } = testModels(aCatalogue([alias]));
  const messages = history ? HISTORIES[history] : [...turns(count ?? 0), { role: 'user' as const, content: 'hello' }];
  const served = !offers ? new ToolRegistry() : history === 'quoted' ? quoting : tools;
  const registry = strict ? served.with([STRICT_TOOL]) : served;
  const seen = {
    text: '',
    reasoning: '',
    calls: [] as [string, string][],
    citations: [] as [number | string | undefined, string, string][],
    reason: '',
    error: undefined as unknown,
  };
  try {
    for await (const part of chatWithTools(models, { messages, ...parameters }, aCall(), registry)) {
      if (part.type === 'text') seen.text += part.text;
      else if (part.type === 'reasoning') seen.reasoning += part.text;
      else if (part.type === 'citation')
        seen.citations.push([part.number ?? part.page?.url, part.quote ?? '', seen.text]);
      else if (part.type === 'calls')
        for (const { function: called } of part.calls) seen.calls.push([called.name, called.arguments]);
      else if (part.type === 'finish') seen.reason = part.reason;
    }
  } catch (error) {
    seen.error = error;
  }
  const [health] = await models.health();
  await models.close();
  return { ...seen, usage: records.at(-1)?.usage, kind: health?.lastError?.code, said: health?.lastError?.said };
}

it('the documentation says how many recordings there are', () => {
  const page = readFileSync(path.join(HERE, '../../../docs/models.md'), 'utf8');
  expect(/has (\d+) recordings/.exec(page)?.[1]).toBe(String(recordings.length));
});

describe('a recorded provider', () => {
  it.each(recordings)('%s', async (_name, file) => {
    const recording = parse(readFileSync(path.join(HERE, file), 'utf8')) as Recording;
    play(recording);
    const before = server.seen.length;
    const reply = await replyOf(recording);
    const bodies = server.seen.slice(before).map(({ body }) => body);
    const { error, told, asked, dropped, usage, ...right } = recording.expect;

    expect(reply).toMatchObject({ citations: [], ...right });
    if (error === undefined) expect(reply.error).toBeUndefined();
    else {
      expect(reply.error).toMatchObject({ extensions: { code: error } });
      expect((reply.error as CodedError).message).toContain(told ?? '');
      expect(reply.said).not.toBe('');
    }
    if (usage) expect(reply.usage).toMatchObject(usage);
    for (const count of Object.values(reply.usage ?? {})) expect(Number(count)).toSatisfy(Number.isSafeInteger);
    if (asked !== undefined) expect(bodies).toHaveLength(asked);
    const turnsOf = (body: (typeof bodies)[number]) => (body.messages ?? body.input ?? body.contents) as [];
    if (dropped) expect(turnsOf(bodies.at(-1)!).length).toBeLessThan(turnsOf(bodies[0]!).length);
    for (const [index, wanted] of (recording.sent ?? []).entries()) {
      expect(bodies[index]).toMatchObject(present(wanted, bodies[index]) as object);
    }
  });
});
