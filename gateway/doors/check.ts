import type { Logger } from '#platform/base/log/log.ts';
import type { Served } from '../policy/pipeline.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import type { DoorOperation } from './operations.ts';

/** Prepares the operations of a door for a new supergraph, and says in the log which of them do not fit it. */
export async function checkOperations(
  { operations }: GraphVersion<Served>,
  asked: readonly DoorOperation[],
  log: Logger,
): Promise<void> {
  for (const { name, text } of asked) {
    const prepared = await operations.prepare({ query: text });
    // One that could not be planned at the moment is planned when it is asked for.
    if (Array.isArray(prepared) && prepared[0]?.extensions['code'] === 'GRAPHQL_VALIDATION_FAILED') {
      log.error({ operation: name, problem: prepared[0]?.message }, 'an operation of a door does not fit the schema');
    }
  }
}
