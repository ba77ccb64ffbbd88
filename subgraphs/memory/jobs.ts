import { INGEST_DOCUMENT, ingestDocument, REMOVE_DOCUMENT, removeDocument } from './documents/ingest.ts';
import { REMOVE_CONVERSATION, REMOVE_USER, removeConversation, removeUser } from './events.ts';
import { EXTRACT_MEMORIES, extractMemories } from './extraction/extract-memories.ts';
import { INDEX_MEMORIES, indexMemories } from './memories/index-memories.ts';
import type { MemoryParts } from './parts.ts';
import { RECONCILE_INDEX, reconcileIndex } from './reconcile/reconcile-index.ts';
import { REEMBED_INDEX, reembedIndex } from './reembed.ts';
import { INDEX_MESSAGE, indexMessage } from './transcript.ts';

/**
 * Registers what memory does in the background. Two runners, so that two hundred documents do not delay a user who
 * stores a memory.
 */
export function registerJobs(memory: MemoryParts): void {
  const { quick, slow } = memory;
  quick.handle(INDEX_MEMORIES, indexMemories(memory));
  quick.handle(REMOVE_DOCUMENT, removeDocument(memory));
  quick.handle(REMOVE_CONVERSATION, removeConversation(memory));
  quick.handle(REMOVE_USER, removeUser(memory));
  slow.handle(INGEST_DOCUMENT, ingestDocument(memory));
  slow.handle(INDEX_MESSAGE, indexMessage(memory));
  slow.handle(EXTRACT_MEMORIES, extractMemories(memory));
  slow.handle(REEMBED_INDEX, reembedIndex(memory));
  slow.handle(RECONCILE_INDEX, reconcileIndex(memory));
}
