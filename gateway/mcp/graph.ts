import { readOperations } from '../doors/operations.ts';

/** The operations behind the tools that are more than one, the resources and the prompts. */
export const GRAPH = readOperations<
  | 'McpSend'
  | 'McpFollow'
  | 'McpStop'
  | 'McpReply'
  | 'McpComplete'
  | 'McpConversations'
  | 'McpDocuments'
  | 'McpExport'
  | 'McpDocument'
  | 'McpKnowledge'
>(new URL('./operations.graphql', import.meta.url));
