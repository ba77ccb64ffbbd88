/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A call of a tool to allow. */
export type ApproveToolCallInput = {
  /** `callId` of the call. */
  callId: string | number;
  /** The reply that makes the call. */
  id: string | number;
};

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

/** A file that will be uploaded. */
export type CreateDocumentUploadInput = {
  /** Who may read it. SHARED is for administrators. */
  access?: DocumentAccess;
  /**
   * Media type of the file, such as application/pdf, text/plain or message/rfc822. Where it is application/octet-stream,
   * the name of the file tells the format.
   */
  contentType: string;
  /**
   * Attaches it to a conversation: it is recalled there and nowhere else, for the caller alone, and goes with it. Left out
   * or null: it is recalled everywhere.
   */
  conversationId?: string | number | null | undefined;
  /** Name of the file, 1 to 255 characters. */
  fileName: string;
  /** Size of the file in bytes, at most DOCUMENT_MAX_BYTES (50 MiB by default). */
  size: number;
  /** Title of the document, 1 to 300 characters; default: the name of the file. */
  title?: string | null | undefined;
};

/** An image that will be uploaded. */
export type CreateImageUploadInput = {
  /** Media type: image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic, image/heif or image/tiff. */
  contentType: string;
  /** Name of the file, 1 to 255 characters. */
  fileName: string;
  /** The image is a page of a document, to be read: `images` does not list it, and it is deleted a day later. */
  forDocument?: boolean;
  /** Read its text as soon as it has arrived. */
  recognizeText?: boolean;
  /** Size of the file in bytes, at most 25 MiB. */
  size: number;
};

/** A message to delete. */
export type DeleteMessageInput = {
  /** Id of the message. */
  id: string | number;
};

/** Who may read a document. */
export type DocumentAccess =
  /** The user who added it, and no other. */
  | 'PRIVATE'
  /** All users of the installation. Administrators decide on this. */
  | 'SHARED';

/** What can go wrong with a document. */
export type DocumentProblemCode =
  /** The file is damaged. */
  | 'DAMAGED'
  /** Something else failed, again and again; `retryDocument` tries once more. */
  | 'FAILED'
  /** The file has no text, for instance because its pages are pictures. */
  | 'NO_TEXT'
  /** The file is protected by a password. */
  | 'PASSWORD_PROTECTED'
  /** Reading it took longer or more memory than allowed. */
  | 'TOO_EXPENSIVE'
  /** The file, or what it unpacks to, is larger than allowed. */
  | 'TOO_LARGE'
  /** The content is not of the type that was declared. */
  | 'TYPE_MISMATCH'
  /** The type is none that can be read. */
  | 'UNSUPPORTED_TYPE';

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

