/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What sort of thing a reply draws on. */
export type CitationKind =
  /** A passage of a document. */
  | 'KNOWLEDGE'
  /** Something remembered about the person who asked. */
  | 'MEMORY'
  /** A message of an earlier exchange. */
  | 'MESSAGE'
  /** A page of the web that a tool has found or read. */
  | 'WEB';

/** How far a document is. */
export type DocumentStatus =
  /** The file has yet to be uploaded. */
  | 'AWAITING_UPLOAD'
  /** The document could not be read: see `problem`. */
  | 'FAILED'
  /** The text is being read, cut and embedded. */
  | 'PROCESSING'
  /** The document waits for its turn. */
  | 'QUEUED'
  /** The document can be searched. */
  | 'READY';

/** A code of the error catalogue, docs/errors.md. */
export type ErrorCode =
  /** Too many failed sign-ins; `extensions.retryAfter` says in how many seconds to try again. */
  | 'ACCOUNT_LOCKED'
  /** An argument is wrong; `extensions.argument` names it. */
  | 'BAD_USER_INPUT'
  /** The budget of the user, key or model is spent; `extensions.resetsAt` says when it is renewed. */
  | 'BUDGET_EXCEEDED'
  /** The change contradicts what is stored, for instance an id used again with other content. */
  | 'CONFLICT'
  /** The provider refused the content. */
  | 'CONTENT_FILTERED'
  /** The conversation does not fit into the model’s window even after shortening. */
  | 'CONTEXT_TOO_LARGE'
  /** A subgraph that is not ours reported a failure without a code. */
  | 'DOWNSTREAM_SERVICE_ERROR'
  /** There are more errors than are listed; `extensions.omitted` says how many. */
  | 'ERRORS_OMITTED'
  /** The credentials are valid but do not allow this. */
  | 'FORBIDDEN'
  /** The document is not GraphQL; the message says where. */
  | 'GRAPHQL_PARSE_FAILED'
  /** The operation does not fit the schema; the message says where. */
  | 'GRAPHQL_VALIDATION_FAILED'
  /** An unexpected failure; `extensions.errorId` is in the log. */
  | 'INTERNAL_SERVER_ERROR'
  /** No language model is configured; the message says how to configure one. */
  | 'MODEL_NOT_CONFIGURED'
  /** No model of that name is configured. */
  | 'MODEL_NOT_FOUND'
  /** The capability needs a setting that is missing; the message names it. */
  | 'NOT_CONFIGURED'
  /** What was asked for does not exist, or the caller may not know that it does. */
  | 'NOT_FOUND'
  /** The operation exceeds a limit on depth, aliases, fields or cost; the message names it. */
  | 'OPERATION_TOO_COMPLEX'
  /** The model did not answer in the form that was asked for. */
  | 'OUTPUT_INVALID'
  /** The request is larger than allowed; the message names the limit. */
  | 'PAYLOAD_TOO_LARGE'
  /** The hash is unknown; send the query with it. */
  | 'PERSISTED_QUERY_NOT_FOUND'
  /** Only registered operations are accepted. */
  | 'PERSISTED_QUERY_REQUIRED'
  /** The provider cannot be reached, failed or stalled. */
  | 'PROVIDER_UNAVAILABLE'
  /** The user has as much of something as one user may; `extensions.quota`, `limit` and `used` say of what and how much. */
  | 'QUOTA_EXCEEDED'
  /** Too many requests; `extensions.retryAfter` says in how many seconds to try again. */
  | 'RATE_LIMITED'
  /** The server ends the stream in good order, e.g. to restart: subscribe again and resume. */
  | 'RESUBSCRIBE'
  /** A server that this needs, such as the database, cannot be reached at the moment. */
  | 'SERVICE_UNAVAILABLE'
  /** The client reads slower than events come; `extensions.resumeAfter` is the last offset that it was sent, if any. */
  | 'SLOW_CONSUMER'
  /** A part of the graph answered what does not fit the schema; null stands in its place. */
  | 'SUBGRAPH_INVALID_ANSWER'
  /** A part of the graph cannot be reached; the other fields are answered. */
  | 'SUBGRAPH_UNAVAILABLE'
  /** The work took longer than allowed. */
  | 'TIMEOUT'
  /** No valid credentials were given, or the session they belong to has ended. */
  | 'UNAUTHENTICATED';

/** Whether a reply was good. */
export type FeedbackRating =
  /** The reply was not good. */
  | 'DOWN'
  /** The reply was good. */
  | 'UP';

/** How a model ended a reply. */
export type FinishReason =
  /** The provider cut it off because of its content. */
  | 'CONTENT_FILTER'
  /** The model reached the most tokens that it may write. */
  | 'LENGTH'
  /** For a reason of the provider's own. */
  | 'OTHER'
  /** The model had said what it had to say, or came to a text of `stop`. */
  | 'STOP'
  /** A person stopped it. */
  | 'STOPPED'
  /** The model called tools. */
  | 'TOOL_CALLS';

/** Who wrote a message. */
export type MessageRole =
  /** A reply, written by a model or made of what memory and knowledge hold. */
  | 'ASSISTANT'
  /** Written by a person. */
  | 'USER';

/** How far a message is. */
export type MessageStatus =
  /** Final. What a person sends is COMPLETE at once. */
  | 'COMPLETE'
  /** No reply could be had, or none in the form that was asked for; `error` says why. */
  | 'FAILED'
  /** The process or the provider broke off; the text is a true beginning. */
  | 'INTERRUPTED'
  /** A reply that waits to be begun. */
  | 'PENDING'
  /** A person stopped it; the text is what had arrived. */
  | 'STOPPED'
  /** A reply that is being written. */
  | 'STREAMING';

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

/** How the model is asked. What is left out or null is the default; a value out of its range is BAD_USER_INPUT. */
export type ModelParametersInput = {
  /** -2 to 2: above 0, the model avoids words the more, the more often they have occurred. */
  frequencyPenalty?: number | null | undefined;
  /** The most tokens of a reply, 1 to 1 000 000. */
  maxTokens?: number | null | undefined;
  /** -2 to 2: above 0, the model prefers words that have not occurred yet. */
  presencePenalty?: number | null | undefined;
  /** How much a reasoning model thinks before it replies. */
  reasoningEffort?: ReasoningEffort | null | undefined;
  /** Asks for repeatable replies, where the model can. */
  seed?: number | null | undefined;
  /** Texts that end a reply: at most 4, each of 1 to 100 characters. */
  stop?: Array<string> | null | undefined;
  /** 0 to 2: how freely the model chooses its words. */
  temperature?: number | null | undefined;
  /** 0 to 1: the share of probability that words are chosen from. */
  topP?: number | null | undefined;
};

/** What a person may do in a conversation. */
export type ParticipantRole =
  /** Accepted an invitation: reads everything, sends messages and may leave. */
  | 'MEMBER'
  /** Started the conversation: changes its settings, invites and removes people, deletes it. */
  | 'OWNER';

/** How much a reasoning model thinks before it replies. It is passed on to the provider as it is. */
export type ReasoningEffort =
  /** Much: slower and dearer. */
  | 'HIGH'
  /** Little: fast and cheap. */
  | 'LOW'
  /** What most models do by default. */
  | 'MEDIUM'
  /** As little as the model can. */
  | 'MINIMAL'
  /** Not at all, where the model can do without. */
  | 'NONE'
  /** As much as the model can; few models know it. */
  | 'XHIGH';

/** A tool of this server, which runs it while it writes a reply. None changes anything. */
export type ServerTool =
  /** `current_time`: date and time, in any time zone. */
  | 'CURRENT_TIME'
  /**
   * `search_knowledge`: passages of the person's documents. Needs the scope memory:read, and a conversation with memory.
   * At most 5 seconds.
   */
  | 'SEARCH_KNOWLEDGE'
  /**
   * `search_memory`: memories and earlier messages of the person who asks. Needs the scope memory:read, and a conversation
   * with memory. At most 5 seconds.
   */
  | 'SEARCH_MEMORY'
  /**
   * `web_fetch`: the text of a page of the public web, which becomes a citation. Only where the administrator has switched
   * it on. At most 20 pages a reply, 16 seconds each.
   */
  | 'WEB_FETCH'
  /**
   * `web_search`: a search of the web, whose results become citations. Only where the administrator has named a search
   * service. At most 10 searches a reply, 10 seconds each.
   */
  | 'WEB_SEARCH';

