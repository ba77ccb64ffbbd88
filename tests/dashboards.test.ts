import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';

let graph: RunningGraph;
beforeAll(async () => {
  graph = await startEmbedded();
}, 60_000);
afterAll(() => graph[Symbol.asyncDispose](), 60_000);

/** Functions and words of PromQL, and what Prometheus itself adds. */
const NO_METRICS = new Set(['up']);

/** Names of metrics in an expression: identifiers with an underscore that are followed by no parenthesis. */
const metricsIn = (expression: string): string[] =>
  [
    ...expression
      .replace(/\{[^}]*\}/g, '')
      .replace(/\bby\s*\([^)]*\)/g, '')
      .matchAll(/\b([a-z]+(?:_[a-z0-9]+)+)\b(?!\s*\()/g),
  ].map((match) => match[1]!);

describe('what is watched', () => {
  it('exists: every metric of the dashboards and alerts is on /metrics', async () => {
    await TestUser.signUp(graph.url);
    const page = await (await fetch(`${graph.url}/metrics`)).text();
    const known = new Set(
      [...page.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name, type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!],
      ),
    );
    const dashboard = await readFile('deploy/grafana/sextant.json', 'utf8');
    const alerts = await readFile('deploy/prometheus/alerts.yml', 'utf8');
    const expressions = [
      ...[...dashboard.matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!),
      ...[...alerts.matchAll(/expr: (.*)/g)].map((match) => match[1]!),
    ];
    const used = new Set(
      expressions.map((expression) => expression.replaceAll('$__rate_interval', '5m')).flatMap(metricsIn),
    );
    expect(used.size).toBeGreaterThan(20);
    expect([...used].filter((name) => !known.has(name) && !NO_METRICS.has(name))).toEqual([]);
  });

  it('has labels by name, and no user, message or other unbounded thing among them', async () => {
    const page = await (await fetch(`${graph.url}/metrics`)).text();
    expect(page).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}/);
  });
});
