/**
 * Gateway and subgraphs in one process against one graphql-js server of the same schema and data: what federation costs
 * when nothing is distributed. CPU of the whole process for each request; Linux only (it reads /proc).
 */
import { compare } from './gateway/compare.ts';
import { startTarget } from './gateway/targets.ts';

const targets = [await startTarget('ours', 'inprocess'), await startTarget('monolith', 'monolith')];
try {
  await compare('inprocess', targets);
} finally {
  for (const target of targets) target.stop();
}