/** What the caller thinks of a reply. */
export type SetFeedbackInput = {
  /** Why; at most 8 KiB of UTF-8. Left out or null: no comment. */
  comment?: string | null | undefined;
  /** Id of a reply that has ended. */
  id: string | number;
  /** Whether it was good. Left out or null: what was said before is taken back. */
  rating?: FeedbackRating | null | undefined;
};

/** What has become of a permission that a call of a tool needs. */
export type ToolApprovalStatus =
  /** The person has allowed the call. */
  | 'APPROVED'
  /** The time was over before the person decided; the call is never run. */
  | 'EXPIRED'
  /** The person has refused the call; it is never run. */
  | 'REJECTED'
  /** The person is asked. */
  | 'WAITING';

/** How a call of a tool ended. */
export type ToolResultStatus =
  /** The tool could not do its work; the content says why. */
  | 'FAILED'
  /** The model's arguments do not fit the tool; the content says why. */
  | 'INVALID_ARGUMENTS'
  /** The tool has done its work. */
  | 'OK'
  /** The person did not allow the call; it was not run. */
  | 'REJECTED'
  /** The tool took longer than it may. */
  | 'TIMED_OUT'
  /** The model called a tool that was not offered. */
  | 'UNKNOWN_TOOL';

/** Whether a tool server answers. */
export type ToolServerState =
  /** The server cannot be reached or used. */
  | 'DOWN'
  /** The server was not asked yet. */
  | 'UNKNOWN'
  /** The server answers. */
  | 'UP';

/** Settings to change. */
export type UpdateConversationInput = {
  /** Id of the conversation. */
  id: string | number;
  /** Whether replies draw on memory and knowledge, and memories are learned from what the person writes. */
  memoryEnabled?: boolean | null | undefined;
  /** One of `models`; null: the default. */
  model?: string | null | undefined;
  /** Replaces all parameters; null: all defaults. */
  parameters?: ModelParametersInput | null | undefined;
  /** At most 32 KiB; null: none. */
  systemPrompt?: string | null | undefined;
  /** Names of tool servers whose tools replies may call, of `toolServers`, at most 16; null: none. */
  toolServers?: Array<string> | null | undefined;
};

export type ReadChatQueryVariables = Exact<{
  id: string | number;
  last: number;
  before?: string | null | undefined;
}>;


export type ReadChatQuery = { conversation: { id: string, title: string | null, model: string | null, memoryEnabled: boolean, toolServers: Array<string>, systemPrompt: string | null, pinned: boolean, viewerRole: ParticipantRole, unreadCount: number, parameters: { frequencyPenalty: number | null, maxTokens: number | null, presencePenalty: number | null, reasoningEffort: ReasoningEffort | null, seed: number | null, stop: Array<string> | null, temperature: number | null, topP: number | null }, messages: { nodes: Array<{ id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, reasoning: string | null, createdAt: string, removedAt: string | null, siblingIndex: number, siblingCount: number, previousSiblingId: string | null, nextSiblingId: string | null, awaitsViewerApproval: boolean, viewerFeedback: { id: string, rating: FeedbackRating, comment: string | null } | null, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, url: string | null }> | null, citations: Array<{ index: number, kind: CitationKind, sourceId: string, text: string, title: string | null, url: string | null, section: string | null, page: number | null, document: { id: string } | null, quotes: Array<{ text: string }> }>, toolCalls: Array<{ name: string, arguments: string, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }>, generation: { model: string, providerModel: string | null, cached: boolean, cost: string | null, droppedMessages: number, summarisedMessages: number, finishReason: FinishReason | null, latencyMs: number, retries: number, timeToFirstTokenMs: number | null, tokensPerSecond: number | null, usage: { inputTokens: number, cachedInputTokens: number, outputTokens: number, reasoningTokens: number } } | null }>, pageInfo: { hasPreviousPage: boolean, startCursor: string | null } } } | null };

