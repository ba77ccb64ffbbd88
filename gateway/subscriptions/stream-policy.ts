import { Kind, type OperationDefinitionNode } from 'graphql';
import type { Admitted, Served } from '../policy/pipeline.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import { readMerging } from './merging.ts';
import type { StreamPolicy } from './subscriptions.ts';

/** Tags by which a subscription field says how it wants to be delivered. docs/subscriptions.md explains them. */
const TAGS = { own: 'stream-own', everybody: 'stream-shared', latest: 'stream-latest' } as const;

/** An argument of this name resumes a stream, so each subscriber's begins elsewhere. */
const RESUME_ARGUMENT = 'after';

const policies = new WeakMap<OperationDefinitionNode, StreamPolicy>();

/**
 * Returns how an admitted subscription is delivered: what its root field's tags and those of its events say. By default
 * it is shared among the equal subscriptions of one user, and every event is kept.
 */
export function streamPolicyOf(admitted: Admitted, version: GraphVersion<Served>): StreamPolicy {
  const { operation } = admitted.prepared;
  let policy = policies.get(operation);
  if (!policy) {
    policy = readPolicy(admitted, version);
    policies.set(operation, policy);
  }
  return policy;
}

function readPolicy(admitted: Admitted, { supergraph, policies }: GraphVersion<Served>): StreamPolicy {
  const field = admitted.prepared.operation.selectionSet.selections[0];
  const type = supergraph.apiSchema.getSubscriptionType();
  // A fragment at the root hides the field; such an operation is served, but never shared.
  if (field?.kind !== Kind.FIELD || !type) return { share: 'none', when: 'keep' };
  const tags = policies.directives.field(type.name, field.name.value)?.tags ?? [];
  const resumes = type.getFields()[field.name.value]?.args.some(({ name }) => name === RESUME_ARGUMENT) ?? false;
  const merging = readMerging(admitted, supergraph.apiSchema, policies.directives);
  return {
    ...merging,
    share: tags.includes(TAGS.own) || resumes ? 'none' : tags.includes(TAGS.everybody) ? 'everybody' : 'identity',
    when: tags.includes(TAGS.latest) ? 'latest' : merging.merge ? 'merge' : 'keep',
  };
}
