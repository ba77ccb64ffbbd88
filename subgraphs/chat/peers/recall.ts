import type { Source } from '#llm/messages.ts';
import { Deadline } from '#platform/base/cancellation/deadline.ts';
import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { ChatParts } from '../parts.ts';
import { ExtractiveAnswerDocument, type ItemFragment, RecallDocument } from './memory.types.ts';

/** A source that the model was given to draw on; stored with the reply. */
export interface Citation {
  readonly index: number;
  readonly kind: 'MEMORY' | 'KNOWLEDGE' | 'MESSAGE' | 'WEB';
  /** Of WEB: the URL. */
  readonly sourceId: string;
  readonly text: string;
  readonly score: number;
  readonly documentId?: string;
  readonly title?: string;
  readonly section?: string;
  readonly page?: number;
  readonly url?: string;
  /** Words of the source that the reply draws on, where its model says so: `text` may be the beginning of it alone. */
  readonly quotes?: readonly Quote[];
}

/** The words of a source that a reply draws on. */
export interface Quote {
  readonly text: string;
  /** Length of the reply's text up to the mark of this use, in UTF-16 code units. */
  readonly textOffset: number;
}

export interface Recalled {
  /** One delimited block of quotations, to precede the person's own words. */
  readonly quoted: string | undefined;
  /** What the person who asks wants of every reply, to follow the system prompt. */
  readonly instructions: string | undefined;
  readonly citations: readonly Citation[];
  /** What `quoted` quotes, one by one. */
  readonly sources: readonly Source[];
}

export interface Question {
  readonly text: string;
  /** Absent where there is none. */
  readonly conversationId?: string;
  /**
   * Messages on the way to the reply that the model does not get, since its window has no room for them. They alone may
   * be quoted: what is on other branches was thrown away.
   */
  readonly leftOut: readonly string[];
  readonly identity: UserIdentity;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** The search gets this much of the time, so that instructions and profile come without it when it is late. */
const SEARCH_SHARE = 0.75;
const MIN_SEARCH_MS = 10;
/** Most messages that memory is told of, the latest of them. */
export const MAX_LEFT_OUT = 500;

/**
 * Returns what memory and knowledge hold about the question, within the configured number of tokens and milliseconds. A
 * reply never waits longer for it and never fails for it: then it is as if nothing were known, and a metric tells.
 */
export async function recall(chat: ChatParts, question: Question): Promise<Recalled | undefined> {
  const { config, metrics, log } = chat;
  if (config.CHAT_RECALL_TIMEOUT_MS === 0 || !question.identity.scopes.includes('memory:read')) {
    metrics.recall.inc({ outcome: 'off' });
    return undefined;
  }
  using deadline = new Deadline(config.CHAT_RECALL_TIMEOUT_MS, question.signal);
  const observe = metrics.recallSeconds.startTimer();
  try {
    const { recall: found } = await untilAborted(
      chat.peers.execute(
        'memory',
        RecallDocument,
        {
          input: {
            query: question.text,
            conversationId: question.conversationId,
            onlyMessageIds: question.leftOut.slice(-MAX_LEFT_OUT),
            tokenBudget: config.CHAT_RECALL_TOKENS,
            timeoutMs: Math.max(MIN_SEARCH_MS, Math.floor(config.CHAT_RECALL_TIMEOUT_MS * SEARCH_SHARE)),
          },
        },
        {
          identity: question.identity,
          requestId: question.requestId,
          signal: deadline.signal,
        },
      ),
      deadline.signal,
    );
    const isEmpty = found == null || found.items.length === 0;
    metrics.recall.inc({ outcome: isEmpty ? 'empty' : 'used' });
    if (isEmpty) return undefined;
    const { quoted, instructions, items } = found;
    const citations = items.map((item, place) => ({ ...asCitation(item), index: place + 1 }));
    const before = firstQuoted(quoted ?? '') - 1;
    const sources = items.slice(before).map((item, place) => sourceOf(item, before + place + 1));
    return { quoted: quoted ?? undefined, instructions: instructions ?? undefined, citations, sources };
  } catch (error) {
    if (question.signal.aborted) return undefined;
    metrics.recall.inc({ outcome: deadline.passed ? 'late' : 'failed' });
    if (!deadline.passed) log.debug({ err: error }, 'memory could not be asked');
    return undefined;
  } finally {
    observe();
  }
}

/** Most time for an answer from memory where no model is there to give one, in ms. */
const ANSWER_TIMEOUT_MS = 5_000;

/** Returns what the extractive responder quotes, or undefined when memory cannot be asked. */
export async function extractiveAnswer(chat: ChatParts, question: Question) {
  if (!question.identity.scopes.includes('memory:read')) return undefined;
  using deadline = new Deadline(ANSWER_TIMEOUT_MS, question.signal);
  const { signal } = deadline;
  try {
    const { extractiveAnswer: answer } = await untilAborted(
      chat.peers.execute(
        'memory',
        ExtractiveAnswerDocument,
        { input: { question: question.text, conversationId: question.conversationId } },
        { identity: question.identity, requestId: question.requestId, signal },
      ),
      signal,
    );
    return answer && { text: answer.text, model: answer.model, citations: answer.quotes.map(asCitation) };
  } catch (error) {
    chat.log.debug({ err: error }, 'memory could not answer');
    return undefined;
  }
}

/** Returns an item as a citation of a reply, without its number. */
export const asCitation = ({ kind, id, text, score, citation }: ItemFragment): Omit<Citation, 'index'> => ({
  kind,
  sourceId: id,
  text,
  score,
  ...(citation && {
    documentId: citation.documentId,
    title: citation.title,
    ...(citation.section != null && { section: citation.section }),
    ...(citation.page != null && { page: citation.page }),
  }),
});

/** Returns an item as a source that a model may refer to. */
export const sourceOf = (item: ItemFragment, number: number): Source => ({
  number,
  title: titleOf(item),
  text: item.text,
});

function titleOf({ citation, memory }: ItemFragment): string {
  if (memory) return `Remembered since ${memory.validFrom.slice(0, 10)}`;
  if (!citation) return 'An earlier message';
  const { title, section, page } = citation;
  return [title, section, page == null ? null : `page ${page}`].filter((part) => part != null).join(', ');
}

/**
 * Returns the number of the first item that is quoted; those before it are instructions to follow. One that the query
 * found, and that had no room among them, is quoted like all else.
 */
const firstQuoted = (quoted: string): number => Number(/^\[(\d+)\] /m.exec(quoted)?.[1] ?? Infinity);
