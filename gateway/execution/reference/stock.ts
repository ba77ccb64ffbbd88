import { Supergraph as Internals, operationFromDocument } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan } from '@apollo/gateway';
import { type PlanNode, QueryPlanner } from '@apollo/query-planner';
import {
  type DocumentNode,
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  getVariableValues,
} from 'graphql';
import { reasonOf } from '../../supergraph/error.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import type { OperationRequest } from '../prepare/operation.ts';

type StockPlan = Parameters<typeof executeQueryPlan>[0];
type ServiceMap = Parameters<typeof executeQueryPlan>[1];

/**
 * The engine of Apollo's own planner and executor behind our transports: the reference that the compiled engine is
 * compared with.
 */
export interface StockEngine {
  execute(document: DocumentNode, operationName: string | undefined, request: OperationRequest): Promise<StockResult>;
  /** What a client gets for one event of the subscription. */
  executeEvent(
    document: DocumentNode,
    operationName: string | undefined,
    request: OperationRequest,
    event: ExecutionResult,
  ): Promise<StockResult>;
}

export type StockResult = FormattedExecutionResult;

const EVENT_SERVICE = '__event';

/** Creates the engine of Apollo's own planner and executor. */
export function createStockEngine(supergraph: Pick<Supergraph, 'sdl' | 'apiSchema'>): StockEngine {
  const internals = Internals.build(supergraph.sdl, { supportedFeatures: null, validateSupergraph: false });
  const api = internals.apiSchema();
  const supergraphSchema = internals.schema.toGraphQLJSSchema();
  const planner = new QueryPlanner(internals);

  async function run(
    document: DocumentNode,
    operationName: string | undefined,
    request: OperationRequest,
    event?: ExecutionResult,
  ): Promise<StockResult> {
    const context = buildOperationContext({
      schema: supergraph.apiSchema,
      operationDocument: document,
      operationName,
    });
    const definitions = context.operation.variableDefinitions ?? [];
    const { errors } = getVariableValues(supergraph.apiSchema, definitions, { ...request.variables });
    if (errors) return { errors: errors.map((error) => error.toJSON()) };
    let plan: StockPlan = planner.buildQueryPlan(operationFromDocument(api, document, { operationName }));
    if (plan.node?.kind === 'Subscription') {
      const { primary, rest } = plan.node;
      const nodes: PlanNode[] = [{ ...primary, serviceName: EVENT_SERVICE }, ...(rest ? [rest] : [])];
      plan = { kind: 'QueryPlan', node: { kind: 'Sequence', nodes } };
    }
    const result = await executeQueryPlan(
      plan,
      serviceMap(request, event),
      { request: { variables: { ...request.variables } }, metrics: {}, context: {}, logger: SILENT } as never,
      context,
      supergraphSchema,
      api,
    );
    return JSON.parse(JSON.stringify(result)) as StockResult;
  }

  return {
    execute: run,
    executeEvent: run,
  };
}

function serviceMap(request: OperationRequest, event: ExecutionResult | undefined): ServiceMap {
  const services: ServiceMap = {};
  for (const [name, transport] of request.transports) {
    services[name] = {
      async process({ request: { query, variables, operationName } }) {
        try {
          const { result } = await transport.execute({
            query: query!,
            ...(operationName !== undefined && { operationName }),
            ...(variables && { variables }),
            identity: request.identity,
            client: request.client,
            headers: request.headers,
            requestId: request.requestId,
          });
          return result as never;
        } catch (error) {
          throw new GraphQLError(reasonOf(error), { extensions: { code: 'SUBGRAPH_UNAVAILABLE' } });
        }
      },
    };
  }
  services[EVENT_SERVICE] = { process: async () => event as never };
  return services;
}

const nothing = () => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };
