/**
 * What the door at /v1 costs: the same streamed completions through POST /v1/chat/completions, through the graph's own
 * `completion` over server-sent events, and, where it is there, through LiteLLM's proxy, all against the same provider
 * in a process of its own. Rounds in turns, every other time in the other order.
 *
 * A call's time here is what is added to the provider's: from the call to the request's arrival, and from the departure
 * of the first piece to the caller. CPU is that of the processes of one side for a call; the caller's is left out.
 *
 * `npm run bench -- openai [seconds a round]`. `ratio` is CPU a call, theirs to ours: above one, /v1 is cheaper.
 * LITELLM names the program of LiteLLM's proxy (docs/models.md says how to install it); without it the comparison with
 * it is left out, and the last line says so. Linux only: CPU is read from /proc.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle } from '../cli/bundle.ts';
import { TestUser } from '../tests/testing/client.ts';
import { freePort, startEmbedded } from '../tests/testing/sextant.ts';
import { addedBy } from './chat/contender.ts';
import { cpuOf } from './llm/process.ts';
import { now } from './llm/provider.ts';
import { percentile, ratioText } from './statistics.ts';

const SECONDS = Number(process.argv[3]) || 4;
const ROUNDS = 7;
const PARALLEL = 20;
/** A call that takes longer ends the run: a side that hangs has no figures. In ms. */
const CALL_MS = 30_000;
/** How long a proxy may take to start, and to say that it is there, in ms. */
const START_MS = 120_000;
const LOOK_MS = 2_000;
/** First token after 20 ms, 20 more in 400 ms. */
const PROMPT = 'pace 20 20 20';

interface Side {
  readonly name: string;
  readonly pid: number;
  /** Asks once. @returns milliseconds added to the provider's time to the first token. */
  ask(): Promise<number>;
}

interface Figures {
  readonly firstMs: number;
  readonly cpuMs: number;
}

/** Reads a stream of server-sent events to its end. @returns when the first words came, and which. */
async function readStream(response: Response, wordsOf: (data: string) => string | undefined) {
  if (!response.ok) throw new Error(`${response.status}: ${(await response.text()).slice(0, 300)}`);
  const decoder = new TextDecoder();
  let rest = '';
  let first: { readonly at: number; readonly words: string } | undefined;
  for await (const bytes of response.body!) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    if (first) continue;
    for (const line of lines) {
      const words = line.startsWith('data: ') ? wordsOf(line.slice(6)) : undefined;
      if (words) {
        first = { at: now(), words };
        break;
      }
    }
  }
  if (!first) throw new Error('nothing came');
  return first;
}

async function added(ask: () => Promise<Response>, wordsOf: (data: string) => string | undefined): Promise<number> {
  const calledAt = now();
  const { at, words } = await readStream(await ask(), wordsOf);
  return addedBy(calledAt, at, words);
}

const post = (url: string, key: string, body: object, accept = 'application/json'): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_MS),
  });

const COMPLETION = {
  model: 'bench',
  messages: [{ role: 'user', content: PROMPT }],
  stream: true,
  stream_options: { include_usage: true },
};

/** A side that speaks OpenAI's API. */
const openAiSide = (name: string, url: string, key: string, pid: number): Side => ({
  name,
  pid,
  ask: () =>
    added(
      () => post(`${url}/v1/chat/completions`, key, COMPLETION),
      (data) => {
        if (data === '[DONE]') return undefined;
        const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
        return choices[0]?.delta.content;
      },
    ),
});

const QUERY = `subscription ($input: CompleteInput!) {
  completion(input: $input) {
    __typename
    ... on CompletionText { text }
    ... on CompletionEnd { finishReason usage { inputTokens outputTokens } }
  }
}`;

/** The graph itself. */
const graphSide = (url: string, key: string, pid: number): Side => ({
  name: 'graph',
  pid,
  ask: () =>
    added(
      () =>
        post(
          `${url}/graphql`,
          key,
          { query: QUERY, variables: { input: { messages: [{ role: 'USER', text: PROMPT }], useMemory: false } } },
          'text/event-stream',
        ),
      (data) => {
        if (data === '') return undefined;
        const { completion } = (JSON.parse(data) as { data?: { completion: { text?: string } } }).data ?? {};
        return completion?.text;
      },
    ),
});

/** Callers in parallel, each one call after the other, for some seconds. */
async function round({ ask, pid }: Side): Promise<Figures> {
  const times: number[] = [];
  const before = cpuOf(String(pid));
  const until = now() + SECONDS * 1_000;
  const caller = async (index: number) => {
    await sleep((index / PARALLEL) * 400);
    while (now() < until) times.push(await ask());
  };
  await Promise.all(Array.from({ length: PARALLEL }, (_, index) => caller(index)));
  return { firstMs: percentile(times, 0.5), cpuMs: (cpuOf(String(pid)) - before) / times.length };
}

