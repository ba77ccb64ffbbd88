export { createSextant, type Sextant } from './client.ts';
export type { Connection, ConnectionOptions, RequestOptions } from './connection.ts';
export type { ChatMessage, Conversation, ConversationEvent, Member, SendOptions } from './conversation.ts';
export { type DetailsOf, type ErrorCode, isError, isPassing, SextantError } from './errors.ts';
export type { Answer, Operation, TypedDocument } from './http.ts';
export type { FollowOptions, Reply, ReplyCitation, ReplyState, ReplyStatus, ReplyToolCall } from './reply.ts';
export type { GivenTokens, Session } from './session.ts';
export { memoryStore, type StoredTokens, type TokenStore, webStore } from './token-store.ts';
export type { UploadOptions, UploadProgress, UploadSource, Uploads } from './uploads.ts';
