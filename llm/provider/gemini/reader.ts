import type { JsonObject } from '#platform/base/json/json.ts';
import type { ServerEvent } from '#platform/net/http/event-stream.ts';
import { argumentsOf } from '../call-arguments.ts';
import { failureOf } from '../classify.ts';
import type { Delta } from '../deltas.ts';
import { errorOf } from '../error-body.ts';
import { ProviderFailure } from '../failure.ts';
import { FoundPages } from '../found-pages.ts';
import type { Reader } from '../protocol.ts';
import type { ReplyText } from '../reply-text.ts';
import { laterUsage, type ReportedUsage, reportedUsage } from '../usage.ts';

interface Part {
  readonly text?: string;
  readonly thought?: boolean;
  readonly thoughtSignature?: string;
  readonly inlineData?: { readonly mimeType?: string };
  readonly fileData?: { readonly mimeType?: string; readonly fileUri?: string };
  readonly functionCall?: { readonly id?: string; readonly name?: string; readonly args?: JsonObject | string };
}

interface Found {
  readonly uri?: string;
  readonly title?: string;
}

interface Chunk {
  readonly candidates?: readonly {
    readonly content?: { readonly parts?: readonly (Part | null)[] | Part | null } | null;
    readonly finishReason?: string;
    readonly finishMessage?: string;
    /** What a search of Google's found. */
    readonly groundingMetadata?: { readonly groundingChunks?: readonly Readonly<Record<string, Found | undefined>>[] };
    /** What the model repeats at length. */
    readonly citationMetadata?: { readonly citations?: readonly Found[]; readonly citationSources?: readonly Found[] };
  }[];
  readonly promptFeedback?: { readonly blockReason?: string; readonly blockReasonMessage?: string };
  readonly error?: Readonly<Record<string, unknown>>;
}

/** The reader of what Gemini generates. */
export class GenerateReader implements Reader {
  finish: string | undefined;
  usage: ReportedUsage | undefined;
  #calls = 0;
  /** Pages that the reply draws on; each chunk tells all of them. */
  readonly #pages = new FoundPages();

  get calls(): boolean {
    return this.#calls > 0;
  }

  take({ data }: ServerEvent, headers: Headers, text: ReplyText, deltas: Delta[]): void {
    const value: unknown = JSON.parse(data);
    // A stream that came as one piece is a list.
    for (const chunk of [value].flat()) {
      if (typeof chunk !== 'object' || chunk === null) throw new SyntaxError('an event holds no object');
      this.#chunk(chunk as Chunk, headers, text, deltas);
    }
  }

  #chunk(chunk: Chunk, headers: Headers, text: ReplyText, deltas: Delta[]): void {
    if (chunk.error) {
      const { message, status, code } = errorOf({ error: chunk.error }) ?? {};
      throw failureOf({
        code,
        ...(typeof status === 'string' && { type: status }),
        message: typeof message === 'string' ? message : JSON.stringify(chunk.error),
        headers,
      });
    }
    this.usage = laterUsage(this.usage, reportedUsage(chunk));
    const { blockReason, blockReasonMessage } = chunk.promptFeedback ?? {};
    if (blockReason) throw new ProviderFailure('content_policy', `${blockReason} ${blockReasonMessage ?? ''}`.trim());
    const [candidate] = chunk.candidates ?? [];
    // Relays send null for what there is none of, and one part without a list.
    for (const part of [candidate?.content?.parts ?? []].flat()) if (part) this.#part(part, text, deltas);
    if (candidate) this.#note(candidate);
    if (!candidate?.finishReason) return;
    this.finish = candidate.finishReason;
    text.end(deltas);
    deltas.push(...this.#pages.take());
  }

  #note({ groundingMetadata: grounding, citationMetadata: repeated }: NonNullable<Chunk['candidates']>[number]): void {
    const grounds = listOf(grounding?.groundingChunks).map(
      (chunk) => chunk?.web ?? chunk?.maps ?? chunk?.retrievedContext,
    );
    for (const found of [...grounds, ...listOf(repeated?.citations ?? repeated?.citationSources)])
      this.#pages.note(found?.uri, found?.title);
  }

  #part(
    { text: words, thought, thoughtSignature: signature, functionCall: call, inlineData, fileData }: Part,
    text: ReplyText,
    deltas: Delta[],
  ) {
    if (call) {
      deltas.push({
        type: 'tool-call',
        index: this.#calls++,
        id: call.id,
        name: call.name,
        arguments: argumentsOf(call.args ?? {}),
        ...(signature !== undefined && { extra: { google: { thought_signature: signature } } }),
      });
    } else if (thought && words) deltas.push({ type: 'reasoning', text: words });
    else if (words) text.take(words, deltas);
    else if (/^image\//.test((inlineData ?? fileData)?.mimeType ?? '') && !thought)
      text.picture(fileData?.fileUri, deltas);
  }
}

/** A strange list of sources is none: it is not worth the reply. */
const listOf = <T>(list: readonly T[] | undefined): readonly (T | null)[] => (Array.isArray(list) ? list : []);
