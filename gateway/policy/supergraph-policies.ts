import type { DocumentNode, GraphQLError, OperationDefinitionNode } from 'graphql';
import type { Config } from '#platform/base/config/config.ts';
import type { PreparedOperation } from '../execution/prepare/operation.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { type AccessPlan, planAccess } from './access.ts';
import { type Cost, priceOperation, tooCostly } from './demand.ts';
import { type PolicyDirectives, readPolicyDirectives } from './directives.ts';
import { checkShape, type ShapeLimits } from './operation-limits.ts';
import { checkSingleUse } from './single-use.ts';

/** The demands that the directives of one supergraph make on operations: each operation is looked at once. */
export class SupergraphPolicies {
  readonly #supergraph: Supergraph;
  readonly #config: ShapeLimits & Pick<Config, 'MAX_COST'>;
  #directives: PolicyDirectives | undefined;
  readonly #costs = new WeakMap<OperationDefinitionNode, Cost>();
  /** Null: nothing of the operation is restricted. */
  readonly #access = new WeakMap<OperationDefinitionNode, AccessPlan | null>();

  constructor(supergraph: Supergraph, config: ShapeLimits & Pick<Config, 'MAX_COST'>) {
    this.#supergraph = supergraph;
    this.#config = config;
  }

  /** Read for the first operation: a large supergraph takes a good part of the start. */
  get directives(): PolicyDirectives {
    this.#directives ??= readPolicyDirectives(this.#supergraph.sdl);
    return this.#directives;
  }

  /**
   * Looks at an operation before it is planned: its shape, what may stand in it once, and what it costs at least. What
   * variables add is looked at when they are known.
   */
  inspect(document: DocumentNode, operation: OperationDefinitionNode): readonly GraphQLError[] {
    const shape = checkShape(document, operation, this.#config);
    if (shape.length > 0) return shape;
    const { apiSchema } = this.#supergraph;
    const root = apiSchema.getRootType(operation.operation);
    const repeated = root ? checkSingleUse(document, operation, root.name, this.directives) : [];
    if (repeated.length > 0) return repeated;
    const cost = priceOperation(document, operation, apiSchema, this.directives);
    this.#costs.set(operation, cost);
    const least = cost.of(undefined);
    const { MAX_COST } = this.#config;
    return least > MAX_COST ? [tooCostly(least, MAX_COST)] : [];
  }

  /** Returns what an operation may cost with these variables. */
  costOf(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): number {
    return this.#costs.get(operation)?.of(variables) ?? 0;
  }

  /** Returns what of an operation is restricted; null where nothing is. */
  accessOf({ document, operation }: PreparedOperation): AccessPlan | null {
    let plan = this.#access.get(operation);
    if (plan === undefined) {
      plan = planAccess(document, operation, this.#supergraph.apiSchema, this.directives) ?? null;
      this.#access.set(operation, plan);
    }
    return plan;
  }
}
