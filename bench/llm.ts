import { fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { OpenAI } from 'openai';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { aliasFor, type Catalogue, type Deployment, NO_LIMITS } from '#llm/catalogue/catalogue.ts';
import { createModels } from '#llm/create-models.ts';
import type { CallContext, Models } from '#llm/models.ts';
import { loadConfig } from '#platform/config/config.ts';
import { now } from './llm/provider.ts';

/**
 * What the language-model layer costs: calls through it beside calls of the same provider by the openai package alone,
 * in one process and one run, in turns. A call's latency here is what lies between the caller and the provider: from the
 * call to the request's arrival, and from the first piece's departure to the caller; the provider's own pace is left out.
 *
 * Prints medians over the rounds, and the difference of each side's best round, which a busy machine disturbs less;
 * `npm run bench -- llm [seconds a round]`. With LLM_PROXY_URL (and LLM_PROXY_HEADERS, a
 * JSON object in which {provider} stands for the provider's URL) the same load also goes through that proxy.
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
  /** CPU of this process a call, in milliseconds: what a busy machine disturbs least. */
  readonly cpu: number;
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!;
const median = (values: readonly number[]): number => quantile(values, 0.5);

/** `parallel` callers, each one call after the other, for some seconds. */
async function round(ask: Ask, prompt: string, parallel: number, seconds: number): Promise<Round> {
  const latencies: number[] = [];
  const before = process.cpuUsage();
  const startedAt = now();
  const until = startedAt + seconds * 1000;
  const caller = async (index: number) => {
    // Not in step: a burst of equal starts measures the burst.
    await new Promise((resolve) => setTimeout(resolve, (index / parallel) * Math.min(800, seconds * 300)));
    while (now() < until) latencies.push(await ask(prompt));
  };
  await Promise.all(Array.from({ length: parallel }, (_, index) => caller(index)));
  const cpu = process.cpuUsage(before);
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    perSecond: latencies.length / ((now() - startedAt) / 1000),
    cpu: (cpu.user + cpu.system) / 1000 / latencies.length,
  };
}

/** Both in turns, so that whatever else the machine does falls on both. */
async function sideBySide(
  one: Ask,
  other: Ask,
  prompt: string,
  parallel: number,
  seconds: number,
): Promise<{ one: Round[]; other: Round[] }> {
  const results: { one: Round[]; other: Round[] } = { one: [], other: [] };
  for (let i = 0; i < ROUNDS; i++) {
    results.one.push(await round(one, prompt, parallel, seconds));
    results.other.push(await round(other, prompt, parallel, seconds));
  }
  return results;
}

function modelsAt(baseUrl: string, cache: boolean): Models {
  const deployment: Deployment = {
    id: 'bench',
    provider: {
      id: 'bench',
      type: 'compatible',
      baseUrl,
      keys: [],
      headers: {},
      apiVersion: undefined,
      streamUsage: true,
      free: false,
    },
    model: 'bench',
    capabilities: {
      chat: true,
      tools: true,
      vision: false,
      json: true,
      reasoning: false,
      embeddings: false,
      images: false,
    },
    contextWindow: 128_000,
    maxOutputTokens: 4_096,
    price: { inputPerMillion: '0.15', outputPerMillion: '0.6' },
    tags: [],
    limits: {},
    stallMs: 60_000,
  };
  const alias = {
    ...aliasFor('bench', deployment),
    cache: cache ? ({ ttlMs: 600_000, scope: 'user' } as const) : undefined,
  };
  const catalogue: Catalogue = {
    aliases: new Map([['bench', alias]]),
    deployments: new Map([['bench', deployment]]),
    defaults: { chat: 'bench' },
    // With limits on, as an installation would have them.
    limits: {
      ...NO_LIMITS,
      user: {
        requestsPerMinute: 1_000_000_000,
        tokensPerMinute: 1_000_000_000_000,
        budget: { amount: '1000000', per: 'month' },
      },
    },
    origin: 'bench',
    problems: [],
  };
  return createModels({
    config: loadConfig({}),
    log: pino({ level: 'warn' }),
    metrics: new Registry(),
    catalogue,
    onRecord: () => undefined,
  });
}

const ms = (value: number): string => value.toFixed(3);
const spread = (values: readonly number[]): string => `${ms(Math.min(...values))}..${ms(Math.max(...values))}`;
const rss = (): string => (process.memoryUsage.rss() / 1e6).toFixed(0);