/** A new text for a message, and how it is replied to. */
export type EditMessageInput = {
  /** Made by the client, once an edit: what makes repeating the call harmless. */
  clientMessageId: string;
  /** Id of a message that the caller wrote. */
  id: string | number;
  /** One of `models`, for this reply; left out: the conversation's. */
  model?: string | null | undefined;
  /** For this reply; what is left out is the conversation's. */
  parameters?: ModelParametersInput | null | undefined;
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

/** How far an image is. */
export type ImageStatus =
  /** The file has arrived and is being analysed. */
  | 'ANALYSING'
  /** The file has yet to be uploaded. */
  | 'AWAITING_UPLOAD'
  /** The image can be used. */
  | 'READY'
  /** The file cannot be used as an image; `problem` says why. */
  | 'REFUSED';

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

/** Which session to end. */
export type LogoutInput = {
  /** A refresh token of the session, for clients whose access token has expired. */
  refreshToken?: string | null | undefined;
};

/** How far the caller has read a conversation. */
export type MarkConversationReadInput = {
  /** Id of the conversation. */
  id: string | number;
  /** The last message that the caller has read. Left out or null: everything that has arrived. */
  messageId?: string | number | null | undefined;
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

/** How a person is shown in a room. The client decides; it changes nothing else. */
export type PresenceState =
  /** Connected, but away. */
  | 'AWAY'
  /** There, but not to be disturbed. */
  | 'BUSY'
  /** There and attentive. */
  | 'ONLINE';

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

/** A reply to have another one of, and how that one is made. */
export type RegenerateReplyInput = {
  /** Made by the client, once a reply: what makes repeating the call harmless. */
  clientMessageId: string;
  /** The reply to have another one of. */
  id: string | number;
  /** One of `models`, for this reply; left out: the conversation's. */
  model?: string | null | undefined;
  /** For this reply; what is left out is the conversation's. */
  parameters?: ModelParametersInput | null | undefined;
  /** The form of the reply's text. Left out: that of the earlier reply. */
  responseFormat?: ResponseFormatInput | null | undefined;
  /** Tools of the server that the model may call. Left out: those of the earlier reply. */
  serverTools?: Array<ServerTool> | null | undefined;
  /**
   * Names of tool servers whose tools the model may call, of `toolServers`, at most 16. Left out: those of the earlier
   * reply.
   */
  toolServers?: Array<string> | null | undefined;
  /**
   * Tools of the client that the model may call, at most 32. A reply that calls some ends, COMPLETE, and waits for
   * `submitToolResults`. Left out: those of the earlier reply.
   */
  tools?: Array<ToolInput> | null | undefined;
  /**
   * Whether the reply draws on what memory and knowledge hold for the caller. Left out: it does while the caller is alone
   * in the conversation; other people who take part would read what it gives.
   */
  useMemory?: boolean | null | undefined;
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

/** A call of a tool to refuse. */
export type RejectToolCallInput = {
  /** `callId` of the call. */
  callId: string | number;
  /** The reply that makes the call. */
  id: string | number;
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

/** What the caller thinks of a reply. */
export type SetFeedbackInput = {
  /** Why; at most 8 KiB of UTF-8. Left out or null: no comment. */
  comment?: string | null | undefined;
  /** Id of a reply that has ended. */
  id: string | number;
  /** Whether it was good. Left out or null: what was said before is taken back. */
  rating?: FeedbackRating | null | undefined;
};

/** Whether the caller is typing. */
export type SetTypingInput = {
  /** Id of the conversation. */
  id: string | number;
  /** True while keys are pressed; false ends it before its 6 seconds are over. */
  typing?: boolean;
};

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

export type SignInMutationVariables = Exact<{
  input: LoginInput;
}>;


export type SignInMutation = { login: { tokens: { accessToken: string, refreshToken: string, refreshTokenExpiresAt: string }, user: { id: string, displayName: string } } | null };

export type SignUpMutationVariables = Exact<{
  input: RegisterInput;
}>;


export type SignUpMutation = { register: { emailVerificationRequired: boolean, signedIn: { tokens: { accessToken: string, refreshToken: string, refreshTokenExpiresAt: string } } | null } | null };

export type RefreshTokensMutationVariables = Exact<{
  input: RefreshInput;
}>;


export type RefreshTokensMutation = { refresh: { tokens: { accessToken: string, refreshToken: string, refreshTokenExpiresAt: string } } | null };

export type SignOutMutationVariables = Exact<{
  input?: LogoutInput | null | undefined;
}>;


export type SignOutMutation = { logout: { success: boolean } | null };

export type TokensFragment = { accessToken: string, refreshToken: string, refreshTokenExpiresAt: string };

export type StartConversationMutationVariables = Exact<{
  input: CreateConversationInput;
}>;


export type StartConversationMutation = { createConversation: { conversation: { id: string } } | null };

export type SendMessageMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendMessageMutation = { sendMessage: { message: { id: string }, reply: { id: string } | null } | null };

export type EditMessageMutationVariables = Exact<{
  input: EditMessageInput;
}>;


export type EditMessageMutation = { editMessage: { message: { id: string }, reply: { id: string } | null } | null };

export type SubmitToolResultsMutationVariables = Exact<{
  input: SubmitToolResultsInput;
}>;


export type SubmitToolResultsMutation = { submitToolResults: { reply: { id: string } } | null };

export type RegenerateReplyMutationVariables = Exact<{
  input: RegenerateReplyInput;
}>;


export type RegenerateReplyMutation = { regenerateReply: { reply: { id: string } } | null };

export type StopReplyMutationVariables = Exact<{
  input: StopGenerationInput;
}>;


export type StopReplyMutation = { stopGeneration: { message: { id: string } } | null };

export type ApproveToolCallMutationVariables = Exact<{
  input: ApproveToolCallInput;
}>;


export type ApproveToolCallMutation = { approveToolCall: { reply: { id: string } | null } | null };

export type RejectToolCallMutationVariables = Exact<{
  input: RejectToolCallInput;
}>;


export type RejectToolCallMutation = { rejectToolCall: { reply: { id: string } | null } | null };

export type ReadMessagesQueryVariables = Exact<{
  id: string | number;
  last: number;
  before?: string | null | undefined;
}>;


export type ReadMessagesQuery = { conversation: { id: string, messages: { nodes: Array<{ id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, createdAt: string, awaitsViewerApproval: boolean, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, contentType: string | null, url: string | null }> | null, toolCalls: Array<{ name: string, arguments: string, runsOn: ToolSide, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }> }>, pageInfo: { hasPreviousPage: boolean, startCursor: string | null } } } | null };

export type ReadMessageFragment = { id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, createdAt: string, awaitsViewerApproval: boolean, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, contentType: string | null, url: string | null }> | null, toolCalls: Array<{ name: string, arguments: string, runsOn: ToolSide, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }> };

export type FollowReplySubscriptionVariables = Exact<{
  id: string | number;
  after: number;
}>;


export type FollowReplySubscription = { messageStream:
    | { __typename: 'ReplyCitations', citations: Array<{ index: number, kind: CitationKind, sourceId: string, text: string, title: string | null, url: string | null, section: string | null, page: number | null, score: number, quotes: Array<{ text: string, textOffset: number }> }> }
    | { __typename: 'ReplyEnd', status: MessageStatus, lastSeq: number, error: { code: ErrorCode, message: string } | null, usage: { inputTokens: number, outputTokens: number, reasoningTokens: number } | null }
    | { __typename: 'ReplyQuote', index: number, quote: { text: string, textOffset: number } }
    | { __typename: 'ReplyReasoning', firstSeq: number, lastSeq: number, text: string }
    | { __typename: 'ReplyText', firstSeq: number, lastSeq: number, text: string }
    | { __typename: 'ReplyToolCall', toolCall: { name: string, arguments: string, runsOn: ToolSide, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null } }
    | { __typename: 'ReplyToolResult', callId: string, result: { content: string, status: ToolResultStatus } }
   };

export type WatchConversationSubscriptionVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type WatchConversationSubscription = { conversationEvents:
    | { __typename: 'ConversationDeleted', conversationId: string }
    | { __typename: 'ConversationUpdated', cursor: string, conversation: { id: string, title: string | null } | null }
    | { __typename: 'MessageCreated', cursor: string, message: { id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, createdAt: string, awaitsViewerApproval: boolean, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, contentType: string | null, url: string | null }> | null, toolCalls: Array<{ name: string, arguments: string, runsOn: ToolSide, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }> } | null }
    | { __typename: 'MessageUpdated', cursor: string, message: { id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, createdAt: string, awaitsViewerApproval: boolean, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, contentType: string | null, url: string | null }> | null, toolCalls: Array<{ name: string, arguments: string, runsOn: ToolSide, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }> } | null }
    | { __typename: 'ParticipantJoined', cursor: string }
    | { __typename: 'ParticipantLeft', cursor: string, userId: string }
    | { __typename: 'ReplyFinished', cursor: string, message: { id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, createdAt: string, awaitsViewerApproval: boolean, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, contentType: string | null, url: string | null }> | null, toolCalls: Array<{ name: string, arguments: string, runsOn: ToolSide, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }> } | null }
    | { __typename: 'ReplyStarted', cursor: string, message: { id: string, clientMessageId: string | null, role: MessageRole, status: MessageStatus, text: string, createdAt: string, awaitsViewerApproval: boolean, author: { id: string, displayName: string } | null, error: { code: ErrorCode, message: string } | null, attachments: Array<{ id: string, fileName: string, contentType: string | null, url: string | null }> | null, toolCalls: Array<{ name: string, arguments: string, runsOn: ToolSide, server: string | null, id: string, approval: { status: ToolApprovalStatus, expiresAt: string } | null, result: { content: string, status: ToolResultStatus } | null }> } | null }
    | { __typename: 'RoomMemberChanged', member: { userId: string, state: PresenceState, typing: boolean, user: { id: string, displayName: string } | null } }
    | { __typename: 'RoomMemberLeft', userId: string }
    | { __typename: 'RoomMembers', cursor: string, members: Array<{ userId: string, state: PresenceState, typing: boolean, user: { id: string, displayName: string } | null }> }
   };

