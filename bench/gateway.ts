/**
 * Our gateway with every policy on against Apollo Server with Apollo Gateway, and against the gateways of bench/rivals
 * where they are installed: the same supergraph, the same subgraphs over HTTP, rounds taken in turn, request bodies
 * that vary, so that no side gains by answering equal requests at once.
 *
 * Every request carries an access token. Ours verifies it, counts the operation and signs the identity for the
 * subgraphs; the others do not look at it. BENCH_POLICIES=off adds ours without these, to see what they cost.
 *
 * What counts is the CPU of the gateway's process for each request: it says the same on a busy machine and on a quiet
 * one. Linux only (it reads /proc). BENCH_ROUNDS and BENCH_SECONDS make it longer, BENCH_PIN=off lets the scheduler
 * choose the cores.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { compare } from './gateway/compare.ts';
import { clientWork, SCHEMAS, supergraphOf } from './gateway/graph.ts';
import { createIssuer } from './gateway/issuer.ts';
import { rivalsOf, startRival } from './gateway/rivals.ts';
import { startSubgraphs, startTarget, type Target } from './gateway/targets.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-gateway-'));
const { token, jwks } = await createIssuer();
const subgraphs = await startSubgraphs(jwks);
const targets: Target[] = [];
try {
  const file = path.join(folder, 'supergraph.graphql');
  writeFileSync(file, supergraphOf(subgraphs.urls));
  const auth = subgraphs.urls['auth']!;
  targets.push(await startTarget('ours', 'ours', file, auth));
  if (process.env.BENCH_POLICIES === 'off') {
    targets.push(await startTarget('ours-without-policies', 'ours', file, auth, 'bare'));
  }
  targets.push(await startTarget('apollo', 'stock', file));
  const rivals = await rivalsOf({ folder, schemas: SCHEMAS, urls: subgraphs.urls });
  for (const rival of rivals) targets.push(await startRival(rival));
  await compare('gateway', targets, clientWork(token));
} finally {
  for (const target of targets) target.stop();
  subgraphs.stop();
  rmSync(folder, { recursive: true, force: true });
}
