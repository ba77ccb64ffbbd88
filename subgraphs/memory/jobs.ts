import {
  INGEST_DOCUMENT,
  ingestDocument,
  RECOGNISE_PAGES,
  REMOVE_DOCUMENT,
  removeDocument,
} from './documents/ingest.ts';
import { recognisePages } from './documents/recognise-pages.ts';
import {
  REMOVE_CONVERSATION,
  REMOVE_MESSAGE,
  REMOVE_USER,
  removeConversation,
  removeMessage,
  removeUser,
} from './events.ts';
import { EXTRACT_MEMORIES, extractMemories } from './extraction/extract-memories.ts';
import { INDEX_MESSAGE, indexMessage } from './indexing/index-message.ts';
import { REEMBED_INDEX, reembedIndex } from './indexing/reembed.ts';
import { INDEX_MEMORIES, indexMemories } from './memories/index-memories.ts';
import type { MemoryParts } from './parts.ts';
import { RECONCILE_INDEX, reconcileIndex } from './reconcile/reconcile-index.ts';

/**
 * Registers what memory does in the background. Three runners, so that two hundred documents delay neither a user who
 * stores a memory nor what is learned from a reply.
 */
export function registerJobs(memory: MemoryParts): void {
  const { quick, slow, learning } = memory;
  quick.handle(INDEX_MEMORIES, indexMemories(memory));
  quick.handle(REMOVE_DOCUMENT, removeDocument(memory));
  quick.handle(REMOVE_CONVERSATION, removeConversation(memory));
  quick.handle(REMOVE_MESSAGE, removeMessage(memory));
  quick.handle(REMOVE_USER, removeUser(memory));
  slow.handle(INGEST_DOCUMENT, ingestDocument(memory));
  slow.handle(RECOGNISE_PAGES, recognisePages(memory));
  slow.handle(INDEX_MESSAGE, indexMessage(memory));
  learning.handle(EXTRACT_MEMORIES, extractMemories(memory));
  slow.handle(REEMBED_INDEX, reembedIndex(memory));
  slow.handle(RECONCILE_INDEX, reconcileIndex(memory));
}
