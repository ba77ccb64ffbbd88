import type { TranscriptMessage } from '#prisma/memory/client/client.ts';
import { estimateTokens } from '#retrieval/embeddings/estimate-tokens.ts';
import type { PassageWithDocument } from '../documents/search.ts';
import type { MemoryRow } from '../memories/store.ts';

export type RecallKind = 'MEMORY' | 'KNOWLEDGE' | 'MESSAGE';

/** The position of a passage in a document: offsets are characters of its text. */
export interface Citation {
  readonly documentId: string;
  readonly title: string;
  readonly section: string | null;
  readonly page: number | null;
  readonly line: number | null;
  readonly cells: string | null;
  readonly start: number;
  readonly end: number;
}

/** A memory, a passage or an earlier message that is relevant to a question. */
export interface RecalledItem {
  readonly kind: RecallKind;
  readonly id: string;
  readonly text: string;
  readonly score: number;
  readonly tokens: number;
  readonly similarity: number | null;
  readonly citation: Citation | null;
  readonly memory: MemoryRow | null;
  readonly message: TranscriptMessage | null;
}

const bare = (kind: RecallKind, id: string, text: string, score: number, similarity: number | null): RecalledItem => ({
  kind,
  id,
  text,
  score,
  similarity,
  tokens: estimateTokens(text),
  citation: null,
  memory: null,
  message: null,
});

/** Returns a memory as an item. */
export const memoryItem = (memory: MemoryRow, score: number, similarity: number | null): RecalledItem => ({
  ...bare('MEMORY', memory.id, memory.text, score, similarity),
  memory,
});

/** Returns a passage of a document as an item. */
export const passageItem = (passage: PassageWithDocument, score: number, similarity: number | null): RecalledItem => ({
  ...bare('KNOWLEDGE', passage.id, passage.text, score, similarity),
  citation: citationOf(passage),
});

/** Returns an earlier message as an item. @param text of it that was found. */
export const messageItem = (
  message: TranscriptMessage,
  text: string,
  score: number,
  similarity: number | null,
): RecalledItem => ({ ...bare('MESSAGE', message.id, text, score, similarity), message });

/** Returns the citation of a passage. */
export const citationOf = ({ document, section, page, line, cells, start, end }: PassageWithDocument): Citation => ({
  documentId: document.id,
  title: document.title,
  section,
  page,
  line,
  cells,
  start,
  end,
});
