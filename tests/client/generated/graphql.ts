/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** The settings of a new conversation; all of them may be left out. */
export type CreateConversationInput = {
  /** Makes the call idempotent: a second one with the same id answers with the first one's conversation. */
  clientConversationId?: string | null | undefined;
  /** Whether replies draw on memory and knowledge, and memories are learned from what the person writes. */
  memoryEnabled?: boolean;
  /** One of `models`; null: the default. */
  model?: string | null | undefined;
  /** How the model is asked; left out: the model's defaults. */
  parameters?: ModelParametersInput | null | undefined;
  /** At most 32 KiB. */
  systemPrompt?: string | null | undefined;
  /** 1 to 200 characters. Without it, the first message gives one. */
  title?: string | null | undefined;
  /** Names of tool servers whose tools replies may call, of `toolServers`, at most 16. */
  toolServers?: Array<string>;
};

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

/** What a user signs in with. */
export type LoginInput = {
  /**
   * What the last sign-in with this account on this device gave. With it, attempts of others at the account do not hold
   * this device up.
   */
  deviceToken?: string | null | undefined;
  /** Address of the account, in any spelling of its case. */
  email: string;
  /** The password of the account. */
  password: string;
};

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

/** The latest refresh token of a session. */
export type RefreshInput = {
  /** As the last `login` or `refresh` gave it. */
  refreshToken: string;
};

/** A new account, made by its owner. */
export type RegisterInput = {
  /** The name that others see, at most 80 characters. Default: the address up to its @. */
  displayName?: string | null | undefined;
  /** Address for signing in, at most 254 characters. */
  email: string;
  /** 15 to 128 characters; no rule says which ones. Common passwords are refused. */
  password: string;
  /**
   * Whether to sign in at once, as `login` would with the same address and password. Where the address must be confirmed
   * first, no session begins.
   */
  signIn?: boolean | null | undefined;
};

/** The form that a reply's text must have. */
export type ResponseFormatInput = {
  /** JSON_SCHEMA: a name for the form, 1 to 64 letters, digits, _ and -. */
  name?: string | null | undefined;
  /** JSON_SCHEMA: the schema, of an object; at most 16 KiB. */
  schema?: unknown;
  /** JSON_SCHEMA: whether the provider shall hold the model to it exactly; left out: yes. */
  strict?: boolean | null | undefined;
  /** What the text is. */
  type: ResponseFormatType;
};

/**
 * What a reply's text is. A reply that should be JSON and is not one JSON object is FAILED with OUTPUT_INVALID and keeps
 * its text.
 */
export type ResponseFormatType =
  /** A JSON object of any shape. */
  | 'JSON'
  /** A JSON object of a schema, as far as the provider can hold the model to it: whether it fits is not checked here. */
  | 'JSON_SCHEMA'
  /** Whatever the model writes. */
  | 'TEXT';

/** A message, and how it is replied to. */
export type SendMessageInput = {
  /** Ids of images, at most 10. The call waits up to 10 seconds for those whose file is on its way or being analysed. */
  attachments?: Array<string | number> | null | undefined;
  /** Made by the client, once a message: what makes repeating the call harmless. */
  clientMessageId: string;
  /** Id of the conversation. */
  conversationId: string | number;
  /** One of `models`, for this reply; left out: the conversation's. */
  model?: string | null | undefined;
  /** For this reply; what is left out is the conversation's. */
  parameters?: ModelParametersInput | null | undefined;
  /** The message to follow; left out: the last one of the active branch; null: none, a new beginning. */
  parentId?: string | number | null | undefined;
  /** False: only the message, no reply, as among people in a shared conversation. */
  reply?: boolean;
  /** The form of the reply's text. Left out: text. */
  responseFormat?: ResponseFormatInput | null | undefined;
  /** Tools of the server that the model may call. Left out: none. */
  serverTools?: Array<ServerTool> | null | undefined;
  /** 1 byte to 128 KiB of UTF-8. */
  text: string;
  /**
   * Names of tool servers whose tools the model may call, of `toolServers`, at most 16. Left out: those of the
   * conversation.
   */
  toolServers?: Array<string> | null | undefined;
  /**
   * Tools of the client that the model may call, at most 32. A reply that calls some ends, COMPLETE, and waits for
   * `submitToolResults`. Left out: none.
   */
  tools?: Array<ToolInput> | null | undefined;
  /**
   * Whether the reply draws on what memory and knowledge hold for the caller. Left out: it does while the caller is alone
   * in the conversation; other people who take part would read what it gives.
   */
  useMemory?: boolean | null | undefined;
};

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

/** A reply to stop. */
export type StopGenerationInput = {
  /** Id of the reply. */
  id: string | number;
};

