import { setImmediate as turn } from 'node:timers/promises';
import { parse, validate } from 'graphql';
import type { Logger } from '#platform/base/log/log.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import type { DoorOperation } from './operations.ts';

/**
 * Validates the operations of a door for a new supergraph, and says in the log which of them do not fit it. They are
 * planned when they are first asked for: to plan all of them would take seconds of each start.
 */
export async function checkOperations(
  { supergraph }: GraphVersion<object>,
  asked: readonly DoorOperation[],
  log: Logger,
): Promise<void> {
  for (const { name, text } of asked) {
    await turn();
    const [problem] = validate(supergraph.apiSchema, parse(text));
    if (problem) {
      log.error({ operation: name, problem: problem.message }, 'an operation of a door does not fit the schema');
    }
  }
}
