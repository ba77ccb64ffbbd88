/**
 * Gateway and subgraphs in one process, every policy on, against one graphql-js server of the same schema and data with
 * none: what federation and its protections cost when nothing is distributed. CPU of the whole process for each
 * request; Linux only (it reads /proc). BENCH_POLICIES=off adds ours without the policies that need a sign-in or a
 * counter.
 */
import { compare } from './gateway/compare.ts';
import { clientWork } from './gateway/graph.ts';
import { createIssuer } from './gateway/issuer.ts';
import { startTarget } from './gateway/targets.ts';

const { token, jwks } = await createIssuer();
const targets = [await startTarget('ours', 'inprocess', jwks)];
try {
  if (process.env.BENCH_POLICIES === 'off') {
    targets.push(await startTarget('ours-without-policies', 'inprocess', jwks, 'bare'));
  }
  targets.push(await startTarget('monolith', 'monolith'));
  await compare('inprocess', targets, clientWork(token));
} finally {
  for (const target of targets) target.stop();
}
