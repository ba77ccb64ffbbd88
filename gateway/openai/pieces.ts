import type { WaitingCall } from '../doors/approvals.ts';

/** A source of an answer, as the graph tells it. */
export interface AnswerSource {
  /** The number by which the text names it. */
  readonly index: number;
  readonly title: string | null;
  /** Of a page of the web. */
  readonly url: string | null;
  /** Of a passage. */
  readonly document: { readonly id: string } | null;
}

/** A mark in the text of an answer, and what it names. Offsets are UTF-16 code units of the text. */
export interface Annotation {
  readonly start: number;
  readonly end: number;
  readonly source: AnswerSource;
}

/** The tokens of an answer, as the graph counts them. */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

export type Finish = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** A part of an answer that is being written, whether in a conversation or without one. */
export type AnswerPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** What a mark names that the text had last. */
  | { readonly kind: 'annotation'; readonly annotation: Annotation }
  | { readonly kind: 'reasoning'; readonly text: string }
  | {
      readonly kind: 'call';
      /** Position among the calls of the answer. */
      readonly index: number;
      /** With the first piece. */
      readonly id: string | undefined;
      readonly name: string | undefined;
      readonly arguments: string;
    }
  /** A call that waits for the person's yes; the answer ends with it. */
  | { readonly kind: 'approval'; readonly approval: WaitingCall }
  | { readonly kind: 'end'; readonly finish: Finish; readonly usage: Usage | undefined };

/** An answer that can be asked for: nothing happens before it is followed. */
export interface Answering {
  /** The alias that answers, as far as it is known before. */
  readonly model: string;
  /** What is told of it in `metadata`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Resolves at the end. @throws {GraphQLError} why there is no answer, or no whole one. */
  follow(take: (piece: AnswerPiece) => void): Promise<void>;
}

/** An answer as a whole. */
export interface WholeAnswer {
  readonly text: string;
  readonly annotations: readonly Annotation[];
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly approvals: readonly WaitingCall[];
  readonly finish: Finish;
  readonly usage: Usage | undefined;
}

/** Follows an answer to its end. */
export async function whole(answering: Answering): Promise<WholeAnswer> {
  let text = '';
  let reasoning = '';
  let finish: Finish = 'stop';
  let usage: Usage | undefined;
  const calls: { id: string; name: string; arguments: string }[] = [];
  const approvals: WaitingCall[] = [];
  const annotations: Annotation[] = [];
  await answering.follow((piece) => {
    if (piece.kind === 'text') text += piece.text;
    else if (piece.kind === 'annotation') annotations.push(piece.annotation);
    else if (piece.kind === 'reasoning') reasoning += piece.text;
    else if (piece.kind === 'call') {
      calls[piece.index] ??= { id: '', name: '', arguments: '' };
      const call = calls[piece.index]!;
      call.id ||= piece.id ?? '';
      call.name ||= piece.name ?? '';
      call.arguments += piece.arguments;
    } else if (piece.kind === 'approval') approvals.push(piece.approval);
    else ({ finish, usage } = piece);
  });
  return { text, annotations, reasoning, calls: calls.filter(Boolean), approvals, finish, usage };
}
