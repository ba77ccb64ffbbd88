import { Kind } from 'graphql';
import type { PolicyDirectives } from '../policy/directives.ts';
import type { Admitted } from '../policy/pipeline.ts';
import type { StreamPolicy } from './subscriptions.ts';

/** Tags by which a subscription field says how it wants to be delivered. docs/subscriptions.md explains them. */
const TAGS = { own: 'stream-own', everybody: 'stream-shared', latest: 'stream-latest' } as const;

/** An argument of this name resumes a stream, so each subscriber's begins elsewhere. */
const RESUME_ARGUMENT = 'after';

const DEFAULT: StreamPolicy = { share: 'identity', when: 'keep' };

/**
 * How an admitted subscription is delivered: what its root field's tags say, and by default shared among the equal
 * subscriptions of one user, with every event kept.
 */
export function streamPolicyOf(
  admitted: Admitted,
  subscriptionType: string,
  directives: PolicyDirectives,
): StreamPolicy {
  const field = admitted.prepared.operation.selectionSet.selections[0];
  if (field?.kind !== Kind.FIELD) return { ...DEFAULT, share: 'nobody' };
  const tags = directives.field(subscriptionType, field.name.value)?.tags ?? [];
  const resumes = field.arguments?.some((argument) => argument.name.value === RESUME_ARGUMENT) ?? false;
  return {
    share: tags.includes(TAGS.own) || resumes ? 'nobody' : tags.includes(TAGS.everybody) ? 'everybody' : 'identity',
    when: tags.includes(TAGS.latest) ? 'latest' : 'keep',
  };
}
