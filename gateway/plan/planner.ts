import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Plan } from './plan.ts';

/** Decides which subgraph is asked what, in which order. One for each supergraph. */
export interface Planner {
  readonly name: 'apollo' | 'native';
  /**
   * @param document a validated document that has `operation` and the fragments it uses; introspection is taken out.
   * @throws when the operation cannot be planned.
   */
  plan(document: DocumentNode, operation: OperationDefinitionNode): Plan | Promise<Plan>;
}
