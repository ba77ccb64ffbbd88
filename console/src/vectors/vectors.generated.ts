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

export type CollectionsQueryVariables = Exact<{ [key: string]: never; }>;


export type CollectionsQuery = { vectorCollections: { nodes: Array<{ id: string, name: string, description: string | null, objectCount: number, model: string, dimensions: number | null }> } | null, vectorStore: { kind: VectorStoreKind, status: VectorStoreStatus, version: string | null } | null };

export type OneCollectionQueryVariables = Exact<{
  id: string | number;
}>;


export type OneCollectionQuery = { vectorCollection: { id: string, name: string, description: string | null, objectCount: number, model: string, objects: { nodes: Array<{ id: string, text: string, updatedAt: string }> } } | null };

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


export type AddTextsMutation = { upsertVectors: { storedCount: number, failedCount: number } | null };


export const CollectionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Collections"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"vectorCollections"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"objectCount"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"dimensions"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"vectorStore"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"version"}}]}}]}}]} as unknown as DocumentNode<CollectionsQuery, CollectionsQueryVariables>;
export const OneCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OneCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"vectorCollection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"objectCount"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"objects"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}}]}}]}}]}}]} as unknown as DocumentNode<OneCollectionQuery, OneCollectionQueryVariables>;
export const SearchCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"SearchCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SearchVectorsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"searchVectors"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"degraded"}},{"kind":"Field","name":{"kind":"Name","value":"hits"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"score"}},{"kind":"Field","name":{"kind":"Name","value":"object"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}},{"kind":"Field","name":{"kind":"Name","value":"explanation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"dense"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contribution"}}]}},{"kind":"Field","name":{"kind":"Name","value":"lexical"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"contribution"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<SearchCollectionQuery, SearchCollectionQueryVariables>;
export const MakeCollectionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeCollection"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateVectorCollectionInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createVectorCollection"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"collection"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<MakeCollectionMutation, MakeCollectionMutationVariables>;
export const AddTextsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"AddTexts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpsertVectorsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"upsertVectors"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"storedCount"}},{"kind":"Field","name":{"kind":"Name","value":"failedCount"}}]}}]}}]} as unknown as DocumentNode<AddTextsMutation, AddTextsMutationVariables>;