/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** A question for the extractive responder. */
export type ExtractiveAnswerInput = {
  /** The conversation in which it is asked. */
  conversationId?: string | number | null | undefined;
  /** Most quotes, 1 to 10. */
  limit?: number;
  /** The question. What is longer than 4000 characters is cut. */
  question: string;
};

/** What sort of thing a memory is. */
export type MemoryKind =
  /** Something that happened or will happen. */
  | 'EVENT'
  /** Something that is so. */
  | 'FACT'
  /** How the user wants to be answered. */
  | 'INSTRUCTION'
  /** Something the user likes, wants or does not want. */
  | 'PREFERENCE';

/** What to look for in memory, knowledge and earlier messages. */
export type RecallInput = {
  /** The conversation that it is for: its memories and its earlier messages are looked through too. */
  conversationId?: string | number | null | undefined;
  /** Messages that the model gets anyway and that are left out here; at most 500. */
  excludeMessageIds?: Array<string | number> | null | undefined;
  /** Only these kinds; by default all. */
  kinds?: Array<RecallKind> | null | undefined;
  /** Most items of all kinds, 1 to 50; by default as many as the budget holds, of which the query finds 8 at most. */
  limit?: number | null | undefined;
  /**
   * The messages of the conversation that may be quoted; by default all. Name those that the model no longer gets, at most
   * 500, so that nothing of a branch that was given up is quoted.
   */
  onlyMessageIds?: Array<string | number> | null | undefined;
  /**
   * Whether the user's profile is recalled whatever the query: their standing instructions, and their memories, all of
   * them where they fit the budget, otherwise those that are pinned or have an importance of 0.8 or more. Without MEMORY
   * in `kinds` there is none. False only searches.
   */
  profile?: boolean;
  /** The text to look for, usually the user's message. What is longer than 4000 characters is cut. */
  query: string;
  /**
   * Longest search, 10 to 60000 milliseconds; by default it may take any time. With a profile, what is found later is left
   * out, and `degraded` says so.
   */
  timeoutMs?: number | null | undefined;
  /** Most tokens that all items together may have, 16 to 100000. */
  tokenBudget?: number;
  /** Whether this counts as a use of the memories found. */
  touch?: boolean;
};

/** What sort of thing was recalled. */
export type RecallKind =
  /** A passage of a document. */
  | 'KNOWLEDGE'
  /** Something remembered about the user. */
  | 'MEMORY'
  /** A message of an earlier exchange. */
  | 'MESSAGE';

export type RecallQueryVariables = Exact<{
  input: RecallInput;
}>;


export type RecallQuery = { recall: { quoted: string | null, instructions: string | null, items: Array<{ kind: RecallKind, id: string, text: string, score: number, citation: { documentId: string, title: string, section: string | null, page: number | null } | null, memory: { kind: MemoryKind, validFrom: string } | null }> } | null };

export type ExtractiveAnswerQueryVariables = Exact<{
  input: ExtractiveAnswerInput;
}>;


export type ExtractiveAnswerQuery = { extractiveAnswer: { text: string, model: string, quotes: Array<{ kind: RecallKind, id: string, text: string, score: number, citation: { documentId: string, title: string, section: string | null, page: number | null } | null, memory: { kind: MemoryKind, validFrom: string } | null }> } | null };

export type ItemFragment = { kind: RecallKind, id: string, text: string, score: number, citation: { documentId: string, title: string, section: string | null, page: number | null } | null, memory: { kind: MemoryKind, validFrom: string } | null };

export const ItemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Item"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RecalledItem"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"score"}},{"kind":"Field","name":{"kind":"Name","value":"citation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"documentId"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"section"}},{"kind":"Field","name":{"kind":"Name","value":"page"}}]}},{"kind":"Field","name":{"kind":"Name","value":"memory"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"validFrom"}}]}}]}}]} as unknown as DocumentNode<ItemFragment, unknown>;
export const RecallDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Recall"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RecallInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"recall"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"items"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Item"}}]}},{"kind":"Field","name":{"kind":"Name","value":"quoted"}},{"kind":"Field","name":{"kind":"Name","value":"instructions"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Item"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RecalledItem"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"score"}},{"kind":"Field","name":{"kind":"Name","value":"citation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"documentId"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"section"}},{"kind":"Field","name":{"kind":"Name","value":"page"}}]}},{"kind":"Field","name":{"kind":"Name","value":"memory"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"validFrom"}}]}}]}}]} as unknown as DocumentNode<RecallQuery, RecallQueryVariables>;
export const ExtractiveAnswerDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ExtractiveAnswer"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ExtractiveAnswerInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"extractiveAnswer"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"quotes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Item"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Item"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RecalledItem"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"score"}},{"kind":"Field","name":{"kind":"Name","value":"citation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"documentId"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"section"}},{"kind":"Field","name":{"kind":"Name","value":"page"}}]}},{"kind":"Field","name":{"kind":"Name","value":"memory"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"validFrom"}}]}}]}}]} as unknown as DocumentNode<ExtractiveAnswerQuery, ExtractiveAnswerQueryVariables>;