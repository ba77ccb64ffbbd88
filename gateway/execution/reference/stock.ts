import { Supergraph as Internals, operationFromDocument } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan } from '@apollo/gateway';
import { QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, type FormattedExecutionResult, GraphQLError, getVariableValues } from 'graphql';
import { reasonOf } from '../../supergraph/error.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import type { OperationRequest } from '../prepare/operation.ts';

/** A plan as Apollo's executor takes it. */
export type StockPlan = Parameters<typeof executeQueryPlan>[0];
type ServiceMap = Parameters<typeof executeQueryPlan>[1];

/**
 * The engine of Apollo's own planner and executor behind our transports: the reference that the compiled engine is
 * compared with.
 */
export interface StockEngine {
  execute(document: DocumentNode, operationName: string | undefined, request: OperationRequest): Promise<StockResult>;
}

export type StockResult = FormattedExecutionResult;

/**
 * Creates the engine of Apollo's own planner and executor.
 *
 * @param revised what is executed of a plan. Default: the plan.
 */
export function createStockEngine(
  supergraph: Pick<Supergraph, 'sdl' | 'apiSchema'>,
  revised: (plan: StockPlan) => StockPlan = (plan) => plan,
): StockEngine {
  const internals = Internals.build(supergraph.sdl, { supportedFeatures: null, validateSupergraph: false });
  const api = internals.apiSchema();
  const supergraphSchema = internals.schema.toGraphQLJSSchema();
  const planner = new QueryPlanner(internals);

  async function run(
    document: DocumentNode,
    operationName: string | undefined,
    request: OperationRequest,
  ): Promise<StockResult> {
    const context = buildOperationContext({
      schema: supergraph.apiSchema,
      operationDocument: document,
      operationName,
    });
    const definitions = context.operation.variableDefinitions ?? [];
    const { errors } = getVariableValues(supergraph.apiSchema, definitions, { ...request.variables });
    if (errors) return { errors: errors.map((error) => error.toJSON()) };
    const plan = planner.buildQueryPlan(operationFromDocument(api, document, { operationName }));
    const result = await executeQueryPlan(
      revised(plan),
      serviceMap(request),
      { request: { variables: { ...request.variables } }, metrics: {}, context: {}, logger: SILENT } as never,
      context,
      supergraphSchema,
      api,
    );
    return JSON.parse(JSON.stringify(result)) as StockResult;
  }

  return { execute: run };
}

function serviceMap(request: OperationRequest): ServiceMap {
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
  return services;
}

const nothing = () => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };
