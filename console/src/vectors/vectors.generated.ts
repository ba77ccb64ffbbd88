/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** A collection to create. */
export type CreateVectorCollectionInput = {
  /** At most 1000 characters. */
  description?: string | null | undefined;
  /** Length of vectors that are made elsewhere, 1 to 4096. Not given where texts are embedded here. */
  dimensions?: number | null | undefined;
  /** The properties that filters may name, at most 64. */
  fields?: Array<VectorFieldInput>;
  /** How vectors that are made elsewhere are compared; texts that are embedded here are always compared by COSINE. */
  metric?: VectorMetric;
  /**
   * The embedding model; default: the installation's. Any other name together with `dimensions`, for vectors made
   * elsewhere.
   */
  model?: string | number | null | undefined;
  /** 1 to 100 characters, unique among the caller's collections. */
  name: string;
};

/** How far a change of model is. */
export type ReembeddingState =
  /** The change was given up after several attempts; change the model again to try again. */
  | 'FAILED'
  /** The change is under way. */
  | 'RUNNING'
  /** The change begins as soon as it can. */
  | 'WAITING';

/** What to look for in a collection. */
export type SearchVectorsInput = {
  /** Weight of meaning against words, 0 to 1; default: the one that was measured best. */
  alpha?: number | null | undefined;
  /** Id of the collection. */
  collectionId: string | number;
  /** Only objects that match. */
  filter?: VectorFilter | null | undefined;
  /** How a hybrid search joins its parts. */
  fusion?: VectorFusion;
  /** How many hits, 1 to 100. */
  limit?: number;
  /** Leaves out hits that score less. */
  minScore?: number | null | undefined;
  /** What is compared: meaning, words or both. */
  mode?: VectorSearchMode;
  /** How many hits to leave out at the beginning. */
  offset?: number;
  /**
   * Has the installation's reranking model (`default_rerank` of llm.yaml) read the text with each of the best 40 hits: its
   * order and its scores, 0 to 1, are those of the answer, which `minScore` is about then. `limit` and `offset` together
   * are at most 40. Where it is late or away the order stays, and `degraded` says so; MODEL_NOT_CONFIGURED where there is
   * none.
   */
  rerank?: boolean;
  /** What to look for, at most 32 768 characters. Needed but for a search by vector alone. */
  text?: string | null | undefined;
  /** A vector made by the collection's model, instead of embedding the text. */
  vector?: Array<number> | null | undefined;
};

/** Objects to store in a collection. */
export type UpsertVectorsInput = {
  /** Id of the collection. */
  collectionId: string | number;
  /** 1 to 500 objects. */
  objects: Array<VectorObjectInput>;
};

/** How far a backup is. */
export type VectorBackupStatus =
  /** The backup is of no use; `error` says why. */
  | 'FAILED'
  /** The backup is being made. */
  | 'RUNNING'
  /** The backup is complete and can be restored. */
  | 'SUCCEEDED';

/** A property that can be filtered. */
export type VectorFieldInput = {
  /** Letters, digits and underscores, beginning with a letter; at most 64. */
  name: string;
  /** What its values are. */
  type: VectorFieldType;
};

/** Type of a filterable property. */
export type VectorFieldType =
  /** True or false. */
  | 'BOOLEAN'
  /** An ISO 8601 instant. */
  | 'DATE'
  /** A number, whole or not. */
  | 'NUMBER'
  /** A list of numbers. */
  | 'NUMBER_LIST'
  /** A string, compared as a whole. */
  | 'TEXT'
  /** A list of strings. */
  | 'TEXT_LIST';

/** A condition on declared fields: either `and`, or `or`, or `field` with `op` and `value`. */
export type VectorFilter = {
  /** Conditions that must all hold. */
  and?: Array<VectorFilter> | null | undefined;
  /** Name of the field: one that the collection declares. */
  field?: string | null | undefined;
  /** How it is compared. */
  op?: VectorFilterOperator | null | undefined;
  /** Conditions of which at least one must hold. */
  or?: Array<VectorFilter> | null | undefined;
  /** What it is compared with: a string, number or boolean; a list for IN and CONTAINS_ANY; a boolean for EXISTS. */
  value?: unknown;
};