export type ParametersFragment = { frequencyPenalty: number | null, maxTokens: number | null, presencePenalty: number | null, reasoningEffort: ReasoningEffort | null, seed: number | null, stop: Array<string> | null, temperature: number | null, topP: number | null };

export type ChatMessageFragment = { id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, reasoning: string | null, createdAt: string, removedAt: string | null, siblingIndex: number, siblingCount: number, previousSiblingId: string | null, nextSiblingId: string | null, awaitsViewerApproval: boolean, viewerFeedback: { id: string, rating: FeedbackRating, comment: string | null } | null, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, url: string | null }> | null, citations: Array<{ index: number, kind: CitationKind, sourceId: string, text: string, title: string | null, url: string | null, section: string | null, page: number | null, document: { id: string } | null, quotes: Array<{ text: string }> }>, toolCalls: Array<{ name: string, arguments: string, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }>, generation: { model: string, providerModel: string | null, cached: boolean, cost: string | null, droppedMessages: number, summarisedMessages: number, finishReason: FinishReason | null, latencyMs: number, retries: number, timeToFirstTokenMs: number | null, tokensPerSecond: number | null, usage: { inputTokens: number, cachedInputTokens: number, outputTokens: number, reasoningTokens: number } } | null };

export type DeleteMessageMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteMessageMutation = { deleteMessage: { deletedId: string, message: { id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, reasoning: string | null, createdAt: string, removedAt: string | null, siblingIndex: number, siblingCount: number, previousSiblingId: string | null, nextSiblingId: string | null, awaitsViewerApproval: boolean, viewerFeedback: { id: string, rating: FeedbackRating, comment: string | null } | null, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, url: string | null }> | null, citations: Array<{ index: number, kind: CitationKind, sourceId: string, text: string, title: string | null, url: string | null, section: string | null, page: number | null, document: { id: string } | null, quotes: Array<{ text: string }> }>, toolCalls: Array<{ name: string, arguments: string, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }>, generation: { model: string, providerModel: string | null, cached: boolean, cost: string | null, droppedMessages: number, summarisedMessages: number, finishReason: FinishReason | null, latencyMs: number, retries: number, timeToFirstTokenMs: number | null, tokensPerSecond: number | null, usage: { inputTokens: number, cachedInputTokens: number, outputTokens: number, reasoningTokens: number } } | null } } | null };

export type RateReplyMutationVariables = Exact<{
  input: SetFeedbackInput;
}>;


export type RateReplyMutation = { setFeedback: { message: { id: string, viewerFeedback: { id: string, rating: FeedbackRating, comment: string | null } | null } } | null };

export type ChooseBranchMutationVariables = Exact<{
  id: string | number;
}>;


export type ChooseBranchMutation = { chooseBranch: { conversation: { id: string } } | null };

export type SetUpChatMutationVariables = Exact<{
  input: UpdateConversationInput;
}>;


export type SetUpChatMutation = { updateConversation: { conversation: { id: string, memoryEnabled: boolean, toolServers: Array<string>, systemPrompt: string | null, parameters: { frequencyPenalty: number | null, maxTokens: number | null, presencePenalty: number | null, reasoningEffort: ReasoningEffort | null, seed: number | null, stop: Array<string> | null, temperature: number | null, topP: number | null } } } | null };

export type OfferedToolsQueryVariables = Exact<{ [key: string]: never; }>;


export type OfferedToolsQuery = { serverTools: Array<ServerTool> | null };

export type ToolsToChooseQueryVariables = Exact<{ [key: string]: never; }>;


export type ToolsToChooseQuery = { serverTools: Array<ServerTool> | null, toolServers: Array<{ name: string, description: string | null, state: ToolServerState, tools: Array<{ name: string, needsApproval: boolean }> }> | null };

