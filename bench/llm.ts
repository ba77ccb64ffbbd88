import { fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { OpenAI } from 'openai';
import type { Models } from '#llm/models.ts';
import type { CallContext } from '#llm/requests.ts';
import { modelsAt } from './llm/models.ts';
import { cpuOf, rssOf } from './llm/process.ts';
import { now } from './llm/provider.ts';
import { median } from './statistics.ts';

/**
 * What the language-model layer costs: calls through it beside calls of the same provider by the openai package alone,
 * in one process and one run, in turns. A call's latency here is what lies between the caller and the provider: from
 * the call to the request's arrival, and from the first piece's departure to the caller; the provider's own pace is
 * left out.
 *
 * `llm-added` is the difference of the two sides' quantiles under the same pace, p99 less p99, as the median of the
 * rounds; `best` that of each side's best round, which a busy machine disturbs less. Below zero the layer is cheaper
 * than the package's own way (its `fetch` and its reader of events, which the layer replaces).
 *
 * `npm run bench -- llm [seconds a round]`. With LLM_PROXY_URL the same load also goes through that proxy, in the same
 * rounds (docs/models.md says how): LLM_PROXY_NAME for the table, LLM_PROXY_HEADERS (a JSON object in which {provider}
 * stands for the provider's URL), LLM_PROXY_PID for its CPU and memory where /proc tells them, LLM_PROVIDER_PORT for a
 * port that its configuration can name.
 */
const AT_ONCE = 'pace 0 30 0';
/** About 200 calls a second each: what is measured is a call's way, not a full machine. */
const PACE: Record<number, string> = { 1: AT_ONCE, 50: 'pace 60 10 20', 200: 'pace 200 30 25' };
const ROUNDS = 9;
const SECONDS = Number(process.argv.at(-1)) || 2;

type Ask = (prompt: string) => Promise<number>;

const call: CallContext = { identity: { kind: 'user', userId: 'u', roles: [], scopes: [], expiresAt: 4e9 } };

/** Milliseconds between caller and provider, both ways. */
const between = (calledAt: number, piece: string): number => {
  const arrivedAt = now();
  const { received, sent } = JSON.parse(piece) as { received: number; sent: number };
  return received - calledAt + (arrivedAt - sent);
};

function direct(baseURL: string, defaultHeaders: Record<string, string> = {}): Ask {
  const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0, logLevel: 'off', defaultHeaders });
  return async (prompt) => {
    const calledAt = now();
    const stream = await client.chat.completions.create({
      model: 'bench',
      messages: [{ role: 'user', content: prompt }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let latency: number | undefined;
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content;
      if (text) latency ??= between(calledAt, text);
    }
    return latency!;
  };
}

const through =
  (models: Models): Ask =>
  async (prompt) => {
    const calledAt = now();
    let latency: number | undefined;
    for await (const part of models.chat({ messages: [{ role: 'user', content: prompt }] }, call)) {
      if (part.type === 'text') latency ??= between(calledAt, part.text);
    }
    return latency!;
  };

interface Round {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  /** CPU of this process (and of the proxy) a call, in milliseconds: what a busy machine disturbs least. */
  readonly cpu: number;
  readonly failed: number;
}

interface Side {
  readonly ask: Ask;
  /** Milliseconds of CPU that another process has used for it so far. */
  readonly elsewhere?: () => number;
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

/** `parallel` callers, each one call after the other, for some seconds. */
async function round({ ask, elsewhere }: Side, prompt: string, parallel: number, seconds: number): Promise<Round> {
  const latencies: number[] = [];
  let failed = 0;
  const before = process.cpuUsage();
  const elsewhereBefore = elsewhere?.() ?? 0;
  const startedAt = now();
  const until = startedAt + seconds * 1000;
  const caller = async (index: number) => {
    // Not in step: a burst of equal starts measures the burst.
    await new Promise((resolve) => setTimeout(resolve, (index / parallel) * Math.min(800, seconds * 300)));
    while (now() < until) {
      await ask(prompt).then(
        (latency) => latencies.push(latency),
        () => failed++,
      );
    }
  };
  await Promise.all(Array.from({ length: parallel }, (_, index) => caller(index)));
  const cpu = process.cpuUsage(before);
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    perSecond: latencies.length / ((now() - startedAt) / 1000),
    cpu: ((cpu.user + cpu.system) / 1000 + (elsewhere?.() ?? 0) - elsewhereBefore) / latencies.length,
    failed,
  };
}

type Sides = { direct: Side; through: Side; proxy?: Side };
type Rounds = Record<keyof Sides, Round[]>;

/** All in turns, and every other time in the other order, so that whatever else the machine does falls on all. */
async function sideBySide(sides: Sides, prompt: string, parallel: number): Promise<Rounds> {
  const results: Rounds = { direct: [], through: [], proxy: [] };
  const names = Object.keys(sides) as (keyof Sides)[];
  for (let i = 0; i < ROUNDS; i++) {
    for (const name of i % 2 === 0 ? names : names.toReversed())
      results[name].push(await round(sides[name]!, prompt, parallel, SECONDS));
  }
  if ([...results.direct, ...results.through].some(({ failed }) => failed > 0)) throw new Error('calls failed');
  return results;
}

const ms = (value: number): string => value.toFixed(3);
const spread = (values: readonly number[], text = ms): string =>
  `${text(Math.min(...values))}..${text(Math.max(...values))}`;
const rss = (): string => (process.memoryUsage.rss() / 1e6).toFixed(0);

type Figure = 'p50' | 'p99' | 'perSecond' | 'cpu';
const middle = (rounds: readonly Round[], key: Figure): number => median(rounds.map((one) => one[key]));
const each = (rounds: Rounds, key: Figure, of: (direct: number, through: number, proxy: number) => number): number[] =>
  rounds.direct.map((direct, i) => of(direct[key], rounds.through[i]![key], rounds.proxy[i]?.[key] ?? Number.NaN));

function printAdded(rounds: Rounds, parallel: number): void {
  const [p50, p99] = (['p50', 'p99'] as const).map((key) => each(rounds, key, (direct, through) => through - direct));
  const best = (key: Figure) =>
    Math.min(...rounds.through.map((r) => r[key])) - Math.min(...rounds.direct.map((r) => r[key]));
  console.log(
    `BENCH ${parallel === 50 ? 'llm-added' : `llm-added-${parallel}`} p50_ms=${ms(median(p50!))} p99_ms=${ms(median(p99!))} parallel=${parallel} ` +
      `best_p50_ms=${ms(best('p50'))} best_p99_ms=${ms(best('p99'))} p50_spread=${spread(p50!)} p99_spread=${spread(p99!)} ` +
      `direct_p50_ms=${ms(middle(rounds.direct, 'p50'))} direct_p99_ms=${ms(middle(rounds.direct, 'p99'))} ` +
      `llm_p50_ms=${ms(middle(rounds.through, 'p50'))} llm_p99_ms=${ms(middle(rounds.through, 'p99'))} rss_mb=${rss()}`,
  );
}

/** How many times as long, and as much CPU, the way through the proxy takes as the way through the layer. */
function printProxy(rounds: Rounds, name: string): void {
  const { proxy, through, direct } = rounds;
  if (proxy.length === 0) return;
  const times = (key: Figure) => each(rounds, key, (_, ours, theirs) => theirs / ours);
  const rates = each(rounds, 'perSecond', (_, ours, theirs) => ours / theirs);
  const fixed = (value: number) => value.toFixed(2);
  console.log(
    `BENCH ${name} ratio=${fixed(median(times('p50')))} against=${proxyName} spread=${spread(times('p50'), fixed)} p99_ratio=${fixed(median(times('p99')))} ` +
      `proxy_p50_ms=${ms(middle(proxy, 'p50'))} proxy_p99_ms=${ms(middle(proxy, 'p99'))} llm_p50_ms=${ms(middle(through, 'p50'))} llm_p99_ms=${ms(middle(through, 'p99'))} ` +
      `direct_p50_ms=${ms(middle(direct, 'p50'))} throughput_ratio=${fixed(median(rates))} proxy_rps=${middle(proxy, 'perSecond').toFixed(0)} llm_rps=${middle(through, 'perSecond').toFixed(0)} ` +
      `proxy_cpu_ms=${ms(middle(proxy, 'cpu'))} llm_cpu_ms=${ms(middle(through, 'cpu'))} direct_cpu_ms=${ms(middle(direct, 'cpu'))} ` +
      `proxy_failed=${proxy.reduce((sum, { failed }) => sum + failed, 0)} proxy_rss_mb=${proxyPid ? rssOf(proxyPid) : 'unknown'}`,
  );
}

const { LLM_PROXY_URL: proxyUrl, LLM_PROXY_NAME: proxyName = 'proxy', LLM_PROXY_PID: proxyPid } = process.env;

const provider = fork(path.join(import.meta.dirname, 'llm/provider.ts'));
try {
  const [port] = (await once(provider, 'message')) as [number];
  const url = `http://127.0.0.1:${port}/v1`;
  const sides: Sides = { direct: { ask: direct(url) }, through: { ask: through(modelsAt(url, false)) } };
  if (proxyUrl) {
    const headers = JSON.parse((process.env.LLM_PROXY_HEADERS ?? '{}').replaceAll('{provider}', url)) as Record<
      string,
      string
    >;
    sides.proxy = { ask: direct(proxyUrl, headers), ...(proxyPid && { elsewhere: () => cpuOf(proxyPid) }) };
  }
  console.log(
    `llm: ${os.cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds of ${SECONDS} s a side; budgets, limits and metrics on`,
  );
  for (const side of Object.values(sides)) {
    await side.ask(AT_ONCE);
    await round(side, AT_ONCE, 8, 1);
  }

  for (const parallel of [1, 50, 200]) {
    // At 200 a proxy of one worker has long been behind, and only its queue would be measured.
    const { proxy, ...both } = sides;
    const rounds = await sideBySide(parallel < 200 && proxy ? sides : both, PACE[parallel]!, parallel);
    printAdded(rounds, parallel);
    printProxy(rounds, `llm-proxy-${parallel}`);
  }

  const full = await sideBySide(sides, AT_ONCE, 50);
  const rates = each(full, 'perSecond', (direct, through) => through / direct);
  const cpu = each(full, 'cpu', (direct, through) => direct / through);
  console.log(
    `BENCH llm-throughput ratio=${median(rates).toFixed(3)} spread=${spread(rates)} cpu_ratio=${median(cpu).toFixed(3)} ` +
      `direct_cpu_ms=${ms(middle(full.direct, 'cpu'))} llm_cpu_ms=${ms(middle(full.through, 'cpu'))} ` +
      `direct_rps=${middle(full.direct, 'perSecond').toFixed(0)} llm_rps=${middle(full.through, 'perSecond').toFixed(0)} rss_mb=${rss()}`,
  );
  printProxy(full, 'llm-proxy');

  const cached = modelsAt(url, true);
  const hit: Ask = async (prompt) => {
    const calledAt = now();
    for await (const part of cached.chat({ messages: [{ role: 'user', content: prompt }] }, call)) void part;
    return now() - calledAt;
  };
  await hit(AT_ONCE);
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (const parallel of [1, 50, 200]) {
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round({ ask: hit }, AT_ONCE, parallel, Math.min(1, SECONDS)));
    const name = parallel === 1 ? 'llm-cache-hit' : `llm-cache-hit-${parallel}`;
    console.log(
      `BENCH ${name} p50_ms=${ms(middle(rounds, 'p50'))} p99_ms=${ms(middle(rounds, 'p99'))} parallel=${parallel} rps=${middle(rounds, 'perSecond').toFixed(0)} rss_mb=${rss()}`,
    );
  }
} finally {
  provider.disconnect();
}