/** How a field is compared. */
export type VectorFilterOperator =
  /** The field, a list, holds at least one value of a list. */
  | 'CONTAINS_ANY'
  /** The field is equal to the value. */
  | 'EQ'
  /** The field is present; with the value `false`, it is absent. */
  | 'EXISTS'
  /** The field is greater than the value. */
  | 'GT'
  /** The field is greater than the value or equal to it. */
  | 'GTE'
  /** The field is equal to one value of a list. */
  | 'IN'
  /** The field is less than the value. */
  | 'LT'
  /** The field is less than the value or equal to it. */
  | 'LTE'
  /** The field is not equal to the value, or is absent. */
  | 'NE';

/** How a hybrid search joins similarity and words. */
export type VectorFusion =
  /** Each part by a fixed formula, so that scores of different searches compare. */
  | 'ABSOLUTE'
  /** Each part scaled by the best of its own candidates: the default, see docs/retrieval.md. */
  | 'RELATIVE';

/** How vectors are compared. */
export type VectorMetric =
  /** By the angle between them; -1 to 1, and for texts mostly 0 to 1. */
  | 'COSINE'
  /** By their dot product. */
  | 'DOT'
  /** By the negative square of their distance. */
  | 'L2';

/** An object to store. */
export type VectorObjectInput = {
  /** 1 to 200 characters, chosen by the caller: the same id is the same object. */
  id: string | number;
  /** Anything about it, at most 256 KiB of JSON. Declared fields must have their type. */
  properties?: Record<string, unknown> | null | undefined;
  /**
   * What is embedded and searched, at most 1 000 000 characters. Models read only so much of a long text: cut documents
   * into passages.
   */
  text?: string;
  /** The vector of the text, where the caller has it already: made by the collection's model. */
  vector?: Array<number> | null | undefined;
};

/** What a search compares. */
export type VectorSearchMode =
  /** Meaning and words together. */
  | 'HYBRID'
  /** Words alone (BM25). */
  | 'TEXT'
  /** Meaning alone, by the vectors. */
  | 'VECTOR';

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

