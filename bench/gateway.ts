/**
 * Our gateway against Apollo Server with Apollo Gateway, and against Hive Gateway where bench/rivals is installed: the
 * same supergraph, the same subgraphs over HTTP, rounds taken in turn, request bodies that vary.
 *
 * What counts is the CPU of the gateway's process for each request: it says the same on a busy machine and on a quiet
 * one. Linux only (it reads /proc). BENCH_ROUNDS and BENCH_SECONDS make it longer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { compare } from './gateway/compare.ts';
import { supergraphOf } from './gateway/graph.ts';
import { startGateways, startScript } from './gateway/targets.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-gateway-'));
const subgraphs = await startScript<{ urls: Record<string, string> }>('subgraphs');
const file = path.join(folder, 'supergraph.graphql');
writeFileSync(file, supergraphOf(subgraphs.first.urls));
const targets = await startGateways(file);
try {
  await compare('gateway', targets);
} finally {
  for (const target of targets) target.stop();
  subgraphs.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
