import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { librarySdl } from '../testing/test-gateway.ts';
import { createGraph } from './graph.ts';

const CHANGED = librarySdl.replace('  slow: String', '  slow: String @deprecated(reason: "too slow")');

/** A graph whose versions are warmed as long as a test says, by turns. */
function serve() {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'graph-')), 'supergraph.graphql');
  writeFileSync(file, librarySdl);
  const warmings: (() => void)[] = [];
  const state = { settings: 'old' };
  const made = new Map<SubgraphTransport, string>();
  const graph = createGraph({
    source: { file },
    log: pino({ level: 'silent' }),
    async transportOf({ name }) {
      const transport = { subgraph: name, [Symbol.asyncDispose]: async () => undefined } as never as SubgraphTransport;
      made.set(transport, state.settings);
      return transport;
    },
    settingsOf: () => state.settings,
    open: ({ id }) => ({ opened: id }),
    warm: () => new Promise<void>((resolve) => warmings.push(resolve)),
    changed: () => undefined,
  });
  const settings = () => [...graph.current!.transports.values()].map((transport) => made.get(transport));
  return { graph, file, state, warmings, settings };
}

it('other settings do not put back the supergraph that was replaced while they were taken over', async () => {
  const { graph, file, warmings } = serve();
  await using _ = graph;
  await graph.load();
  const first = graph.current!.supergraph.id;
  const reconnected = graph.reconnect(true);
  await expect.poll(() => warmings.length).toBe(1);
  writeFileSync(file, CHANGED);
  const reloaded = graph.reload();
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const done of warmings.reverse()) done();
  await expect.poll(() => warmings.length).toBe(2);
  for (const done of warmings) done();
  await Promise.all([reconnected, reloaded]);
  expect(graph.current!.supergraph.id).not.toBe(first);
});

it('a new supergraph has the settings that came while it was warmed', async () => {
  const { graph, file, state, warmings, settings } = serve();
  await using _ = graph;
  await graph.load();
  writeFileSync(file, CHANGED);
  const reloaded = graph.reload();
  await expect.poll(() => warmings.length).toBe(1);
  state.settings = 'new';
  const reconnected = graph.reconnect(false);
  warmings[0]!();
  await reloaded;
  expect(settings()).toEqual(['new']);
  await reconnected;
  expect(settings()).toEqual(['new']);
});