export type WatchRoomSubscriptionVariables = Exact<{
  id: string | number;
  state: PresenceState;
}>;


export type WatchRoomSubscription = { roomPresence:
    | { __typename: 'RoomMemberChanged', member: { userId: string, state: PresenceState, typing: boolean, user: { id: string, displayName: string } | null } }
    | { __typename: 'RoomMemberLeft', userId: string }
    | { __typename: 'RoomMembers', members: Array<{ userId: string, state: PresenceState, typing: boolean, user: { id: string, displayName: string } | null }> }
   };

export type MemberFragment = { userId: string, state: PresenceState, typing: boolean, user: { id: string, displayName: string } | null };

export type SetTypingMutationVariables = Exact<{
  input: SetTypingInput;
}>;


export type SetTypingMutation = { setTyping: { present: boolean } | null };

export type DeleteMessageMutationVariables = Exact<{
  input: DeleteMessageInput;
}>;


export type DeleteMessageMutation = { deleteMessage: { deletedId: string } | null };

export type RateReplyMutationVariables = Exact<{
  input: SetFeedbackInput;
}>;


export type RateReplyMutation = { setFeedback: { message: { id: string } } | null };

export type MarkReadMutationVariables = Exact<{
  input: MarkConversationReadInput;
}>;


export type MarkReadMutation = { markConversationRead: { conversation: { id: string, unreadCount: number, lastReadMessageId: string | null } } | null };

