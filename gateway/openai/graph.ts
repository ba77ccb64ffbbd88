import { readOperations } from '../doors/operations.ts';

/** The operations behind /v1. */
export const GRAPH = readOperations<
  | 'OpenAiModels'
  | 'OpenAiEmbeddingModels'
  | 'OpenAiEmbed'
  | 'OpenAiCompletion'
  | 'OpenAiConversation'
  | 'OpenAiOpenConversation'
  | 'OpenAiCountMessages'
  | 'OpenAiDropConversation'
  | 'OpenAiSend'
  | 'OpenAiSubmitToolResults'
  | 'OpenAiApprove'
  | 'OpenAiReject'
  | 'OpenAiStop'
  | 'OpenAiFollow'
  | 'OpenAiReply'
  | 'OpenAiReplyInput'
  | 'OpenAiDeleteMessage'
  | 'OpenAiGenerateImages'
  | 'OpenAiImageProgress'
  | 'OpenAiImage'
>(new URL('./operations.graphql', import.meta.url));
