import type { JsonObject } from '#platform/base/json/json.ts';
import type { ChunkKind, Message } from '#prisma/chat/client/client.ts';
import type { Database, Transaction } from '../parts.ts';
import type { Citation, Quote } from '../peers/recall.ts';
import { storableAside } from './storable.ts';
import { storedToolCalls, type ToolCall, type ToolCallResult } from './tool-calls.ts';

/** The content of a reply so far. */
export interface Draft {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  readonly citations: readonly Citation[];
}

export const EMPTY_DRAFT: Draft = { text: '', reasoning: '', toolCalls: [], citations: [] };

/** A chunk of a reply that is neither text nor reasoning. */
export interface Part {
  readonly toolCall?: ToolCall;
  /** Of a call that came before. */
  readonly toolResult?: { readonly callId: string; readonly result: ToolCallResult };
  readonly citations?: readonly Citation[];
  /** Of a citation that came before. */
  readonly quote?: { readonly index: number; readonly quote: Quote };
}

/** A piece of a reply as the journal keeps it and the stream log carries it. */
export interface Piece {
  readonly kind: ChunkKind;
  /** The text; JSON of a Part when `kind` is PART. */
  readonly body: string;
}

/** Returns the draft with one more piece. */
export function extend(draft: Draft, { kind, body }: Piece): Draft {
  if (kind === 'TEXT') return { ...draft, text: draft.text + body };
  if (kind === 'REASONING') return { ...draft, reasoning: draft.reasoning + body };
  const { toolCall, toolResult, citations, quote: quoted } = JSON.parse(body) as Part;
  if (toolCall) return { ...draft, toolCalls: [...draft.toolCalls, toolCall] };
  if (toolResult) {
    const { callId, result } = toolResult;
    return { ...draft, toolCalls: draft.toolCalls.map((call) => (call.id === callId ? { ...call, result } : call)) };
  }
  if (quoted) {
    const { index, quote } = quoted;
    const withQuote = (one: Citation) =>
      one.index === index ? { ...one, quotes: [...(one.quotes ?? []), quote] } : one;
    return { ...draft, citations: draft.citations.map(withQuote) };
  }
  return citations ? { ...draft, citations } : draft;
}

/** Adds a piece to those that wait, as part of the last where both are words of one kind. */
export function append(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1);
  if (last && last.kind === piece.kind && piece.kind !== 'PART') {
    pieces[pieces.length - 1] = { kind: piece.kind, body: last.body + piece.body };
  } else pieces.push(piece);
}

/** Returns a part as a piece. Its units are not counted, so what cannot be stored is left out. */
export const asPiece = (part: Part): Piece => ({
  kind: 'PART',
  body: JSON.stringify(part, (_key, value: unknown) => (typeof value === 'string' ? storableAside(value) : value)),
});

/** Returns a finished reply as the draft that it was. */
export const finished = (message: Message): Draft => ({
  text: message.text,
  reasoning: message.reasoning ?? '',
  toolCalls: storedToolCalls(message.toolCalls),
  citations: message.citations as unknown as Citation[],
});

/** Returns a draft as the pieces it may have come in. */
export function piecesOf({ text, reasoning, toolCalls, citations }: Draft): Piece[] {
  return [
    ...(citations.length > 0 ? [asPiece({ citations })] : []),
    ...(reasoning === '' ? [] : [{ kind: 'REASONING' as const, body: reasoning }]),
    { kind: 'TEXT', body: text },
    ...toolCalls.flatMap(({ result, ...toolCall }) => [
      asPiece({ toolCall }),
      ...(result ? [asPiece({ toolResult: { callId: toolCall.id, result } })] : []),
    ]),
  ];
}

/**
 * Returns a piece as a chunk of the stream log. Text goes through the stream log as text, so that the log can join it;
 * everything else as an object.
 */
export const toChunk = ({ kind, body }: Piece): string | JsonObject => (kind === 'TEXT' ? body : { kind, body });

/** Returns a chunk of the stream log as a piece. */
export const fromChunk = (chunk: string | JsonObject): Piece =>
  typeof chunk === 'string' ? { kind: 'TEXT', body: chunk } : (chunk as unknown as Piece);

/** Reads what the database holds of replies that are being written, by message id. */
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
