import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import type { Platform } from '#platform/host/platform.ts';
import { resolversOf, SCHEMAS } from './graph.ts';

/** One of the benchmark's subgraphs, hosted as ours are. They use no database and no streams. */
export async function hostSubgraph(name: string): Promise<HostedSubgraph> {
  const log = pino({ level: 'error' });
  const platform = { log, metrics: new Registry(), lifecycle: new AsyncDisposableStack() } as unknown as Platform;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-subgraph-'));
  const file = path.join(folder, 'schema.graphql');
  const sdl = SCHEMAS[name]!;
  writeFileSync(file, sdl);
  const start = async () => ({ resolvers: resolversOf(sdl) });
  const hosted = await createSubgraph({ name, schemaFile: pathToFileURL(file), start }, platform);
  rmSync(folder, { recursive: true });
  return hosted;
}
