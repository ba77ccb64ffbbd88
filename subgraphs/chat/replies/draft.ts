import type { JsonObject } from '#platform/json/json.ts';
import type { ChunkKind } from '#prisma/chat/client/client.ts';
import type { Database, Transaction } from '../chat.ts';
import type { Citation } from './recall.ts';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it. */
  readonly arguments: string;
}

/** What there is of a reply so far. */
export interface Draft {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  readonly citations: readonly Citation[];
}

export const EMPTY_DRAFT: Draft = { text: '', reasoning: '', toolCalls: [], citations: [] };

/** What a chunk of a reply is that is neither text nor reasoning. */
export type Part =
  | { readonly toolCall: ToolCall; readonly citations?: undefined }
  | { readonly citations: readonly Citation[]; readonly toolCall?: undefined };

/** A piece of a reply as the journal keeps it and the stream log carries it. */
export interface Piece {
  readonly kind: ChunkKind;
  /** The text; JSON of a Part when `kind` is PART. */
  readonly body: string;
}

/** The draft with one more piece. */
export function extend(draft: Draft, { kind, body }: Piece): Draft {
  if (kind === 'TEXT') return { ...draft, text: draft.text + body };
  if (kind === 'REASONING') return { ...draft, reasoning: draft.reasoning + body };
  const part = JSON.parse(body) as Part;
  return part.toolCall
    ? { ...draft, toolCalls: [...draft.toolCalls, part.toolCall] }
    : { ...draft, citations: part.citations };
}

/** Text goes through the stream log as text, so that the log can join it; everything else as an object. */
export const toChunk = ({ kind, body }: Piece): string | JsonObject => (kind === 'TEXT' ? body : { kind, body });

export const fromChunk = (chunk: string | JsonObject): Piece =>
  typeof chunk === 'string' ? { kind: 'TEXT', body: chunk } : (chunk as unknown as Piece);

/** What the database holds of replies that are being written, by message id. */
export async function readDrafts(db: Database | Transaction, ids: readonly string[]): Promise<Map<string, Draft>> {
  const rows = await db.replyChunk.findMany({
    where: { messageId: { in: [...ids] } },
    orderBy: [{ messageId: 'asc' }, { position: 'asc' }],
  });
  return new Map(
    Map.groupBy(rows, ({ messageId }) => messageId)
      .entries()
      .map(([messageId, pieces]) => [messageId, pieces.reduce(extend, EMPTY_DRAFT)] as const),
  );
}