/** The results of the tools that the client ran for a reply. */
export type SubmitToolResultsInput = {
  /** The reply whose calls are answered. */
  id: string | number;
  /** One for each call of the reply that the client runs; at most 256 KiB together. */
  results: Array<ToolResultInput>;
};

/** A tool that the client runs when a model calls it. */
export type ToolInput = {
  /** Tells the model when to call it; 1 to 4096 characters. */
  description: string;
  /** 1 to 64 letters, digits, _ and -; not the name of another tool. */
  name: string;
  /** JSON Schema of the arguments, an object whose `type` is `object`; at most 16 KiB. */
  parameters: unknown;
  /**
   * Whether the provider shall hold the arguments to `parameters` exactly, where it can; left out: as the provider does by
   * itself.
   */
  strict?: boolean | null | undefined;
};

/** What a tool of the client gave. */
export type ToolResultInput = {
  /** The call that it answers. */
  callId: string | number;
  /** What the model is told; at most 64 KiB of UTF-8. */
  content: string;
  /** Whether the tool failed; the content says how. */
  failed?: boolean;
};

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

/** Who runs a tool. */
export type ToolSide =
  /** The client, after the reply has ended. */
  | 'CLIENT'
  /** The server, while the reply is being written. */
  | 'SERVER';

export type RegisterMutationVariables = Exact<{
  input: RegisterInput;
}>;


export type RegisterMutation = { register: { email: string, emailVerificationRequired: boolean } | null };

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { login: { tokens: { accessToken: string, accessTokenExpiresAt: string, refreshToken: string }, user: { id: string, displayName: string } } | null };

export type RefreshMutationVariables = Exact<{
  input: RefreshInput;
}>;


export type RefreshMutation = { refresh: { tokens: { accessToken: string, refreshToken: string } } | null };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { me: { id: string, email: string | null, displayName: string, usage: { calls: number, cost: string } | null } | null };

export type CreateConversationMutationVariables = Exact<{
  input: CreateConversationInput;
}>;


export type CreateConversationMutation = { createConversation: { conversation: { id: string, title: string | null } } | null };

export type SendMessageMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendMessageMutation = { sendMessage: { message: { id: string, text: string }, reply: { id: string, status: MessageStatus } | null } | null };

export type ReadConversationQueryVariables = Exact<{
  id: string | number;
  last?: number | null | undefined;
}>;


export type ReadConversationQuery = { conversation: { id: string, title: string | null, usage: { calls: number, outputTokens: number, cost: string } | null, messages: { nodes: Array<{ id: string, role: MessageRole, status: MessageStatus, text: string, author: { id: string, displayName: string } | null, usage: { calls: number } | null }> } } | null };

export type MessageStreamSubscriptionVariables = Exact<{
  messageId: string | number;
  after: number;
}>;


export type MessageStreamSubscription = { messageStream:
    | { id: string, status: MessageStatus, lastSeq: number, error: { code: ErrorCode, message: string } | null }
    | { id: string, snapshot: boolean, text: string, firstSeq: number, lastSeq: number }
    | Record<PropertyKey, never>
   };

export type ConversationEventsSubscriptionVariables = Exact<{
  conversationId: string | number;
}>;


export type ConversationEventsSubscription = { conversationEvents:
    | { id: string, message: { id: string, role: MessageRole, text: string, author: { id: string, displayName: string } | null } | null }
    | { id: string, message: { id: string, status: MessageStatus, text: string } | null }
    | Record<PropertyKey, never>
   };

export type StopGenerationMutationVariables = Exact<{
  input: StopGenerationInput;
}>;


export type StopGenerationMutation = { stopGeneration: { message: { id: string, status: MessageStatus, text: string } } | null };

export type CallOfToolFragment = { callId: string, name: string, arguments: string, runsOn: ToolSide, result: { status: ToolResultStatus, content: string } | null };

export type FollowWithToolsSubscriptionVariables = Exact<{
  messageId: string | number;
}>;


export type FollowWithToolsSubscription = { messageStream:
    | { __typename: 'ReplyCitations' }
    | { __typename: 'ReplyEnd', status: MessageStatus }
    | { __typename: 'ReplyQuote' }
    | { __typename: 'ReplyReasoning' }
    | { __typename: 'ReplyText', text: string, firstSeq: number }
    | { __typename: 'ReplyToolCall', toolCall: { callId: string, name: string, arguments: string, runsOn: ToolSide, result: { status: ToolResultStatus, content: string } | null } }
    | { __typename: 'ReplyToolResult', callId: string, result: { status: ToolResultStatus, content: string } }
   };

export type ReadToolCallsQueryVariables = Exact<{
  id: string | number;
}>;


