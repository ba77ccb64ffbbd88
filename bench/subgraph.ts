/**
 * Our subgraph server against Apollo Server with the same schema and resolvers: as soon as a gateway is fast, its
 * subgraphs are what a graph waits for. Ours verifies the signed identity of each request, counts and times it; the
 * other does not look at it. CPU of the process for each request; Linux only (it reads /proc).
 */
import { createAssertions } from '#platform/identity/assertions.ts';
import { IDENTITY_HEADER } from '#platform/identity/authenticator.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { compare } from './gateway/compare.ts';
import { chatWork } from './gateway/graph.ts';
import { benchSecrets } from './gateway/issuer.ts';
import { startTarget, type Target } from './gateway/targets.ts';

const assertions = createAssertions(benchSecrets());
const targets: Target[] = [];
try {
  targets.push(await startTarget('ours', 'hosted-subgraph'), await startTarget('apollo', 'stock-subgraph'));
  await compare(
    'subgraph',
    targets,
    chatWork(async () => ({ [IDENTITY_HEADER]: await assertions.sign(ANONYMOUS, 'chat/graphql') })),
  );
} finally {
  for (const target of targets) target.stop();
}