const provider = fork(path.join(import.meta.dirname, 'llm/provider.ts'));
try {
  const [port] = (await once(provider, 'message')) as [number];
  const url = `http://127.0.0.1:${port}/v1`;
  const ask = { direct: direct(url), through: through(modelsAt(url, false)) };
  console.log(
    `llm: ${os.cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds of ${SECONDS} s a side; budgets, limits and metrics on`,
  );
  await round(ask.direct, AT_ONCE, 8, 1);
  await round(ask.through, AT_ONCE, 8, 1);

  for (const parallel of [1, 50, 200]) {
    const { one, other } = await sideBySide(ask.direct, ask.through, PACE[parallel]!, parallel, SECONDS);
    const added = (key: 'p50' | 'p99') => one.map((alone, index) => other[index]![key] - alone[key]);
    const name = parallel === 50 ? 'llm-added' : `llm-added-${parallel}`;
    const best = (key: 'p50' | 'p99') => Math.min(...other.map((r) => r[key])) - Math.min(...one.map((r) => r[key]));
    const [p50, p99] = [added('p50'), added('p99')];
    console.log(
      `BENCH ${name} p50_ms=${ms(median(p50))} p99_ms=${ms(median(p99))} parallel=${parallel} best_p50_ms=${ms(best('p50'))} best_p99_ms=${ms(best('p99'))} p50_spread=${spread(p50)} p99_spread=${spread(p99)} ` +
        `direct_p50_ms=${ms(median(one.map((r) => r.p50)))} direct_p99_ms=${ms(median(one.map((r) => r.p99)))} rss_mb=${rss()}`,
    );
  }

  const proxyUrl = process.env.LLM_PROXY_URL;
  if (proxyUrl) {
    const headers = JSON.parse((process.env.LLM_PROXY_HEADERS ?? '{}').replaceAll('{provider}', url)) as Record<
      string,
      string
    >;
    const proxy = direct(proxyUrl, headers);
    await round(proxy, AT_ONCE, 8, 1);
    for (const parallel of [1, 50, 200]) {
      const { one, other } = await sideBySide(ask.direct, proxy, PACE[parallel]!, parallel, SECONDS);
      const added = (key: 'p50' | 'p99') => median(one.map((alone, index) => other[index]![key] - alone[key]));
      console.log(
        `BENCH llm-proxy-added-${parallel} p50_ms=${ms(added('p50'))} p99_ms=${ms(added('p99'))} parallel=${parallel}`,
      );
    }
  }

  const full = await sideBySide(ask.direct, ask.through, AT_ONCE, 50, SECONDS);
  const rates = full.one.map((alone, index) => full.other[index]!.perSecond / alone.perSecond);
  console.log(
    `BENCH llm-throughput ratio=${median(rates).toFixed(3)} spread=${Math.min(...rates).toFixed(3)}..${Math.max(...rates).toFixed(3)} ` +
      `cpu_added_ms=${ms(median(full.one.map((alone, index) => full.other[index]!.cpu - alone.cpu)))} direct_cpu_ms=${ms(median(full.one.map((r) => r.cpu)))} ` +
      `direct_rps=${median(full.one.map((r) => r.perSecond)).toFixed(0)} llm_rps=${median(full.other.map((r) => r.perSecond)).toFixed(0)} rss_mb=${rss()}`,
  );

  const cached = modelsAt(url, true);
  const hit: Ask = async (prompt) => {
    const calledAt = now();
    for await (const part of cached.chat({ messages: [{ role: 'user', content: prompt }] }, call)) void part;
    return now() - calledAt;
  };
  await hit(AT_ONCE);
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (const parallel of [1, 50, 200]) {
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(hit, AT_ONCE, parallel, Math.min(1, SECONDS)));
    const name = parallel === 1 ? 'llm-cache-hit' : `llm-cache-hit-${parallel}`;
    console.log(
      `BENCH ${name} p50_ms=${ms(median(rounds.map((r) => r.p50)))} p99_ms=${ms(median(rounds.map((r) => r.p99)))} parallel=${parallel} rps=${median(rounds.map((r) => r.perSecond)).toFixed(0)} rss_mb=${rss()}`,
    );
  }
} finally {
  provider.disconnect();
}
process.exit(0);