export type ReadToolCallsQuery = { message: { awaitsToolResults: boolean, toolCalls: Array<{ callId: string, name: string, arguments: string, runsOn: ToolSide, result: { status: ToolResultStatus, content: string } | null }> } | null };

export type SubmitToolResultsMutationVariables = Exact<{
  input: SubmitToolResultsInput;
}>;


export type SubmitToolResultsMutation = { submitToolResults: { reply: { id: string } } | null };

export const CallOfToolFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"CallOfTool"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageToolCall"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"callId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"arguments"}},{"kind":"Field","name":{"kind":"Name","value":"runsOn"}},{"kind":"Field","name":{"kind":"Name","value":"result"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"content"}}]}}]}}]} as unknown as DocumentNode<CallOfToolFragment, unknown>;
export const RegisterDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Register"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RegisterInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"register"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"emailVerificationRequired"}}]}}]}}]} as unknown as DocumentNode<RegisterMutation, RegisterMutationVariables>;
export const LoginDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Login"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"LoginInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"login"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"tokens"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"accessTokenExpiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}}]}},{"kind":"Field","name":{"kind":"Name","value":"user"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}}]}}]}}]} as unknown as DocumentNode<LoginMutation, LoginMutationVariables>;
export const RefreshDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Refresh"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RefreshInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"refresh"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"tokens"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}}]}}]}}]}}]} as unknown as DocumentNode<RefreshMutation, RefreshMutationVariables>;
export const MeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Me"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"me"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}}]}}]}}]}}]} as unknown as DocumentNode<MeQuery, MeQueryVariables>;
export const CreateConversationDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateConversation"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateConversationInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createConversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}}]}}]}}]}}]} as unknown as DocumentNode<CreateConversationMutation, CreateConversationMutationVariables>;
export const SendMessageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SendMessage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SendMessageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}},{"kind":"Field","name":{"kind":"Name","value":"reply"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}}]}}]} as unknown as DocumentNode<SendMessageMutation, SendMessageMutationVariables>;
export const ReadConversationDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ReadConversation"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"last"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"calls"}},{"kind":"Field","name":{"kind":"Name","value":"outputTokens"}},{"kind":"Field","name":{"kind":"Name","value":"cost"}}]}},{"kind":"Field","name":{"kind":"Name","value":"messages"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"last"},"value":{"kind":"Variable","name":{"kind":"Name","value":"last"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"author"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"usage"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"calls"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<ReadConversationQuery, ReadConversationQueryVariables>;
export const MessageStreamDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"MessageStream"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"messageId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"messageStream"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"messageId"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplyText"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"snapshot"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"firstSeq"}},{"kind":"Field","name":{"kind":"Name","value":"lastSeq"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplyEnd"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"lastSeq"}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]}}]} as unknown as DocumentNode<MessageStreamSubscription, MessageStreamSubscriptionVariables>;
export const ConversationEventsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ConversationEvents"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"conversationEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"conversationId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageCreated"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"author"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplyFinished"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}}]}}]}}]} as unknown as DocumentNode<ConversationEventsSubscription, ConversationEventsSubscriptionVariables>;
export const StopGenerationDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"StopGeneration"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"StopGenerationInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stopGeneration"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}}]}}]} as unknown as DocumentNode<StopGenerationMutation, StopGenerationMutationVariables>;
export const FollowWithToolsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"FollowWithTools"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"messageId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"messageStream"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"messageId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplyText"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"firstSeq"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplyToolCall"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"toolCall"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"CallOfTool"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplyToolResult"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"callId"}},{"kind":"Field","name":{"kind":"Name","value":"result"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"content"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplyEnd"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"CallOfTool"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageToolCall"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"callId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"arguments"}},{"kind":"Field","name":{"kind":"Name","value":"runsOn"}},{"kind":"Field","name":{"kind":"Name","value":"result"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"content"}}]}}]}}]} as unknown as DocumentNode<FollowWithToolsSubscription, FollowWithToolsSubscriptionVariables>;
export const ReadToolCallsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ReadToolCalls"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"awaitsToolResults"}},{"kind":"Field","name":{"kind":"Name","value":"toolCalls"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"CallOfTool"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"CallOfTool"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageToolCall"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"callId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"arguments"}},{"kind":"Field","name":{"kind":"Name","value":"runsOn"}},{"kind":"Field","name":{"kind":"Name","value":"result"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"content"}}]}}]}}]} as unknown as DocumentNode<ReadToolCallsQuery, ReadToolCallsQueryVariables>;
export const SubmitToolResultsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SubmitToolResults"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SubmitToolResultsInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"submitToolResults"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reply"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<SubmitToolResultsMutation, SubmitToolResultsMutationVariables>;