export type WatchViewerSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type WatchViewerSubscription = { viewerEvents: { cursor: string, reset: boolean, removedConversationIds: Array<string>, addedConversations: Array<{ id: string, title: string | null, pinned: boolean, archivedAt: string | null, lastActivityAt: string, unreadCount: number }>, changedConversations: Array<{ id: string, title: string | null, pinned: boolean, archivedAt: string | null, lastActivityAt: string, unreadCount: number }>, invitations: { nodes: Array<{ conversationId: string, title: string | null, invitedBy: { id: string, displayName: string } | null }> } | null } };

export type ListedConversationFragment = { id: string, title: string | null, pinned: boolean, archivedAt: string | null, lastActivityAt: string, unreadCount: number };

export type StartDocumentUploadMutationVariables = Exact<{
  input: CreateDocumentUploadInput;
}>;


export type StartDocumentUploadMutation = { createDocumentUpload: { document: { id: string }, upload: { url: string, method: string, maxBytes: number, headers: Array<{ name: string, value: string }> } } | null };

export type StartImageUploadMutationVariables = Exact<{
  input: CreateImageUploadInput;
}>;


export type StartImageUploadMutation = { createImageUpload: { image: { id: string }, upload: { url: string, method: string, maxBytes: number, headers: Array<{ name: string, value: string }> } } | null };

export type UploadFragment = { url: string, method: string, maxBytes: number, headers: Array<{ name: string, value: string }> };

export type WatchDocumentSubscriptionVariables = Exact<{
  id: string | number;
}>;


export type WatchDocumentSubscription = { documentProgress: { id: string, status: DocumentStatus, progress: { done: number, total: number }, problem: { code: DocumentProblemCode, message: string } | null } };

export type WatchImageSubscriptionVariables = Exact<{
  id: string | number;
}>;


