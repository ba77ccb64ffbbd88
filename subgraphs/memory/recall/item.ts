import type { TranscriptMessage } from '#prisma/memory/client/client.ts';
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