export type AttachedDocumentsQueryVariables = Exact<{
  id: string | number;
}>;


export type AttachedDocumentsQuery = { conversation: { id: string, documents: { nodes: Array<{ id: string, title: string, status: DocumentStatus, problem: { message: string } | null }> } | null } | null };

export type RemoveAttachedDocumentMutationVariables = Exact<{
  id: string | number;
}>;


export type RemoveAttachedDocumentMutation = { deleteDocument: { deletedId: string } | null };

export type ChatModelsQueryVariables = Exact<{ [key: string]: never; }>;


export type ChatModelsQuery = { models: Array<{ id: string, isDefault: boolean, health: ModelHealth, capabilities: { vision: boolean } }> | null };

export const ParametersFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Parameters"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ModelParameters"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"frequencyPenalty"}},{"kind":"Field","name":{"kind":"Name","value":"maxTokens"}},{"kind":"Field","name":{"kind":"Name","value":"presencePenalty"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningEffort"}},{"kind":"Field","name":{"kind":"Name","value":"seed"}},{"kind":"Field","name":{"kind":"Name","value":"stop"}},{"kind":"Field","name":{"kind":"Name","value":"temperature"}},{"kind":"Field","name":{"kind":"Name","value":"topP"}}]}}]} as unknown as DocumentNode<ParametersFragment, unknown>;
export const ChatMessageFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ChatMessage"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"clientMessageId"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"reasoning"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"removedAt"}},{"kind":"Field","name":{"kind":"Name","value":"viewerFeedback"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"rating"}},{"kind":"Field","name":{"kind":"Name","value":"comment"}}]}},{"kind":"Field","name":{"kind":"Name","value":"author"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}},{"kind":"Field","name":{"kind":"Name","value":"siblingIndex"}},{"kind":"Field","name":{"kind":"Name","value":"siblingCount"}},{"kind":"Field","name":{"kind":"Name","value":"previousSiblingId"}},{"kind":"Field","name":{"kind":"Name","value":"nextSiblingId"}},{"kind":"Field","name":{"kind":"Name","value":"attachments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"url"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"width"},"value":{"kind":"IntValue","value":"480"}}]}]}},{"kind":"Field","name":{"kind":"Name","value":"citations"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"index"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"sourceId"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"section"}},{"kind":"Field","name":{"kind":"Name","value":"page"}},{"kind":"Field","name":{"kind":"Name","value":"document"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"quotes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"awaitsViewerApproval"}},{"kind":"Field","name":{"kind":"Name","value":"toolCalls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"id"},"name":{"kind":"Name","value":"callId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"arguments"}},{"kind":"Field","name":{"kind":"Name","value":"server"}},{"kind":"Field","name":{"kind":"Name","value":"approval"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"result"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"generation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"providerModel"}},{"kind":"Field","name":{"kind":"Name","value":"cached"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"droppedMessages"}},{"kind":"Field","name":{"kind":"Name","value":"summarisedMessages"}},{"kind":"Field","name":{"kind":"Name","value":"finishReason"}},{"kind":"Field","name":{"kind":"Name","value":"latencyMs"}},{"kind":"Field","name":{"kind":"Name","value":"retries"}},{"kind":"Field","name":{"kind":"Name","value":"timeToFirstTokenMs"}},{"kind":"Field","name":{"kind":"Name","value":"tokensPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"inputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedInputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"outputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningTokens"}}]}}]}}]}}]} as unknown as DocumentNode<ChatMessageFragment, unknown>;
export const ReadChatDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ReadChat"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"last"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"before"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"memoryEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"toolServers"}},{"kind":"Field","name":{"kind":"Name","value":"systemPrompt"}},{"kind":"Field","name":{"kind":"Name","value":"parameters"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Parameters"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pinned"}},{"kind":"Field","name":{"kind":"Name","value":"viewerRole"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}},{"kind":"Field","name":{"kind":"Name","value":"messages"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"last"},"value":{"kind":"Variable","name":{"kind":"Name","value":"last"}}},{"kind":"Argument","name":{"kind":"Name","value":"before"},"value":{"kind":"Variable","name":{"kind":"Name","value":"before"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ChatMessage"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasPreviousPage"}},{"kind":"Field","name":{"kind":"Name","value":"startCursor"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Parameters"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ModelParameters"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"frequencyPenalty"}},{"kind":"Field","name":{"kind":"Name","value":"maxTokens"}},{"kind":"Field","name":{"kind":"Name","value":"presencePenalty"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningEffort"}},{"kind":"Field","name":{"kind":"Name","value":"seed"}},{"kind":"Field","name":{"kind":"Name","value":"stop"}},{"kind":"Field","name":{"kind":"Name","value":"temperature"}},{"kind":"Field","name":{"kind":"Name","value":"topP"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ChatMessage"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"clientMessageId"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"reasoning"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"removedAt"}},{"kind":"Field","name":{"kind":"Name","value":"viewerFeedback"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"rating"}},{"kind":"Field","name":{"kind":"Name","value":"comment"}}]}},{"kind":"Field","name":{"kind":"Name","value":"author"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}},{"kind":"Field","name":{"kind":"Name","value":"siblingIndex"}},{"kind":"Field","name":{"kind":"Name","value":"siblingCount"}},{"kind":"Field","name":{"kind":"Name","value":"previousSiblingId"}},{"kind":"Field","name":{"kind":"Name","value":"nextSiblingId"}},{"kind":"Field","name":{"kind":"Name","value":"attachments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"url"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"width"},"value":{"kind":"IntValue","value":"480"}}]}]}},{"kind":"Field","name":{"kind":"Name","value":"citations"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"index"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"sourceId"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"section"}},{"kind":"Field","name":{"kind":"Name","value":"page"}},{"kind":"Field","name":{"kind":"Name","value":"document"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"quotes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"awaitsViewerApproval"}},{"kind":"Field","name":{"kind":"Name","value":"toolCalls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"id"},"name":{"kind":"Name","value":"callId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"arguments"}},{"kind":"Field","name":{"kind":"Name","value":"server"}},{"kind":"Field","name":{"kind":"Name","value":"approval"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"result"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"generation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"providerModel"}},{"kind":"Field","name":{"kind":"Name","value":"cached"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"droppedMessages"}},{"kind":"Field","name":{"kind":"Name","value":"summarisedMessages"}},{"kind":"Field","name":{"kind":"Name","value":"finishReason"}},{"kind":"Field","name":{"kind":"Name","value":"latencyMs"}},{"kind":"Field","name":{"kind":"Name","value":"retries"}},{"kind":"Field","name":{"kind":"Name","value":"timeToFirstTokenMs"}},{"kind":"Field","name":{"kind":"Name","value":"tokensPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"inputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedInputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"outputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningTokens"}}]}}]}}]}}]} as unknown as DocumentNode<ReadChatQuery, ReadChatQueryVariables>;
export const DeleteMessageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteMessage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedId"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ChatMessage"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ChatMessage"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"clientMessageId"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"reasoning"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"removedAt"}},{"kind":"Field","name":{"kind":"Name","value":"viewerFeedback"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"rating"}},{"kind":"Field","name":{"kind":"Name","value":"comment"}}]}},{"kind":"Field","name":{"kind":"Name","value":"author"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}},{"kind":"Field","name":{"kind":"Name","value":"siblingIndex"}},{"kind":"Field","name":{"kind":"Name","value":"siblingCount"}},{"kind":"Field","name":{"kind":"Name","value":"previousSiblingId"}},{"kind":"Field","name":{"kind":"Name","value":"nextSiblingId"}},{"kind":"Field","name":{"kind":"Name","value":"attachments"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"fileName"}},{"kind":"Field","name":{"kind":"Name","value":"url"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"width"},"value":{"kind":"IntValue","value":"480"}}]}]}},{"kind":"Field","name":{"kind":"Name","value":"citations"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"index"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"sourceId"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"section"}},{"kind":"Field","name":{"kind":"Name","value":"page"}},{"kind":"Field","name":{"kind":"Name","value":"document"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"quotes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"awaitsViewerApproval"}},{"kind":"Field","name":{"kind":"Name","value":"toolCalls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"id"},"name":{"kind":"Name","value":"callId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"arguments"}},{"kind":"Field","name":{"kind":"Name","value":"server"}},{"kind":"Field","name":{"kind":"Name","value":"approval"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"result"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"content"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"generation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"model"}},{"kind":"Field","name":{"kind":"Name","value":"providerModel"}},{"kind":"Field","name":{"kind":"Name","value":"cached"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}},{"kind":"Field","name":{"kind":"Name","value":"droppedMessages"}},{"kind":"Field","name":{"kind":"Name","value":"summarisedMessages"}},{"kind":"Field","name":{"kind":"Name","value":"finishReason"}},{"kind":"Field","name":{"kind":"Name","value":"latencyMs"}},{"kind":"Field","name":{"kind":"Name","value":"retries"}},{"kind":"Field","name":{"kind":"Name","value":"timeToFirstTokenMs"}},{"kind":"Field","name":{"kind":"Name","value":"tokensPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"inputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cachedInputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"outputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningTokens"}}]}}]}}]}}]} as unknown as DocumentNode<DeleteMessageMutation, DeleteMessageMutationVariables>;
export const RateReplyDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RateReply"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SetFeedbackInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"setFeedback"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"viewerFeedback"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"rating"}},{"kind":"Field","name":{"kind":"Name","value":"comment"}}]}}]}}]}}]}}]} as unknown as DocumentNode<RateReplyMutation, RateReplyMutationVariables>;
export const ChooseBranchDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ChooseBranch"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"chooseBranch"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"messageId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<ChooseBranchMutation, ChooseBranchMutationVariables>;
export const SetUpChatDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SetUpChat"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateConversationInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateConversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"memoryEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"toolServers"}},{"kind":"Field","name":{"kind":"Name","value":"systemPrompt"}},{"kind":"Field","name":{"kind":"Name","value":"parameters"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Parameters"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Parameters"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ModelParameters"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"frequencyPenalty"}},{"kind":"Field","name":{"kind":"Name","value":"maxTokens"}},{"kind":"Field","name":{"kind":"Name","value":"presencePenalty"}},{"kind":"Field","name":{"kind":"Name","value":"reasoningEffort"}},{"kind":"Field","name":{"kind":"Name","value":"seed"}},{"kind":"Field","name":{"kind":"Name","value":"stop"}},{"kind":"Field","name":{"kind":"Name","value":"temperature"}},{"kind":"Field","name":{"kind":"Name","value":"topP"}}]}}]} as unknown as DocumentNode<SetUpChatMutation, SetUpChatMutationVariables>;
export const OfferedToolsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OfferedTools"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"serverTools"}}]}}]} as unknown as DocumentNode<OfferedToolsQuery, OfferedToolsQueryVariables>;
export const ToolsToChooseDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ToolsToChoose"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"serverTools"}},{"kind":"Field","name":{"kind":"Name","value":"toolServers"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"tools"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"needsApproval"}}]}}]}}]}}]} as unknown as DocumentNode<ToolsToChooseQuery, ToolsToChooseQueryVariables>;
export const AttachedDocumentsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"AttachedDocuments"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"documents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"problem"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<AttachedDocumentsQuery, AttachedDocumentsQueryVariables>;
export const RemoveAttachedDocumentDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveAttachedDocument"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteDocument"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deletedId"}}]}}]}}]} as unknown as DocumentNode<RemoveAttachedDocumentMutation, RemoveAttachedDocumentMutationVariables>;
export const ChatModelsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ChatModels"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"models"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"isDefault"}},{"kind":"Field","name":{"kind":"Name","value":"health"}},{"kind":"Field","name":{"kind":"Name","value":"capabilities"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"vision"}}]}}]}}]}}]} as unknown as DocumentNode<ChatModelsQuery, ChatModelsQueryVariables>;