export type WatchImageSubscription = { imageProgress: { id: string, status: ImageStatus, problem: string | null } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const TokensFragmentDoc = new TypedDocumentString(`
    fragment Tokens on AuthTokens {
  accessToken
  refreshToken
  refreshTokenExpiresAt
}
    `, {"fragmentName":"Tokens"}) as unknown as TypedDocumentString<TokensFragment, unknown>;
export const ReadMessageFragmentDoc = new TypedDocumentString(`
    fragment ReadMessage on Message {
  id
  clientMessageId
  role
  status
  text
  createdAt
  author {
    id
    displayName
  }
  error {
    code
    message
  }
  attachments {
    id
    fileName
    contentType
    url
  }
  awaitsViewerApproval
  toolCalls {
    id: callId
    name
    arguments
    runsOn
    server
    approval {
      status
      expiresAt
    }
    result {
      content
      status
    }
  }
}
    `, {"fragmentName":"ReadMessage"}) as unknown as TypedDocumentString<ReadMessageFragment, unknown>;
export const MemberFragmentDoc = new TypedDocumentString(`
    fragment Member on RoomMember {
  userId
  state
  typing
  user {
    id
    displayName
  }
}
    `, {"fragmentName":"Member"}) as unknown as TypedDocumentString<MemberFragment, unknown>;
export const ListedConversationFragmentDoc = new TypedDocumentString(`
    fragment ListedConversation on Conversation {
  id
  title
  pinned
  archivedAt
  lastActivityAt
  unreadCount
}
    `, {"fragmentName":"ListedConversation"}) as unknown as TypedDocumentString<ListedConversationFragment, unknown>;
export const UploadFragmentDoc = new TypedDocumentString(`
    fragment Upload on SignedUpload {
  url
  method
  maxBytes
  headers {
    name
    value
  }
}
    `, {"fragmentName":"Upload"}) as unknown as TypedDocumentString<UploadFragment, unknown>;
export const SignInDocument = new TypedDocumentString(`
    mutation SignIn($input: LoginInput!) {
  login(input: $input) {
    tokens {
      ...Tokens
    }
    user {
      id
      displayName
    }
  }
}
    fragment Tokens on AuthTokens {
  accessToken
  refreshToken
  refreshTokenExpiresAt
}`) as unknown as TypedDocumentString<SignInMutation, SignInMutationVariables>;
export const SignUpDocument = new TypedDocumentString(`
    mutation SignUp($input: RegisterInput!) {
  register(input: $input) {
    emailVerificationRequired
    signedIn {
      tokens {
        ...Tokens
      }
    }
  }
}
    fragment Tokens on AuthTokens {
  accessToken
  refreshToken
  refreshTokenExpiresAt
}`) as unknown as TypedDocumentString<SignUpMutation, SignUpMutationVariables>;
export const RefreshTokensDocument = new TypedDocumentString(`
    mutation RefreshTokens($input: RefreshInput!) {
  refresh(input: $input) {
    tokens {
      ...Tokens
    }
  }
}
    fragment Tokens on AuthTokens {
  accessToken
  refreshToken
  refreshTokenExpiresAt
}`) as unknown as TypedDocumentString<RefreshTokensMutation, RefreshTokensMutationVariables>;
export const SignOutDocument = new TypedDocumentString(`
    mutation SignOut($input: LogoutInput) {
  logout(input: $input) {
    success
  }
}
    `) as unknown as TypedDocumentString<SignOutMutation, SignOutMutationVariables>;
export const StartConversationDocument = new TypedDocumentString(`
    mutation StartConversation($input: CreateConversationInput!) {
  createConversation(input: $input) {
    conversation {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<StartConversationMutation, StartConversationMutationVariables>;
export const SendMessageDocument = new TypedDocumentString(`
    mutation SendMessage($input: SendMessageInput!) {
  sendMessage(input: $input) {
    message {
      id
    }
    reply {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<SendMessageMutation, SendMessageMutationVariables>;
export const EditMessageDocument = new TypedDocumentString(`
    mutation EditMessage($input: EditMessageInput!) {
  editMessage(input: $input) {
    message {
      id
    }
    reply {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<EditMessageMutation, EditMessageMutationVariables>;
export const SubmitToolResultsDocument = new TypedDocumentString(`
    mutation SubmitToolResults($input: SubmitToolResultsInput!) {
  submitToolResults(input: $input) {
    reply {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<SubmitToolResultsMutation, SubmitToolResultsMutationVariables>;
export const RegenerateReplyDocument = new TypedDocumentString(`
    mutation RegenerateReply($input: RegenerateReplyInput!) {
  regenerateReply(input: $input) {
    reply {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<RegenerateReplyMutation, RegenerateReplyMutationVariables>;
export const StopReplyDocument = new TypedDocumentString(`
    mutation StopReply($input: StopGenerationInput!) {
  stopGeneration(input: $input) {
    message {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<StopReplyMutation, StopReplyMutationVariables>;
export const ApproveToolCallDocument = new TypedDocumentString(`
    mutation ApproveToolCall($input: ApproveToolCallInput!) {
  approveToolCall(input: $input) {
    reply {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<ApproveToolCallMutation, ApproveToolCallMutationVariables>;
export const RejectToolCallDocument = new TypedDocumentString(`
    mutation RejectToolCall($input: RejectToolCallInput!) {
  rejectToolCall(input: $input) {
    reply {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<RejectToolCallMutation, RejectToolCallMutationVariables>;
export const ReadMessagesDocument = new TypedDocumentString(`
    query ReadMessages($id: ID!, $last: Int!, $before: String) {
  conversation(id: $id) {
    id
    messages(last: $last, before: $before) {
      nodes {
        ...ReadMessage
      }
      pageInfo {
        hasPreviousPage
        startCursor
      }
    }
  }
}
    fragment ReadMessage on Message {
  id
  clientMessageId
  role
  status
  text
  createdAt
  author {
    id
    displayName
  }
  error {
    code
    message
  }
  attachments {
    id
    fileName
    contentType
    url
  }
  awaitsViewerApproval
  toolCalls {
    id: callId
    name
    arguments
    runsOn
    server
    approval {
      status
      expiresAt
    }
    result {
      content
      status
    }
  }
}`) as unknown as TypedDocumentString<ReadMessagesQuery, ReadMessagesQueryVariables>;
export const FollowReplyDocument = new TypedDocumentString(`
    subscription FollowReply($id: ID!, $after: Int!) {
  messageStream(id: $id, after: $after) {
    __typename
    ... on ReplyText {
      firstSeq
      lastSeq
      text
    }
    ... on ReplyReasoning {
      firstSeq
      lastSeq
      text
    }
    ... on ReplyCitations {
      citations {
        index
        kind
        sourceId
        text
        title
        url
        section
        page
        score
        quotes {
          text
          textOffset
        }
      }
    }
    ... on ReplyQuote {
      index
      quote {
        text
        textOffset
      }
    }
    ... on ReplyToolCall {
      toolCall {
        id: callId
        name
        arguments
        runsOn
        server
        approval {
          status
          expiresAt
        }
        result {
          content
          status
        }
      }
    }
    ... on ReplyToolResult {
      callId
      result {
        content
        status
      }
    }
    ... on ReplyEnd {
      status
      lastSeq
      error {
        code
        message
      }
      usage {
        inputTokens
        outputTokens
        reasoningTokens
      }
    }
  }
}
    `) as unknown as TypedDocumentString<FollowReplySubscription, FollowReplySubscriptionVariables>;
export const WatchConversationDocument = new TypedDocumentString(`
    subscription WatchConversation($id: ID!, $after: String) {
  conversationEvents(id: $id, after: $after) {
    __typename
    ... on MessageCreated {
      cursor
      message {
        ...ReadMessage
      }
    }
    ... on MessageUpdated {
      cursor
      message {
        ...ReadMessage
      }
    }
    ... on ReplyStarted {
      cursor
      message {
        ...ReadMessage
      }
    }
    ... on ReplyFinished {
      cursor
      message {
        ...ReadMessage
      }
    }
    ... on ConversationUpdated {
      cursor
      conversation {
        id
        title
      }
    }
    ... on ParticipantJoined {
      cursor
    }
    ... on ParticipantLeft {
      cursor
      userId
    }
    ... on ConversationDeleted {
      conversationId
    }
    ... on RoomMembers {
      cursor
      members {
        ...Member
      }
    }
    ... on RoomMemberChanged {
      member {
        ...Member
      }
    }
    ... on RoomMemberLeft {
      userId
    }
  }
}
    fragment ReadMessage on Message {
  id
  clientMessageId
  role
  status
  text
  createdAt
  author {
    id
    displayName
  }
  error {
    code
    message
  }
  attachments {
    id
    fileName
    contentType
    url
  }
  awaitsViewerApproval
  toolCalls {
    id: callId
    name
    arguments
    runsOn
    server
    approval {
      status
      expiresAt
    }
    result {
      content
      status
    }
  }
}
fragment Member on RoomMember {
  userId
  state
  typing
  user {
    id
    displayName
  }
}`) as unknown as TypedDocumentString<WatchConversationSubscription, WatchConversationSubscriptionVariables>;
export const WatchRoomDocument = new TypedDocumentString(`
    subscription WatchRoom($id: ID!, $state: PresenceState!) {
  roomPresence(id: $id, state: $state) {
    __typename
    ... on RoomMembers {
      members {
        ...Member
      }
    }
    ... on RoomMemberChanged {
      member {
        ...Member
      }
    }
    ... on RoomMemberLeft {
      userId
    }
  }
}
    fragment Member on RoomMember {
  userId
  state
  typing
  user {
    id
    displayName
  }
}`) as unknown as TypedDocumentString<WatchRoomSubscription, WatchRoomSubscriptionVariables>;
export const SetTypingDocument = new TypedDocumentString(`
    mutation SetTyping($input: SetTypingInput!) {
  setTyping(input: $input) {
    present
  }
}
    `) as unknown as TypedDocumentString<SetTypingMutation, SetTypingMutationVariables>;
export const DeleteMessageDocument = new TypedDocumentString(`
    mutation DeleteMessage($input: DeleteMessageInput!) {
  deleteMessage(input: $input) {
    deletedId
  }
}
    `) as unknown as TypedDocumentString<DeleteMessageMutation, DeleteMessageMutationVariables>;
export const RateReplyDocument = new TypedDocumentString(`
    mutation RateReply($input: SetFeedbackInput!) {
  setFeedback(input: $input) {
    message {
      id
    }
  }
}
    `) as unknown as TypedDocumentString<RateReplyMutation, RateReplyMutationVariables>;
export const MarkReadDocument = new TypedDocumentString(`
    mutation MarkRead($input: MarkConversationReadInput!) {
  markConversationRead(input: $input) {
    conversation {
      id
      unreadCount
      lastReadMessageId
    }
  }
}
    `) as unknown as TypedDocumentString<MarkReadMutation, MarkReadMutationVariables>;
export const WatchViewerDocument = new TypedDocumentString(`
    subscription WatchViewer($after: String) {
  viewerEvents(after: $after) {
    cursor
    reset
    addedConversations {
      ...ListedConversation
    }
    changedConversations {
      ...ListedConversation
    }
    removedConversationIds
    invitations(first: 20) {
      nodes {
        conversationId
        title
        invitedBy {
          id
          displayName
        }
      }
    }
  }
}
    fragment ListedConversation on Conversation {
  id
  title
  pinned
  archivedAt
  lastActivityAt
  unreadCount
}`) as unknown as TypedDocumentString<WatchViewerSubscription, WatchViewerSubscriptionVariables>;
export const StartDocumentUploadDocument = new TypedDocumentString(`
    mutation StartDocumentUpload($input: CreateDocumentUploadInput!) {
  createDocumentUpload(input: $input) {
    document {
      id
    }
    upload {
      ...Upload
    }
  }
}
    fragment Upload on SignedUpload {
  url
  method
  maxBytes
  headers {
    name
    value
  }
}`) as unknown as TypedDocumentString<StartDocumentUploadMutation, StartDocumentUploadMutationVariables>;
export const StartImageUploadDocument = new TypedDocumentString(`
    mutation StartImageUpload($input: CreateImageUploadInput!) {
  createImageUpload(input: $input) {
    image {
      id
    }
    upload {
      ...Upload
    }
  }
}
    fragment Upload on SignedUpload {
  url
  method
  maxBytes
  headers {
    name
    value
  }
}`) as unknown as TypedDocumentString<StartImageUploadMutation, StartImageUploadMutationVariables>;
export const WatchDocumentDocument = new TypedDocumentString(`
    subscription WatchDocument($id: ID!) {
  documentProgress(id: $id) {
    id
    status
    progress {
      done
      total
    }
    problem {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<WatchDocumentSubscription, WatchDocumentSubscriptionVariables>;
export const WatchImageDocument = new TypedDocumentString(`
    subscription WatchImage($id: ID!) {
  imageProgress(id: $id) {
    id
    status
    problem
  }
}
    `) as unknown as TypedDocumentString<WatchImageSubscription, WatchImageSubscriptionVariables>;