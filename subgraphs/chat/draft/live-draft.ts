import { CodedError } from '#platform/base/errors/errors.ts';
import { StreamUnknownError } from '#platform/realtime/streams/stream-errors.ts';
import type { Chunk, StreamLog } from '#platform/realtime/streams/stream-log.ts';
import type { ChatParts } from '../parts.ts';
import { type Draft, EMPTY_DRAFT, extend, fromChunk, readDrafts } from './draft.ts';

/**
 * Returns what there is of replies that are being written, by message id: what readers have seen, and at least what the
 * database holds.
 */
export async function liveDrafts(
  { db, streams }: Pick<ChatParts, 'db' | 'streams'>,
  ids: readonly string[],
): Promise<Draft[]> {
  const [stored, shown] = await Promise.all([readDrafts(db, ids), Promise.all(ids.map((id) => shownIn(streams, id)))]);
  return ids.map((id, index) => longer(stored.get(id) ?? EMPTY_DRAFT, shown[index]!));
}

/** Returns the draft that chunks of the stream log make. */
export const draftOfChunks = (chunks: readonly Chunk[]): Draft => chunks.map(fromChunk).reduce(extend, EMPTY_DRAFT);

/** Returns the one of two drafts of one reply that has come further. */
export const longer = (one: Draft, other: Draft): Draft => (sizeOf(one) >= sizeOf(other) ? one : other);

const sizeOf = ({ text, reasoning, toolCalls, citations }: Draft): number =>
  text.length +
  reasoning.length +
  citations.reduce((sum, { quotes = [] }) => sum + 1 + quotes.length, 0) +
  toolCalls.reduce((sum, { result }) => sum + (result ? 2 : 1), 0);

async function shownIn(streams: StreamLog, id: string): Promise<Draft> {
  try {
    for await (const event of streams.read(id)) {
      if (event.type === 'chunks') return draftOfChunks(event.chunks);
    }
  } catch (error) {
    const away = error instanceof CodedError && error.code === 'SERVICE_UNAVAILABLE';
    if (!(away || error instanceof StreamUnknownError)) throw error;
  }
  return EMPTY_DRAFT;
}
