/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Whether a deployment is asked, as its circuit breaker in one process says. */
export type CircuitState =
  /** The deployment is asked. */
  | 'CLOSED'
  /** The deployment is not asked until the pause after a rate limit is over. */
  | 'COOLING'
  /** The pause is over: the next call tells. */
  | 'HALF_OPEN'
  /** The deployment failed several times in a row and is not asked until a pause is over. */
  | 'OPEN';

/** Whether a model or deployment answers, as seen by one process. */
export type ModelHealth =
  /** The model answers in part: one deployment is down, a rate limit cools off, or it is tried again after a failure. */
  | 'DEGRADED'
  /** The model or deployment failed several times in a row and is not asked until a pause is over. */
  | 'DOWN'
  /** This process has not called it yet. */
  | 'UNKNOWN'
  /** The model or deployment has been called and answers. */
  | 'UP';

/** What can be parked. */
export type ParkedWorkType =
  /** A fact that another subgraph told. */
  | 'EVENT'
  /** Work that a subgraph does in the background. */
  | 'JOB';

/** How a process is. */
export type ServiceStatus =
  /** The process answers; something that it depends on does not. */
  | 'DEGRADED'
  /** The process answers, and so does all that it depends on. */
  | 'HEALTHY'
  /** The process does not answer: it was stopped, or it is stuck or cut off. */
  | 'SILENT';

/** The implementations of the store. */
export type VectorStoreKind =
  /** A file of this installation. */
  | 'EMBEDDED'
  /** A Weaviate server, at WEAVIATE_URL. */
  | 'WEAVIATE';

/** Whether the store answers. */
export type VectorStoreStatus =
  /** The store does not answer. */
  | 'DOWN'
  /** The store answers. */
  | 'UP';

export type SystemStateQueryVariables = Exact<{ [key: string]: never; }>;


export type SystemStateQuery = { llmHealth: Array<{ deployment: string, aliases: Array<string>, provider: string, model: string, health: ModelHealth, state: CircuitState, calls: number, failures: number, inFlight: number, timeToFirstTokenMs: number | null, lastErrorMessage: string | null }> | null, memoryStatus: { indexes: Array<{ name: string, model: string, done: number, total: number, upToDate: boolean }> } | null, vectorStore: { kind: VectorStoreKind, status: VectorStoreStatus, version: string | null, detail: string | null, stats: { objects: number, spaces: number, diskBytes: number | null } | null } | null, parkedWork: { unreachable: Array<string>, nodes: Array<{ id: string, subgraph: string, type: ParkedWorkType, kind: string, attempts: number, parkedAt: string, problem: string | null }> } | null };

export type TracingStateQueryVariables = Exact<{ [key: string]: never; }>;


export type TracingStateQuery = { services: { traceUrl: string | null, nodes: Array<{ id: string, service: string, isTraced: boolean }> } | null };

export type RetryParkedMutationVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type RetryParkedMutation = { retryParkedWork: { ids: Array<string> } | null };

export type DropParkedMutationVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type DropParkedMutation = { dropParkedWork: { ids: Array<string> } | null };

export type ServicesStatusSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type ServicesStatusSubscription = { servicesStatus: { missing: Array<string>, nodes: Array<{ id: string, service: string, instance: string, version: string | null, nodeVersion: string, startedAt: string, seenAt: string, status: ServiceStatus, unavailable: Array<string>, eventLoopDelayMs: number, memoryBytes: number, subscriptions: number, checks: Array<{ name: string, isUp: boolean, detail: string | null }> }> } };


export const SystemStateDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"SystemState"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"llmHealth"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deployment"}},{"kind":"Field","name":{"kind":"Name","value":"aliases"}},{"kind":"Field","name":{"kind":"Name","value":"provider"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"health"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"failures"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"timeToFirstTokenMs"}},{"kind":"Field","name":{"kind":"Name","value":"lastErrorMessage"}}]}},{"kind":"Field","name":{"kind":"Name","value":"memoryStatus"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"indexes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"upToDate"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"vectorStore"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"objects"}},{"kind":"Field","name":{"kind":"Name","value":"spaces"}},{"kind":"Field","name":{"kind":"Name","value":"diskBytes"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"parkedWork"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"unreachable"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"subgraph"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"attempts"}},{"kind":"Field","name":{"kind":"Name","value":"parkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"problem"}}]}}]}}]}}]} as unknown as DocumentNode<SystemStateQuery, SystemStateQueryVariables>;
export const TracingStateDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"TracingState"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"services"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"traceUrl"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"service"}},{"kind":"Field","name":{"kind":"Name","value":"isTraced"}}]}}]}}]}}]} as unknown as DocumentNode<TracingStateQuery, TracingStateQueryVariables>;
export const RetryParkedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RetryParked"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"ids"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"retryParkedWork"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"ids"},"value":{"kind":"Variable","name":{"kind":"Name","value":"ids"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"ids"}}]}}]}}]} as unknown as DocumentNode<RetryParkedMutation, RetryParkedMutationVariables>;
export const DropParkedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DropParked"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"ids"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"dropParkedWork"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"ids"},"value":{"kind":"Variable","name":{"kind":"Name","value":"ids"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"ids"}}]}}]}}]} as unknown as DocumentNode<DropParkedMutation, DropParkedMutationVariables>;
export const ServicesStatusDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ServicesStatus"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"servicesStatus"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"missing"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"service"}},{"kind":"Field","name":{"kind":"Name","value":"instance"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"nodeVersion"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"seenAt"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"checks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"isUp"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}}]}},{"kind":"Field","name":{"kind":"Name","value":"unavailable"}},{"kind":"Field","name":{"kind":"Name","value":"eventLoopDelayMs"}},{"kind":"Field","name":{"kind":"Name","value":"memoryBytes"}},{"kind":"Field","name":{"kind":"Name","value":"subscriptions"}}]}}]}}]}}]} as unknown as DocumentNode<ServicesStatusSubscription, ServicesStatusSubscriptionVariables>;