export type CollectionsQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type CollectionsQuery = { vectorCollections: { nodes: Array<{ id: string, name: string, description: string | null, objectCount: number, model: string }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type OneCollectionQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type OneCollectionQuery = { vectorCollection: { id: string, name: string, description: string | null, objectCount: number, model: string, embedsTexts: boolean, reembedding: { state: ReembeddingState, model: string, done: number, total: number, problem: string | null } | null, objects: { nodes: Array<{ id: string, text: string }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type MapCollectionQueryVariables = Exact<{
  id: string | number;
}>;


export type MapCollectionQuery = { vectorCollection: { id: string, map: { share: number, isWhole: boolean, points: Array<{ x: number, y: number, object: { id: string, text: string } }> } } | null };

export type BackupsQueryVariables = Exact<{ [key: string]: never; }>;


export type BackupsQuery = { vectorStore: { kind: VectorStoreKind, status: VectorStoreStatus, version: string | null, detail: string | null, stats: { spaces: number, objects: number, diskBytes: number | null } | null } | null, vectorBackups: Array<{ id: string, status: VectorBackupStatus, startedAt: string, completedAt: string | null, bytes: number | null, error: string | null }> | null };

export type BackupRowFragment = { id: string, status: VectorBackupStatus, startedAt: string, completedAt: string | null, bytes: number | null, error: string | null };

export type MakeBackupMutationVariables = Exact<{ [key: string]: never; }>;


export type MakeBackupMutation = { createVectorBackup: { backup: { id: string, status: VectorBackupStatus, startedAt: string, completedAt: string | null, bytes: number | null, error: string | null } } | null };

export type RestoreBackupMutationVariables = Exact<{
  id: string | number;
}>;


export type RestoreBackupMutation = { restoreVectorBackup: { backup: { id: string, status: VectorBackupStatus, startedAt: string, completedAt: string | null, bytes: number | null, error: string | null } } | null };

export type RemoveCollectionMutationVariables = Exact<{
  id: string | number;
}>;


export type RemoveCollectionMutation = { deleteVectorCollection: { deletedId: string } | null };

export type RemoveObjectsMutationVariables = Exact<{
  collectionId: string | number;
  ids: Array<string | number> | string | number;
}>;


export type RemoveObjectsMutation = { deleteVectors: { deletedCount: number, collection: { id: string, objectCount: number } } | null };

export type SearchCollectionQueryVariables = Exact<{
  input: SearchVectorsInput;
}>;


export type SearchCollectionQuery = { searchVectors: { degraded: string | null, hits: Array<{ score: number, object: { id: string, text: string }, explanation: { dense: { contribution: number } | null, lexical: { contribution: number } | null } }> } | null };

export type MakeCollectionMutationVariables = Exact<{
  input: CreateVectorCollectionInput;
}>;


export type MakeCollectionMutation = { createVectorCollection: { collection: { id: string } } | null };

export type AddTextsMutationVariables = Exact<{
  input: UpsertVectorsInput;
}>;


export type AddTextsMutation = { upsertVectors: { failedCount: number, results: Array<{ id: string, error: string | null }>, collection: { id: string, objectCount: number } } | null };

export const BackupRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BackupRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"VectorBackup"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"error"}}]}}]} as unknown as DocumentNode<BackupRowFragment, unknown>;
export const CollectionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Collections"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"vectorCollections"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"objectCount"}},{"kind":"Field","name":{"kind":"Name","value":"model"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]} as unknown as DocumentNode<CollectionsQuery, CollectionsQueryVariables>;
export const OneCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OneCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"vectorCollection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"objectCount"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"embedsTexts"}},{"kind":"Field","name":{"kind":"Name","value":"reembedding"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"problem"}}]}},{"kind":"Field","name":{"kind":"Name","value":"objects"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]}}]} as unknown as DocumentNode<OneCollectionQuery, OneCollectionQueryVariables>;
export const MapCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"MapCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"vectorCollection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"map"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"1000"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"share"}},{"kind":"Field","name":{"kind":"Name","value":"isWhole"}},{"kind":"Field","name":{"kind":"Name","value":"points"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"x"}},{"kind":"Field","name":{"kind":"Name","value":"y"}},{"kind":"Field","name":{"kind":"Name","value":"object"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<MapCollectionQuery, MapCollectionQueryVariables>;
export const BackupsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Backups"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"vectorStore"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"spaces"}},{"kind":"Field","name":{"kind":"Name","value":"objects"}},{"kind":"Field","name":{"kind":"Name","value":"diskBytes"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"vectorBackups"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"BackupRow"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BackupRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"VectorBackup"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"error"}}]}}]} as unknown as DocumentNode<BackupsQuery, BackupsQueryVariables>;
export const MakeBackupDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeBackup"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createVectorBackup"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"backup"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"BackupRow"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BackupRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"VectorBackup"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"error"}}]}}]} as unknown as DocumentNode<MakeBackupMutation, MakeBackupMutationVariables>;
export const RestoreBackupDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RestoreBackup"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"restoreVectorBackup"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"backup"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"BackupRow"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BackupRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"VectorBackup"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"bytes"}},{"kind":"Field","name":{"kind":"Name","value":"error"}}]}}]} as unknown as DocumentNode<RestoreBackupMutation, RestoreBackupMutationVariables>;
export const RemoveCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteVectorCollection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedId"}}]}}]}}]} as unknown as DocumentNode<RemoveCollectionMutation, RemoveCollectionMutationVariables>;
export const RemoveObjectsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveObjects"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"collectionId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"ids"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteVectors"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"collectionId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"collectionId"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"ids"},"value":{"kind":"Variable","name":{"kind":"Name","value":"ids"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedCount"}},{"kind":"Field","name":{"kind":"Name","value":"collection"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"objectCount"}}]}}]}}]}}]} as unknown as DocumentNode<RemoveObjectsMutation, RemoveObjectsMutationVariables>;
export const SearchCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"SearchCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SearchVectorsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"searchVectors"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"degraded"}},{"kind":"Field","name":{"kind":"Name","value":"hits"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"score"}},{"kind":"Field","name":{"kind":"Name","value":"object"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}},{"kind":"Field","name":{"kind":"Name","value":"explanation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"dense"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contribution"}}]}},{"kind":"Field","name":{"kind":"Name","value":"lexical"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contribution"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<SearchCollectionQuery, SearchCollectionQueryVariables>;
export const MakeCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateVectorCollectionInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createVectorCollection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"collection"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<MakeCollectionMutation, MakeCollectionMutationVariables>;
export const AddTextsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"AddTexts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpsertVectorsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"upsertVectors"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"failedCount"}},{"kind":"Field","name":{"kind":"Name","value":"results"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"error"}}]}},{"kind":"Field","name":{"kind":"Name","value":"collection"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"objectCount"}}]}}]}}]}}]} as unknown as DocumentNode<AddTextsMutation, AddTextsMutationVariables>;