/** Starts LiteLLM's proxy in its production settings, with this provider. */
async function startLiteLlm(program: string, providerUrl: string, folder: string) {
  const port = await freePort();
  const settings = await readFile(path.join(import.meta.dirname, 'llm/litellm.yaml'), 'utf8');
  const file = path.join(folder, 'litellm.yaml');
  await writeFile(file, settings.replace(/api_base: .*/, `api_base: ${providerUrl}`));
  const key = 'sk-bench-0123456789abcdef';
  const env = { ...process.env, LITELLM_MODE: 'PRODUCTION', LITELLM_LOG: 'ERROR', LITELLM_MASTER_KEY: key };
  const args = ['--config', file, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  const until = now() + START_MS;
  while (now() < until) {
    if (child.exitCode !== null) throw new Error(`${program} has ended with ${child.exitCode}`);
    const ready = await fetch(`${url}/health/liveliness`, { signal: AbortSignal.timeout(LOOK_MS) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return { child, side: openAiSide('litellm', url, key, child.pid!) };
    await sleep(500);
  }
  child.kill('SIGKILL');
  throw new Error(`${program} does not answer`);
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-openai-'));
const provider = fork(path.join(import.meta.dirname, 'llm/provider.ts'));
let proxy: ChildProcess | undefined;
try {
  const [port] = (await once(provider, 'message')) as [number];
  const providerUrl = `http://127.0.0.1:${port}/v1`;
  await bundle(path.join(folder, 'dist'));
  process.env['SEXTANT_TEST_PROGRAM'] = path.join(folder, 'dist/cli/sextant.js');
  await using product = await startEmbedded({
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: providerUrl,
    OPENAI_MODEL: 'bench',
    RATE_LIMIT_IDENTITY: '0',
    RATE_LIMIT_ADDRESS: '0',
    CHAT_SENDS_PER_MINUTE: '100000',
    CHAT_REPLIES_PER_USER: '10000',
    USER_BUDGET_PER_DAY: '0',
  });
  const user = await TestUser.signUp(product.url);
  const { createApiKey } = await user.run<{ createApiKey: { secret: string } }, object>(
    'mutation { createApiKey(input: { name: "bench", scopes: [CHAT_READ, CHAT_WRITE] }) { secret } }',
  );
  const pid = product.processes.get('sextant')!.pid!;
  const ours = openAiSide('/v1', product.url, createApiKey.secret, pid);
  const sides: Side[] = [ours, graphSide(product.url, createApiKey.secret, pid)];
  const program = process.env['LITELLM'];
  if (program) {
    const started = await startLiteLlm(program, providerUrl, folder);
    proxy = started.child;
    sides.push(started.side);
  }
  console.log(
    `openai: ${os.cpus().length} cores, Node ${process.version}, ${PARALLEL} callers, ${ROUNDS} rounds of ${SECONDS} s a side`,
  );
  for (const side of sides) await Promise.all(Array.from({ length: PARALLEL * 2 }, () => side.ask()));
  const rounds = new Map<Side, Figures[]>(sides.map((side) => [side, []]));
  for (let i = 0; i < ROUNDS; i++) {
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) rounds.get(side)!.push(await round(side));
  }
  const of = (side: Side, key: keyof Figures): number[] => rounds.get(side)!.map((one) => one[key]);
  const middle = (side: Side, key: keyof Figures): string => percentile(of(side, key), 0.5).toFixed(2);
  for (const side of sides.slice(1)) {
    const cpu = ratioText(of(side, 'cpuMs'), of(ours, 'cpuMs'));
    const first = ratioText(of(side, 'firstMs'), of(ours, 'firstMs'));
    console.log(
      `BENCH openai-face ratio=${cpu.ratio} spread=${cpu.spread} against=${side.name} first_ratio=${first.ratio} first_spread=${first.spread} ` +
        `first_ms=${middle(ours, 'firstMs')} their_first_ms=${middle(side, 'firstMs')} cpu_ms=${middle(ours, 'cpuMs')} their_cpu_ms=${middle(side, 'cpuMs')}`,
    );
  }
  if (!program) console.log('openai: LITELLM is not set, so its proxy was not measured (docs/models.md says how).');
} finally {
  proxy?.kill();
  provider.disconnect();
  await rm(folder, { recursive: true, force: true });
}
